"""The pieces that come with the demo."""

from __future__ import annotations

from typing import Final

from bot.demo.pieces.piece import Piece

__all__ = ["pieces"]

_PIECES: Final = (
    Piece("Night Bus Home", "Velvet Antenna", "house", 123, "A minor", 101, 30),
    Piece("Sodium Light", "Velvet Antenna", "house", 119, "F# dorian", 102, 26),
    Piece("Cold Storage", "Ohm Factory", "techno", 136, "E phrygian", 103, 28),
    Piece("Relay Room", "Ohm Factory", "techno", 130, "B minor", 104, 24),
    Piece("Coast Road, 1986", "Miami Weather", "synthwave", 96, "D minor", 105, 32),
    Piece("Second Cup", "Paper Lantern", "lo-fi", 76, "Eb major", 106, 28),
    Piece("Rain on the Skylight", "Paper Lantern", "lo-fi", 82, "G dorian", 107, 26),
    Piece("Undertow", "Kestrel", "drum and bass", 172, "C minor", 108, 26),
    Piece("Harbour Wall", "The Slow Ferry", "dub", 74, "A dorian", 109, 30),
    Piece("Loud Neighbours", "Brick and Wire", "rock", 138, "E mixolydian", 110, 26),
    Piece("Short Fuse", "Brick and Wire", "rock", 112, "F# minor", 111, 24),
    Piece("Blue Corner Table", "Ines Calder Trio", "swing", 148, "Bb mixolydian", 112, 26),
    Piece("After Closing", "Ines Calder Trio", "swing", 116, "F dorian", 113, 24),
    Piece("Terrace", "Joana Prado", "bossa nova", 130, "D major", 114, 28),
    Piece("The Miller's Field", "Hanna Voss", "folk", 108, "G major", 115, 30),
    Piece("Letter Unsent", "Hanna Voss", "folk", 92, "D dorian", 116, 26),
    Piece("Waltz for a Small Room", "Quartet Nord", "waltz", 156, "Ab major", 117, 26),
    Piece("Before the Storm", "Northlight Orchestra", "orchestra", 84, "C minor", 118, 36),
    Piece("Lux", "Camerata Alba", "choral", 66, "D dorian", 119, 34),
    Piece("Tidal Flat", "Halcyon Drift", "ambient", 64, "E lydian", 120, 36),
    Piece("Eleven Mallets", "Studio Fünf", "minimal", 118, "C pentatonic", 121, 26),
    Piece("Bronze Rain", "Sekar Collective", "gamelan", 96, "C# pelog", 122, 26),
    Piece("Level Nine", "Bitkid", "chiptune", 146, "B major", 123, 22),
    Piece("Seven Crossings", "Orhan Tekin", "odd", 132, "D phrygian", 124, 26),
    Piece("Sunday Best", "Marla Greene", "soul", 88, "Ab mixolydian", 125, 28),
    Piece("Long Wave", "Halcyon Drift", "drone", 52, "A phrygian", 126, 36),
)


def pieces() -> tuple[Piece, ...]:
    """List the pieces: no two share a seed, so no two share a bar."""
    return _PIECES
