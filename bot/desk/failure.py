"""The failure that a Web API method answers with.

https://docs.slack.dev/apis/web-api/#responses: a failing call is answered with HTTP 200 and
``{"ok": false, "error": "short_machine_readable_name"}``; only rate limits and faults of Slack's own
have another status.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SlackFailure"]


class SlackFailure(Exception):
    """A method's refusal.

    Parameters
    ----------
    error : str
        Slack's name for it.
    problems : sequence of str
        What is wrong in detail; goes into ``errors`` and ``response_metadata.messages``.
    status : int
        The HTTP status.
    retry_after_s : int, optional
        For ``ratelimited``: the ``Retry-After`` header, in seconds.
    """

    def __init__(
        self, error: str, problems: Sequence[str] = (), *, status: int = 200, retry_after_s: int | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.problems = tuple(problems)
        self.status = status
        self.retry_after_s = retry_after_s
