"""Samples that can be reckoned with."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["finite"]

LARGEST: Final = np.float32(1e6)
"""What a float file may hold beyond is damage, or no sound: 30 times what integers scaled wrongly would give."""


def finite(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give samples of which every one is a number no larger than `LARGEST`; a float file may hold anything.

    One bad sample would otherwise spoil every sum and recursive filter to the end of the file. It becomes silence.
    """
    largest = np.abs(block).max(initial=0)
    if largest <= LARGEST:  # false of NaN as well
        return block
    return np.where(np.abs(block) <= LARGEST, block, np.float32(0))
