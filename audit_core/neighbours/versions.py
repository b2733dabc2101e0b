"""Which files may be versions of one work: the nearest by what an embedder says of them, for ears alone.

Vectors are taken from their mean, so that what all have in common does not count, and compared by their cosine. A pair
is told if it is nearer than chance: random pairs of the catalogue's own say how near they come, and the similarity is
asked for that so few of them reach that half a random pair a file is to be expected. Where they are too few to count,
the tail of their nearest hundredth is taken for exponential.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit_core.errors import CratecheckError

__all__ = ["FEWEST", "MOST_EXACT", "Near", "Nearest", "nearest"]

FEWEST: Final = 20
"""Among fewer files nothing can be said of chance."""

MOST_EXACT: Final = 100_000
"""Past as many, faiss does the search."""

A_FILE: Final = 5  # at most, counted from either side
CHANCE_A_FILE: Final = 0.5
_RANDOM_PAIRS: Final = 200_000
_TAIL: Final = 0.01
_COUNTED: Final = 20  # pairs beyond the similarity wanted, which need no tail
_SPARE: Final = 10  # neighbours beyond those wanted, for some are of the same recording
_AT_ONCE: Final = 2048


@dataclass(frozen=True, slots=True)
class Near:
    """Two files, `a < b`, and their similarity, from -1 to 1."""

    a: int
    b: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """What was found, and the similarity that was asked for; infinity if there were too few files."""

    pairs: tuple[Near, ...]
    least: float


def nearest(vectors: NDArray[np.float32], recordings: Sequence[object], *, seed: int = 0) -> Nearest:
    """Find the pairs that are nearer to each other than chance.

    Parameters
    ----------
    vectors : np.ndarray, shape=(n_files, n), dtype=float32
    recordings : sequence
        Of each file; None of one that is of none. Two of one recording are no candidates.
    seed : int
        Chooses the random pairs.

    Returns
    -------
    nearest : Nearest
        In ascending order of `a`, then `b`.

    Raises
    ------
    CratecheckError
        If there are more files than `MOST_EXACT`, and faiss is not installed.
    """
    if len(vectors) < FEWEST:
        return Nearest((), math.inf)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    least = _least(centred, recordings, seed)
    found: dict[tuple[int, int], float] = {}
    wanted = min(A_FILE + _SPARE + 1, len(vectors))
    for number, (similarities, others) in enumerate(_neighbours(centred, wanted)):
        kept = 0
        for similarity, other in sorted(zip(similarities, others, strict=True), key=lambda one: (-one[0], one[1])):
            if kept == A_FILE or similarity < least:
                break
            own = recordings[number]
            if other == number or (own is not None and own == recordings[other]):
                continue
            found[min(number, other), max(number, other)] = similarity
            kept += 1
    return Nearest(tuple(Near(a, b, round(similarity, 4)) for (a, b), similarity in sorted(found.items())), least)


def _least(vectors: NDArray[np.float32], recordings: Sequence[object], seed: int) -> float:
    """Find the similarity that random pairs exceed as seldom as `CHANCE_A_FILE` asks for."""
    random = np.random.default_rng(seed)
    size = len(vectors)
    first, second = random.integers(size, size=(2, _RANDOM_PAIRS))
    if size * (size - 1) // 2 <= _RANDOM_PAIRS:
        first, second = np.triu_indices(size, 1)
    numbers = {one: number for number, one in enumerate(dict.fromkeys(recordings))}
    of = np.asarray([-1 - n if one is None else numbers[one] for n, one in enumerate(recordings)])
    apart = of[first] != of[second]
    first, second = first[apart], second[apart]
    similarities = np.concatenate(
        [
            np.einsum("ij,ij->i", vectors[first[at : at + _AT_ONCE]], vectors[second[at : at + _AT_ONCE]])
            for at in range(0, len(first), _AT_ONCE)
        ]
        or [np.zeros(0, np.float32)]
    )
    if not len(similarities):
        return math.inf
    share = 2 * CHANCE_A_FILE / (size - 1)  # of all pairs; each is of two files
    if share >= _TAIL or share * len(similarities) >= _COUNTED:
        return float(np.quantile(similarities, 1 - share))
    begins = float(np.quantile(similarities, 1 - _TAIL))
    beyond = similarities[similarities > begins] - begins
    return begins + float(beyond.mean() if len(beyond) else 0.0) * math.log(_TAIL / share)


def _neighbours(vectors: NDArray[np.float32], wanted: int) -> Any:
    """Yield the similarities and numbers of the nearest of each file."""
    if len(vectors) <= MOST_EXACT:
        from sklearn.neighbors import NearestNeighbors

        index = NearestNeighbors(n_neighbors=wanted, metric="cosine", algorithm="brute").fit(vectors)
        for first in range(0, len(vectors), _AT_ONCE):
            distances, others = index.kneighbors(vectors[first : first + _AT_ONCE])
            yield from zip((1 - distances).tolist(), others.tolist(), strict=True)
        return
    try:
        import faiss
    except ImportError as error:
        raise CratecheckError(
            f"versions among {len(vectors):,} files take faiss, which is not installed",
            mend="Install it with `pip install 'cratecheck[index]'`.",
        ) from error
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    for first in range(0, len(vectors), _AT_ONCE):
        similarities, others = flat.search(vectors[first : first + _AT_ONCE], wanted)
        yield from zip(similarities.tolist(), others.tolist(), strict=True)
