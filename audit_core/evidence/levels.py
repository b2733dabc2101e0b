"""Two excerpts made equally loud, so that the ear compares the music and not the level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from audit_core.audio.extractor import Samples

__all__ = ["level_db", "matched"]

_TARGET_DB: Final = -20.0
_PEAK_DB: Final = -1.5  # an encoder overshoots by as much
_SILENT_DB: Final = -70.0


def level_db(samples: Samples) -> float:
    """Measure the level of an excerpt: the root mean square of all channels, in dB of full scale; -inf of silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def matched(excerpts: Sequence[Samples]) -> list[Samples]:
    """Bring excerpts to one level, at which no peak of any is cut.

    Parameters
    ----------
    excerpts : sequence of np.ndarray, shape=(channels, n)

    Returns
    -------
    excerpts : list of np.ndarray, shape=(channels, n)
        All at -20 dB, or all below it by as much as the highest peak needs. Silence stays silence.
    """
    audible = [samples for samples in excerpts if level_db(samples) > _SILENT_DB]
    # At a level L the peak of an excerpt comes to L plus its crest.
    crests = [20 * np.log10(float(np.max(np.abs(samples)))) - level_db(samples) for samples in audible]
    level = min([_TARGET_DB, *(_PEAK_DB - crest for crest in crests)])
    return [_at(samples, level) if level_db(samples) > _SILENT_DB else samples for samples in excerpts]


def _at(samples: Samples, level: float) -> Samples:
    return samples * np.float32(10 ** ((level - level_db(samples)) / 20))
