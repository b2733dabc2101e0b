"""Which stretches of a pair are news, and which are echoes: music is like itself, and a copy meets it elsewhere too."""

from __future__ import annotations

from dataclasses import replace

from audit_core.neighbours.match import Stretch

__all__ = ["is_news", "without_echoes"]

NEW_SHARE = 0.5  # of a further stretch, that no better one covers


def is_news(stretch: Stretch, found: list[Stretch]) -> bool:
    """Say whether a stretch lies for the most part where none is, in one of the files, and elsewhere on the other."""
    covered_a = covered_b = 0.0
    end_a = stretch.offset_a + stretch.overlap_s
    length_b = stretch.overlap_s * stretch.tempo
    end_b = stretch.offset_b + length_b
    for other in found:
        covered_a += max(0.0, min(end_a, other.offset_a + other.overlap_s) - max(stretch.offset_a, other.offset_a))
        other_end = other.offset_b + other.overlap_s * other.tempo
        covered_b += max(0.0, min(end_b, other_end) - max(stretch.offset_b, other.offset_b))
    covered = min(covered_a / stretch.overlap_s, covered_b / length_b)
    return covered < NEW_SHARE


def without_echoes(found: list[Stretch]) -> list[Stretch]:
    """Leave out what lies on better stretches in one file and agrees far less: music that is like itself."""
    kept: list[Stretch] = []
    for one in found:
        stretch = one
        echo = not is_news(stretch, kept)
        for better in kept:
            if _overlap(stretch, better) > NEW_SHARE:
                echo = echo or _agreement(stretch) < 0.7 * _agreement(better)
                stretch = replace(stretch, score=min(stretch.score, better.score))  # what is closest is best
        if not echo:
            kept.append(stretch)
    return kept


def _agreement(stretch: Stretch) -> float:
    return max(stretch.agreement_a, stretch.agreement_b)


def _overlap(stretch: Stretch, other: Stretch) -> float:
    """Return the share of a stretch that another covers, in the file where it covers more."""
    low = max(stretch.offset_a, other.offset_a)
    high = min(stretch.offset_a + stretch.overlap_s, other.offset_a + other.overlap_s)
    in_a = (high - low) / stretch.overlap_s
    low = max(stretch.offset_b, other.offset_b)
    high = min(stretch.offset_b + stretch.overlap_s * stretch.tempo, other.offset_b + other.overlap_s * other.tempo)
    in_b = (high - low) / (stretch.overlap_s * stretch.tempo)
    return max(0.0, in_a, in_b)
