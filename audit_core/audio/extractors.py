"""The extractors that a scan knows. One that is added here computes what it says itself, and nothing else anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit_core.audio.extractor import Extractor
from audit_core.audio.fingerprint import FingerprintExtractor
from audit_core.audio.integrity import Integrity
from audit_core.audio.loudness import Loudness

__all__ = ["EXTRACTORS", "extractors"]

EXTRACTORS: Final[Mapping[str, Extractor]] = {
    extractor.name: extractor for extractor in (FingerprintExtractor(), Integrity(), Loudness())
}


def extractors() -> Mapping[str, Extractor]:
    """Give them by name: what a process is told to call, for they themselves don't travel."""
    return EXTRACTORS
