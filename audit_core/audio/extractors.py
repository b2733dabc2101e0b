"""The extractors that a scan knows. One that is added here computes what it says itself, and nothing else anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audit_core.audio.embedders import embedder_named
from audit_core.audio.embedding import ChromaEmbedder, EmbeddingExtractor
from audit_core.audio.extractor import Extractor
from audit_core.audio.fingerprint import FingerprintExtractor
from audit_core.audio.integrity import Integrity
from audit_core.audio.loudness import Loudness

__all__ = ["EXTRACTORS", "extractors"]

EXTRACTORS: Final[Mapping[str, Extractor]] = {
    extractor.name: extractor
    for extractor in (FingerprintExtractor(), Integrity(), Loudness(), EmbeddingExtractor(ChromaEmbedder()))
}


def extractors(embedder: str = "chroma", model: Path | None = None) -> Mapping[str, Extractor]:
    """Give them by name: what a process is told to call, for they themselves don't travel.

    Parameters
    ----------
    embedder : str
        The setting of this name.
    model : Path, optional
        The setting `embedder_model`.

    Raises
    ------
    SettingsError
        If the embedder can't be loaded.
    """
    if embedder == "chroma":
        return EXTRACTORS
    return {**EXTRACTORS, "embedding": EmbeddingExtractor(embedder_named(embedder, model))}
