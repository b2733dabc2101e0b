"""The features of many files as a sequence, read where they lie: a hundred thousand take a few megabytes of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from audit_core.audio.cache import FeatureCache
from audit_core.errors import AudioError

__all__ = ["Library"]

T = TypeVar("T")


class Library(Generic[T]):
    """What one extractor kept of some files, in their order.

    Parameters
    ----------
    cache : FeatureCache
        Where it is kept; to stay open as long as the library is used.
    extractor, version : str
        Which.
    packets : sequence of str
        Of which files. `missing` tells those of which nothing is kept; what is asked of them is refused.
    durations_s : array_like, shape=(n,)
        How long each is, in seconds.
    read : callable
        Makes of the features what an item is: `Peaks.from_bytes`, say.

    Attributes
    ----------
    packets : sequence of str
    durations_s : np.ndarray, shape=(n,), dtype=float64
    """

    def __init__(
        self,
        cache: FeatureCache,
        extractor: str,
        version: str,
        packets: Sequence[str],
        durations_s: npt.ArrayLike,
        read: Callable[[bytes], T],
    ) -> None:
        self._cache, self._extractor, self._version, self._read = cache, extractor, version, read
        self.packets = packets
        self.durations_s: npt.NDArray[np.float64] = np.asarray(durations_s, np.float64)
        if self.durations_s.shape != (len(packets),):
            raise ValueError(f"{len(packets)} files, but durations of shape {self.durations_s.shape}")

    def __len__(self) -> int:
        return len(self.packets)

    def __getitem__(self, number: int) -> T:
        features = self._cache.get(self._extractor, self._version, self.packets[number])
        if features is None:
            raise AudioError(
                f"what was heard of the audio {self.packets[number][:12]}… is no longer kept",
                mend="Hear it again with `cratecheck scan --again`.",
            )
        return self._read(features)

    def missing(self) -> list[str]:
        """Give the `packets` of which nothing is kept."""
        kept = self._cache.kept(self._extractor, self._version, self.packets)
        return [one for one, there in zip(self.packets, kept, strict=True) if not there]
