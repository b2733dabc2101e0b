"""What a file's sound may have before a rule complains, if the rule says nothing else; `integrity` measures it.

Limits marked *J* are our judgement; undamaged music stays within them, and each planted fault does not. Apart from what
measures, so that reading a rule does not load what hears.
"""

from typing import Final

__all__ = [
    "BANDWIDTH_LOSSLESS",
    "BANDWIDTH_LOSSY",
    "CLIPPED",
    "DAMAGED_PACKETS",
    "DC",
    "DEAD_CHANNELS",
    "LOUDEST_LUFS",
    "QUIETEST_LUFS",
    "SILENT",
    "TRUNCATED_MS",
    "TRUNCATED_SHARE",
]

TRUNCATED_SHARE: Final = 0.01
"""Truncated: decoded shorter than the header states by more than this share and by more than `TRUNCATED_MS`. *J*"""

TRUNCATED_MS: Final = 100
"""More than any encoder's padding: MP3 frames hold 26 ms, its delay is 25 to 50; AAC's is 48; Opus' 6.5."""

DAMAGED_PACKETS: Final = 0
"""More is damage: a sound file has no packet that its decoder refuses."""

SILENT: Final = 0.9
"""Silent from this share on. *J*: albums' hidden tracks have long pauses, half of the time and more."""

CLIPPED: Final = 0.001
"""Clipped: more than this share of samples. *J*: loud masters cut single crests; a thousandth is 44 a second."""

DC: Final = 0.05
"""DC offset: more than -26 dBFS, which takes 0.4 dB of headroom. *J*: converters leave less than 0.001, but the uneven
pulses of chip and tracker music up to 0.04."""

DEAD_CHANNELS: Final = 0
"""More than none is a fault in stereo."""

BANDWIDTH_LOSSLESS: Final = 0.9
"""Share of the Nyquist frequency that the bandwidth of a lossless file reaches, at least: 19.8 kHz at 44.1. Converters
cut at 0.907 (20 kHz) or above, MP3 at up to 192 kbit/s (LAME: 16 to 18.6 kHz [1]_) and 22.05 → 44.1 kHz below.

.. [1] LAME's table ``optimum_bandwidth``, kbit/s → kHz: 112 → 15.6, 128 → 17, 160 → 17.5, 192 → 18.6, 320 → 20.5."""

BANDWIDTH_LOSSY: Final = 0.6
"""The same of a lossy file, whose encoder cuts as well: 13.2 kHz at 44.1. MP3, Vorbis at 64 to 96 kbit/s cut at 15."""

QUIETEST_LUFS: Final = -36.0
"""*J*: chamber music is at some -30; R 128 asks for -23 in broadcasting."""

LOUDEST_LUFS: Final = -5.0
"""*J*: the loudest commercial masters are at -5 to -6; above are clipped or synthetic sounds."""
