"""The pieces of the demo: music that is the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bot.demo.pieces import SAMPLE_RATE_HZ, STYLES, Piece, pieces, render

BRIEF = replace(pieces()[0], seconds=6.0)


def test_a_piece_is_the_same_each_time() -> None:
    assert np.array_equal(render(BRIEF), render(BRIEF))


def test_another_seed_is_another_piece() -> None:
    once, other = render(BRIEF), render(replace(BRIEF, seed=BRIEF.seed + 1))
    length = min(once.shape[1], other.shape[1])
    alike = np.corrcoef(once[0, :length], other[0, :length])[0, 1]
    assert abs(alike) < 0.3


@pytest.mark.parametrize("genre", STYLES)
def test_every_genre_sounds_from_its_start_to_its_end(genre: str) -> None:
    style = STYLES[genre]
    samples = render(Piece("", "", genre, style.bpm[1], f"D {style.modes[0]}", 7, 8.0))
    assert samples.shape[0] == 2
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.89, abs=0.001)
    seconds = samples.shape[1] // SAMPLE_RATE_HZ
    levels = np.sqrt(np.mean(samples[:, : seconds * SAMPLE_RATE_HZ].reshape(2, seconds, -1) ** 2, axis=(0, 2)))
    assert (levels[:-1] > 0.003).all()
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) > -25


def test_a_section_that_returns_is_not_a_copy() -> None:
    piece = Piece("", "", "techno", 120, "E phrygian", 3, 32.0)  # a bar is 2 s, a section 8 s
    samples = render(piece).mean(axis=0)
    section = 8 * SAMPLE_RATE_HZ
    parts = [samples[number * section : (number + 1) * section] for number in range(4)]
    alike = [abs(np.corrcoef(a, b)[0, 1]) for place, a in enumerate(parts) for b in parts[place + 1 :]]
    assert max(alike) < 0.8


def test_the_pieces_are_two_dozen_of_many_genres_and_short() -> None:
    assert len(pieces()) >= 24
    assert len({piece.seed for piece in pieces()}) == len({piece.title for piece in pieces()}) == len(pieces())
    assert len({piece.genre for piece in pieces()}) >= 15
    assert all(20 <= piece.seconds <= 40 for piece in pieces())


def test_a_genre_that_nobody_plays_is_refused() -> None:
    with pytest.raises(ValueError, match="'polka' is no genre"):
        render(replace(BRIEF, genre="polka"))


def test_a_key_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="'H minor' is no key"):
        render(replace(BRIEF, key="H minor"))
