"""Slack's request signatures.

https://docs.slack.dev/authentication/verifying-requests-from-slack: HMAC-SHA256 over
``v0:timestamp:body`` with the signing secret, in hexadecimal, after ``v0=``.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["signature", "signed_headers"]


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Sign a request body as Slack does."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed_headers(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Give the two headers that prove that a request is Slack's."""
    return {
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": signature(secret, timestamp, body),
    }
