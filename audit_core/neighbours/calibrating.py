"""The calibration: wrong pairs of the catalogue's own go through the comparison, and the tail of their scores tells.

All pairs of some files, several thousand at most, are nominated as any comparison nominates them; those that are known
to be wrong (`wrong`) are scored with all the search that a comparison does. A pair that was not nominated has no score
at all. `tails` says how the tail is fitted and extended to the threshold, and to all pairs of the catalogue.

Where too few wrong pairs are nominated for that, wrong pairs are scored whether or not anything names them. That is
more than a comparison does, and gives an upper bound.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit_core.audio.cache import FeatureCache
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import Via
from audit_core.neighbours.calibration import AIM, Calibration, recorded
from audit_core.neighbours.comparing import CURRENT, fingerprints, heard
from audit_core.neighbours.decide import score_of
from audit_core.neighbours.join import CANDIDATE_THRESHOLD, THRESHOLD, Held
from audit_core.neighbours.match import PeakLibrary
from audit_core.neighbours.nominate import Sides, nominated
from audit_core.neighbours.publishing import compared_versions
from audit_core.neighbours.tails import FEWEST_EXCEEDING, Expectation, Scored, expectation
from audit_core.neighbours.wrong import wrong_pairs

__all__ = ["FEWEST_FILES", "TooLittle", "calibrate"]

logger = logging.getLogger(__name__)

FEWEST_FILES: Final = 100
"""With fewer files nothing is said of any number of pairs."""

_MOST_FILES: Final = 3000
_BLOCK: Final = 100  # files whose pairs are scored together, so that each is read once
_METHOD: Final = (
    "exponential tail of the scores of wrong pairs, those above the candidate threshold counted as above it;"
    " interval: files drawn anew, tails from several scores on"
)

Progress = Callable[[str, int, int], None]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class TooLittle:
    """Why nothing can be said.

    Attributes
    ----------
    files : int
        How much audio was compared.
    wrong_pairs : int
        How many pairs of it are known to be wrong.
    scored : int
        How many of them were scored.
    """

    files: int
    wrong_pairs: int
    scored: int

    def __str__(self) -> str:
        if self.files < FEWEST_FILES:
            return f"not enough evidence: {self.files:,} files are compared, and it takes {FEWEST_FILES}"
        return (
            f"not enough evidence: of {self.wrong_pairs:,} wrong pairs {self.scored:,} were scored, and fewer than"
            f" {FEWEST_EXCEEDING} have scores that a tail could be fitted to"
        )


def calibrate(
    store: Store,
    cache: FeatureCache,
    *,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    pairs: int = 20_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration | TooLittle:
    """Find how many false pairs are to be expected of the catalogue as it is compared, and keep the answer.

    Parameters
    ----------
    store : Store
    cache : FeatureCache
        Where the fingerprints are.
    actor, via : str
        Who asks, and through what.
    clock : Clock
        What time it is.
    pairs : int > 0
        How many pairs are scored at most.
    seed : int
        Chooses files and pairs.
    progress : callable, optional
        Told now and then how far it is.

    Returns
    -------
    calibration : Calibration or TooLittle
        The latter if the evidence is not enough for any number; nothing is kept then.
    """
    tell = progress or (lambda *_: None)
    random = np.random.default_rng(seed)
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), clock())
        facts, _ = heard(connection, snapshot)
        versions = compared_versions(connection, snapshot)
        there = {one: fact for one, fact in facts.items() if versions.get(one, (0, ""))[1] == CURRENT}
        files = fingerprints(cache, there).packets
        if len(files) < FEWEST_FILES:
            return TooLittle(len(files), 0, 0)
        chosen = sorted(random.choice(len(files), min(len(files), _MOST_FILES), replace=False).tolist())
        some = [files[number] for number in chosen]
        wrong = wrong_pairs(connection, snapshot, some)
    library = fingerprints(cache, {one: there[one] for one in some})
    all_pairs = len(files) * (len(files) - 1) // 2

    def extended(scored: Scored) -> Expectation | None:
        return expectation(
            scored, threshold=THRESHOLD, ceiling=CANDIDATE_THRESHOLD, pairs=all_pairs, seed=seed, at_most=AIM
        )

    scored = _compared(library, wrong, cache.folder, pairs, random, tell)
    nominees = len(scored.scores)
    tail, upper_bound = extended(scored), False
    if tail is None:
        scored = _searched(library, wrong, pairs, random, tell)
        tail, upper_bound = extended(scored), True
    if tail is None:
        return TooLittle(len(files), scored.pairs, nominees + len(scored.scores))
    made = Calibration(
        at=clock(),
        revision=snapshot.revision,
        version=CURRENT,
        files=len(files),
        wrong_pairs=scored.pairs if not upper_bound else len(scored.scores),
        threshold=THRESHOLD,
        expected_false=tail.expected,
        expected_low=tail.low,
        expected_high=tail.high,
        fit={
            "method": _METHOD,
            "upper_bound": upper_bound,
            "files": len(some),
            "scored": len(scored.scores),
            "begins": round(tail.begins, 4),
            "exceeding": tail.exceeding,
            "scale": round(tail.scale, 4),
            "above_candidate_threshold": tail.above_ceiling,
            "safe_threshold": round(tail.safe_threshold, 1),
            "pairs": all_pairs,
            "seed": seed,
        },
    )
    recorded(store, made, actor=actor, via=via)
    return made


def _compared(
    library: PeakLibrary,
    wrong: NDArray[np.bool_],
    folder: Path,
    most: int,
    random: np.random.Generator,
    tell: Progress,
) -> Scored:
    """Score the wrong pairs that a comparison names, or as many as asked for."""
    everything = Sides(np.ones(len(library), np.bool_), both=True)
    found: list[Pairs] = []
    with tempfile.TemporaryDirectory(prefix="calibration-", dir=folder) as place:
        found.extend(nominated(library, everything, Path(place), tell))
    first = np.concatenate([a for a, _ in found])
    second = np.concatenate([b for _, b in found])
    are_wrong = wrong[first, second]
    first, second = first[are_wrong], second[are_wrong]
    named = len(first)
    if named > most:
        kept = np.sort(random.choice(named, most, replace=False))
        first, second = first[kept], second[kept]
    return Scored(first, second, _scores(library, first, second, tell), wrong, len(first) / max(1, named))


def _searched(
    library: PeakLibrary, wrong: NDArray[np.bool_], most: int, random: np.random.Generator, tell: Progress
) -> Scored:
    """Score wrong pairs that are drawn at random: some among the first hundred files of a shuffled list, and so on."""
    order = random.permutation(len(library))
    blocks = [order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK)]
    drawn: list[Pairs] = []
    for block in blocks:
        a, b = np.triu_indices(len(block), 1)
        first, second = np.minimum(block[a], block[b]), np.maximum(block[a], block[b])
        are_wrong = np.flatnonzero(wrong[first, second])
        kept = random.permutation(are_wrong)[: max(1, most // len(blocks))]
        drawn.append((first[kept], second[kept]))
    first = np.concatenate([a for a, _ in drawn])
    second = np.concatenate([b for _, b in drawn])
    total = int(np.count_nonzero(wrong)) // 2
    return Scored(first, second, _scores(library, first, second, tell), wrong, len(first) / max(1, total))


def _scores(
    library: PeakLibrary, first: Sequence[int] | NDArray[np.int64], second: NDArray[np.int64], tell: Progress
) -> NDArray[np.float64]:
    held = Held(library)
    scores = np.zeros(len(second))
    for number, (a, b) in enumerate(zip(np.asarray(first).tolist(), second.tolist(), strict=True)):
        scores[number] = score_of(held[a], held[b])
        tell("wrong pairs", number + 1, len(scores))
    logger.info("scored %d wrong pairs", len(scores))
    return scores
