"""What hears a file: the extractors, which share one decoding and know nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from audit_core.audio.decode import Audio

__all__ = ["Extracted", "Extractor", "Samples", "Sink"]

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an extractor found: columns of `audio_file` by name, and what goes to the feature cache (None: nothing)."""

    columns: dict[str, Any] = field(default_factory=dict)
    features: bytes | None = None


class Sink(Protocol):
    """An extractor at work on one file, fed block by block."""

    def feed(self, block: Samples, /) -> None:
        """Take the next block: shape=(channels, n) for a native listener, (n,) for a mono one."""

    def finish(self) -> Extracted:
        """Say what was found, after the last block; a sink that was never fed says what silence of no length gives."""


class Extractor(Protocol):
    """One way to listen. Another `version` makes what was found before stale."""

    @property
    def name(self) -> str:
        """Say what `--only` calls it."""

    @property
    def version(self) -> str:
        """Tell apart what older code found."""

    @property
    def listens(self) -> Literal["native", "mono"]:
        """Say whether it hears the decoded blocks, or what the decimator makes of them."""

    def start(self, audio: Audio, /) -> Sink:
        """Begin on a file, which is open but not yet decoded."""
