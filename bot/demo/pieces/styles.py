"""Genres: which instruments play which part, how fast, in what metre, over which drums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["STYLES", "Part", "Role", "Style"]

Role = Literal["chords", "stabs", "arpeggio", "bass", "walking", "melody", "counter", "ground"]


@dataclass(frozen=True, slots=True)
class Part:
    """An instrument and what it does."""

    role: Role
    voice: str
    octave: int
    gain: float
    pan: float = 0.0  # from -1, left, to 1
    send: float = 0.2  # how much of it goes into the room
    wide: bool = False  # left and right are played apart


@dataclass(frozen=True, slots=True)
class Style:
    """A genre.

    `drums` gives a bar of each drum, one sign a step: ``x`` struck, ``o`` softly, ``?`` now and then, ``.`` silent.
    """

    bpm: tuple[int, int]
    modes: tuple[str, ...]
    beats: int  # to a bar
    steps: int  # to a beat
    parts: tuple[Part, ...]
    drums: tuple[tuple[str, str], ...] = ()
    swing: float = 0.0  # share of a step that every other step comes late
    notes: int = 3  # to a chord
    density: float = 0.5  # of the melody
    room_s: float = 1.2
    loose_ms: float = 7.0  # how far from the beat they play


STYLES: Final[dict[str, Style]] = {
    "house": Style(
        (118, 128),
        ("minor", "dorian"),
        4,
        4,
        (
            Part("stabs", "organ", 4, 0.5, 0.2, 0.25),
            Part("chords", "pad", 4, 0.3, 0.0, 0.4, wide=True),
            Part("bass", "round bass", 2, 0.9),
            Part("melody", "pluck", 5, 0.4, -0.3, 0.35),
        ),
        (
            ("kick", "x...x...x...x..."),
            ("clap", "....x.......x..."),
            ("hat", "..x...x...x...x?"),
            ("shaker", "o?o?o?o?o?o?o?o?"),
        ),
        loose_ms=3.0,
        notes=4,
    ),
    "techno": Style(
        (128, 142),
        ("phrygian", "minor"),
        4,
        4,
        (
            Part("bass", "acid bass", 2, 0.7),
            Part("arpeggio", "square", 4, 0.3, 0.4, 0.3),
            Part("ground", "drone", 2, 0.4, 0.0, 0.4, wide=True),
            Part("stabs", "saw", 4, 0.3, -0.3, 0.5),
        ),
        (
            ("kick", "x...x...x...x..."),
            ("open hat", "..x...x...x...x."),
            ("hat", "xoxoxoxoxoxoxoxo"),
            ("rim", "..?..?....?..?.."),
        ),
        loose_ms=1.5,
        density=0.7,
    ),
    "synthwave": Style(
        (84, 112),
        ("minor", "dorian"),
        4,
        4,
        (
            Part("chords", "pad", 4, 0.45, 0.0, 0.4, wide=True),
            Part("arpeggio", "saw", 3, 0.32, -0.4, 0.2),
            Part("bass", "acid bass", 2, 0.6),
            Part("melody", "saw", 5, 0.4, 0.2, 0.4),
        ),
        (
            ("kick", "x.......x.x....."),
            ("snare", "....x.......x..."),
            ("hat", "x.x.x.x.x.x.x.x."),
            ("tom", "..............?x"),
        ),
        room_s=1.8,
        loose_ms=2.0,
    ),
    "lo-fi": Style(
        (68, 88),
        ("dorian", "major", "minor"),
        4,
        4,
        (
            Part("chords", "electric piano", 4, 0.6, -0.2, 0.3),
            Part("bass", "round bass", 2, 0.8),
            Part("melody", "nylon", 5, 0.5, 0.3, 0.3),
        ),
        (("kick", "x..?..x...x..?.."), ("snare", "....x..o....x..?"), ("hat", "x.xox.x.x.xox.x?")),
        swing=0.3,
        notes=4,
        loose_ms=12.0,
    ),
    "drum and bass": Style(
        (168, 176),
        ("minor", "dorian"),
        4,
        4,
        (
            Part("chords", "pad", 4, 0.35, 0.0, 0.5, wide=True),
            Part("bass", "acid bass", 1, 0.8),
            Part("melody", "bell", 5, 0.3, 0.3, 0.5),
        ),
        (
            ("kick", "x.?.......x....."),
            ("snare", "....x..o.o..x..o"),
            ("hat", "x.x.x.x.x.x.x.xo"),
            ("ride", "x...x...x...x..."),
        ),
        density=0.3,
        loose_ms=3.0,
    ),
    "dub": Style(
        (70, 82),
        ("minor", "dorian"),
        4,
        4,
        (
            Part("stabs", "organ", 4, 0.55, 0.4, 0.6),
            Part("bass", "round bass", 2, 1.0),
            Part("melody", "brass", 4, 0.4, -0.3, 0.6),
        ),
        (
            ("kick", "........x......."),
            ("rim", "........x.....?."),
            ("hat", "x.xox.x.x.xox.xo"),
            ("conga", "..?..?.?....?.??"),
        ),
        swing=0.2,
        density=0.3,
        room_s=2.4,
    ),
    "rock": Style(
        (104, 152),
        ("mixolydian", "minor", "major"),
        4,
        4,
        (
            Part("stabs", "fuzz", 3, 0.45, -0.6, 0.1),
            Part("chords", "fuzz", 3, 0.4, 0.6, 0.1),
            Part("bass", "double bass", 2, 0.9),
            Part("melody", "saw", 5, 0.4, 0.1, 0.3),
        ),
        (
            ("kick", "x.....x.x..?...."),
            ("snare", "....x.......x..?"),
            ("hat", "x.x.x.x.x.x.x.x."),
            ("ride", "x..............."),
        ),
        notes=2,
    ),
    "swing": Style(
        (112, 168),
        ("dorian", "major", "mixolydian"),
        4,
        2,
        (
            Part("stabs", "piano", 4, 0.55, -0.3, 0.2),
            Part("walking", "double bass", 2, 0.9, 0.1),
            Part("melody", "brass", 4, 0.45, 0.3, 0.3),
        ),
        (("ride", "x.xox.xo"), ("hat", "..x...x."), ("brush", "o.o?o.o?"), ("kick", "o...?...")),
        swing=0.6,
        notes=4,
        density=0.65,
        loose_ms=12.0,
    ),
    "bossa nova": Style(
        (120, 140),
        ("major", "dorian"),
        4,
        4,
        (
            Part("stabs", "nylon", 4, 0.7, -0.2, 0.2),
            Part("bass", "double bass", 2, 0.8),
            Part("melody", "flute", 5, 0.45, 0.3, 0.3),
        ),
        (("rim", "x..x..x...x..x.."), ("shaker", "oxoxoxoxoxoxoxox"), ("kick", "x..ox..ox..ox..o")),
        notes=4,
        loose_ms=9.0,
    ),
    "folk": Style(
        (88, 126),
        ("major", "mixolydian", "dorian"),
        3,
        4,
        (
            Part("arpeggio", "pluck", 3, 0.5, -0.3, 0.15),
            Part("melody", "singer", 4, 0.6, 0.1, 0.3),
            Part("bass", "double bass", 2, 0.5),
            Part("counter", "flute", 5, 0.25, 0.4, 0.3),
        ),
        loose_ms=13.0,
        density=0.45,
    ),
    "waltz": Style(
        (132, 174),
        ("major", "minor"),
        3,
        2,
        (
            Part("stabs", "piano", 4, 0.6, -0.2, 0.2),
            Part("walking", "strings", 2, 0.5),
            Part("melody", "strings", 5, 0.5, 0.2, 0.4, wide=True),
            Part("counter", "flute", 5, 0.3, 0.4, 0.4),
        ),
        room_s=1.8,
        loose_ms=12.0,
        density=0.6,
    ),
    "orchestra": Style(
        (66, 96),
        ("minor", "lydian", "major"),
        4,
        2,
        (
            Part("chords", "strings", 3, 0.5, 0.0, 0.5, wide=True),
            Part("melody", "brass", 4, 0.45, 0.3, 0.5),
            Part("counter", "flute", 5, 0.35, -0.3, 0.5),
            Part("bass", "strings", 2, 0.5, 0.2, 0.4),
            Part("arpeggio", "strings", 4, 0.25, -0.4, 0.5),
        ),
        (("tom", "x......?"),),
        room_s=2.6,
        loose_ms=14.0,
    ),
    "choral": Style(
        (58, 80),
        ("dorian", "minor", "lydian"),
        4,
        2,
        (
            Part("chords", "choir", 3, 0.6, 0.0, 0.6, wide=True),
            Part("melody", "singer", 4, 0.45, 0.1, 0.6),
            Part("ground", "organ", 2, 0.3, 0.0, 0.5),
        ),
        room_s=3.2,
        loose_ms=18.0,
        density=0.35,
    ),
    "ambient": Style(
        (56, 76),
        ("lydian", "pentatonic", "dorian"),
        4,
        2,
        (
            Part("chords", "pad", 4, 0.5, 0.0, 0.6, wide=True),
            Part("ground", "drone", 2, 0.4, 0.0, 0.5, wide=True),
            Part("melody", "bell", 5, 0.3, 0.3, 0.7),
        ),
        room_s=3.6,
        loose_ms=25.0,
        density=0.3,
        notes=4,
    ),
    "drone": Style(
        (40, 60),
        ("phrygian", "pentatonic", "pelog"),
        4,
        1,
        (
            Part("ground", "drone", 2, 0.6, 0.0, 0.5, wide=True),
            Part("chords", "choir", 3, 0.25, 0.0, 0.7, wide=True),
            Part("counter", "drone", 4, 0.25, 0.3, 0.7),
        ),
        room_s=4.0,
        loose_ms=40.0,
        density=0.3,
        notes=2,
    ),
    "minimal": Style(
        (96, 132),
        ("pentatonic", "mixolydian", "lydian"),
        5,
        2,
        (
            Part("arpeggio", "marimba", 4, 0.6, -0.4, 0.2),
            Part("counter", "marimba", 5, 0.5, 0.4, 0.2),
            Part("melody", "piano", 4, 0.5, 0.0, 0.3),
            Part("bass", "double bass", 2, 0.5),
        ),
        density=0.8,
        loose_ms=5.0,
    ),
    "gamelan": Style(
        (80, 112),
        ("pelog",),
        4,
        4,
        (
            Part("arpeggio", "bell", 5, 0.3, 0.4, 0.3),
            Part("melody", "bell", 4, 0.4, -0.2, 0.4),
            Part("ground", "bell", 2, 0.5, 0.0, 0.5),
            Part("counter", "marimba", 4, 0.4, -0.4, 0.3),
        ),
        (("conga", "x..?o.x.?.o.x..?"),),
        room_s=1.8,
        density=0.6,
    ),
    "chiptune": Style(
        (120, 160),
        ("major", "minor", "mixolydian"),
        4,
        4,
        (
            Part("arpeggio", "square", 4, 0.35, 0.3, 0.05),
            Part("melody", "square", 5, 0.45, -0.2, 0.1),
            Part("bass", "square", 2, 0.5, 0.0, 0.0),
        ),
        (("kick", "x...?...x......."), ("snare", "....x.......x.o."), ("hat", "x.x.x.x.x.x.x.x.")),
        room_s=0.4,
        loose_ms=0.8,
        density=0.75,
    ),
    "odd": Style(
        (112, 148),
        ("phrygian", "dorian", "mixolydian"),
        7,
        2,
        (
            Part("stabs", "pluck", 4, 0.5, -0.4, 0.2),
            Part("melody", "organ", 5, 0.4, 0.3, 0.3),
            Part("bass", "acid bass", 2, 0.6),
            Part("counter", "electric piano", 4, 0.35, 0.0, 0.3),
        ),
        (("kick", "x...x...x...?."), ("conga", "x.oxo.x?o.xox?"), ("hat", "o.o.o.o.o.o.o."), ("rim", "....x.....x...")),
        density=0.6,
    ),
    "soul": Style(
        (76, 104),
        ("major", "mixolydian", "dorian"),
        6,
        2,
        (
            Part("chords", "organ", 4, 0.35, 0.3, 0.3),
            Part("stabs", "electric piano", 4, 0.45, -0.3, 0.2),
            Part("bass", "round bass", 2, 0.9),
            Part("melody", "singer", 4, 0.55, 0.0, 0.35),
        ),
        (("kick", "x.....x..?.."), ("snare", "......x....?"), ("hat", "x.x.x.x.x.x."), ("shaker", "?o?o?o?o?o?o")),
        notes=4,
        loose_ms=10.0,
    ),
}
