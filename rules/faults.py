"""Faults of audio files: how each shows in the columns of `audio_file`, and how it is said.

A fault is a condition in SQL, made with the limits of a rule, and words for a file that has it. What was not measured
has no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Row, and_, case, or_

from audit_core.audio import limits
from audit_core.audio.tables import audio_files
from rules.complaint import shown
from rules.language.quantities import duration_in_words, frequency_in_words, percentage_in_words

__all__ = ["FAULTS", "UNHEARD", "Fault", "FaultWord", "Finding", "Limits", "ends_early", "lossless"]

FaultWord = Literal[
    "unreadable",
    "undecodable",
    "damaged",
    "truncated",
    "silent",
    "clipped",
    "dc",
    "dead_channel",
    "fake_stereo",
    "upsampled",
]

#: Words of `audio_file.problem`, by the fault that they are. Others pass: a file that changed while it was read.
_UNREADABLE: Final = ("missing", "outside", "unreadable")
_UNDECODABLE: Final = ("undecodable", "crashed", "timeout")

#: The faults that leave nothing to measure, with what makes them.
UNHEARD: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"unreadable": _UNREADABLE, "undecodable": _UNDECODABLE}
)

_LOSSLESS: Final = ("flac", "alac", "wavpack", "tta", "ape", "mlp", "truehd")
_OF_SURROUND: Final = 3  # channels from which one may be silent: that of the low frequencies


@dataclass(frozen=True, slots=True)
class Limits:
    """What is permitted: shares of one, above which a file fails."""

    silent: Fraction
    clipped: Fraction


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a file.

    Attributes
    ----------
    fault : str
        Its word.
    measured, limit : str
        With units; what was found, and what is permitted.
    said : str
        As a sentence says it: "it is silent for 98 % of its length".
    band : int
        How bad it is, so rounded that another value is another matter.
    """

    fault: str
    measured: str
    limit: str
    said: str
    band: int = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: when a file has it, and what is said then."""

    wrong: Callable[[Limits], ColumnElement[bool]]
    tell: Callable[[Row[Any], Limits], Finding]


_file = audio_files.c


def _unreadable(row: Row[Any], limits: Limits) -> Finding:
    return Finding("unreadable", row.problem, "readable", f"its file can't be read{_because(row)}")


def _undecodable(row: Row[Any], limits: Limits) -> Finding:
    return Finding("undecodable", row.problem, "decodable", f"it can't be decoded{_because(row)}")


def _because(row: Row[Any]) -> str:
    return f" ({shown(row.reason or row.problem).rstrip('.')})"


def _damaged(row: Row[Any], _: Limits) -> Finding:
    packets = f"{row.damaged_packets:,} packet{'' if row.damaged_packets == 1 else 's'}"
    band = row.damaged_packets.bit_length()
    return Finding("damaged", packets, f"{limits.DAMAGED_PACKETS} packets", f"{packets} of it can't be decoded", band)


def _truncated(row: Row[Any], _: Limits) -> Finding:
    if not row.ends_early:
        return Finding("truncated", "not marked", "marked as the end", "its last page is not marked as the end")
    measured, stated = duration_in_words(row.duration_ms), duration_in_words(row.header_ms)
    band = row.duration_ms * 16 // row.header_ms
    return Finding("truncated", measured, stated, f"it ends after {measured}, though its header states {stated}", band)


def _silent(row: Row[Any], permitted: Limits) -> Finding:
    measured, limit = _percent(row.silent), percentage_in_words(permitted.silent)
    said = f"it is silent for {measured} of its length, more than {limit}"
    return Finding("silent", measured, f"at most {limit}", said, _times(row.silent, permitted.silent))


def _clipped(row: Row[Any], permitted: Limits) -> Finding:
    measured, limit = _percent(row.clipped), percentage_in_words(permitted.clipped)
    said = f"{measured} of its samples are clipped, more than {limit}"
    return Finding("clipped", measured, f"at most {limit}", said, _times(row.clipped, permitted.clipped))


def _dc(row: Row[Any], _: Limits) -> Finding:
    measured, limit = _percent(row.dc), _percent(limits.DC)
    said = f"it is off centre by {measured} of full scale, more than {limit}"
    return Finding("dc", measured, f"at most {limit}", said, _times(row.dc, Fraction(limits.DC)))


def _dead_channel(row: Row[Any], _: Limits) -> Finding:
    measured = f"{row.dead_channels} of {row.channels} channels" if row.channels else f"{row.dead_channels} channels"
    verb = "is" if row.dead_channels == 1 else "are"
    return Finding("dead_channel", measured, "none", f"{measured} {verb} silent", row.dead_channels)


def _fake_stereo(row: Row[Any], _: Limits) -> Finding:
    which = f"all {row.channels}" if (row.channels or 2) > 2 else "both"
    return Finding("fake_stereo", f"{which} channels the same", "different", f"{which} of its channels are the same")


def _upsampled(row: Row[Any], _: Limits) -> Finding:
    share = limits.BANDWIDTH_LOSSLESS if row.lossless else limits.BANDWIDTH_LOSSY
    rate, limit = frequency_in_words(row.sample_rate_hz), frequency_in_words(round(share * row.sample_rate_hz / 2))
    measured = frequency_in_words(row.bandwidth_hz)
    said = f"its sound ends at {measured}, though a rate of {rate} has room for more than {limit}"
    return Finding("upsampled", measured, f"at least {limit}", said, row.bandwidth_hz // 2000)


def ends_early() -> ColumnElement[bool]:
    """Give the condition under which a file is shorter than its header states."""
    lost = _file.header_ms - _file.duration_ms
    return and_(lost > limits.TRUNCATED_MS, lost > limits.TRUNCATED_SHARE * _file.header_ms)


def _narrow() -> ColumnElement[bool]:
    share = case((lossless(), limits.BANDWIDTH_LOSSLESS), else_=limits.BANDWIDTH_LOSSY)
    return _file.bandwidth_hz < share * _file.sample_rate_hz / 2


def lossless() -> ColumnElement[bool]:
    """Give the condition under which a file's codec loses nothing."""
    return or_(_file.codec.like("pcm%"), _file.codec.in_(_LOSSLESS))


FAULTS: Final[Mapping[FaultWord, Fault]] = MappingProxyType(
    {
        "unreadable": Fault(lambda _: _file.problem.in_(_UNREADABLE), _unreadable),
        "undecodable": Fault(lambda _: _file.problem.in_(_UNDECODABLE), _undecodable),
        "damaged": Fault(lambda _: _file.damaged_packets > limits.DAMAGED_PACKETS, _damaged),
        "truncated": Fault(lambda _: or_(ends_early(), _file.cut_off.is_(True)), _truncated),
        "silent": Fault(lambda permitted: _file.silent > float(permitted.silent), _silent),
        "clipped": Fault(lambda permitted: _file.clipped > float(permitted.clipped), _clipped),
        "dc": Fault(lambda _: _file.dc > limits.DC, _dc),
        "dead_channel": Fault(
            lambda _: _file.dead_channels > case((_file.channels >= _OF_SURROUND, 1), else_=limits.DEAD_CHANNELS),
            _dead_channel,
        ),
        "fake_stereo": Fault(lambda _: _file.identical_channels.is_(True), _fake_stereo),
        "upsampled": Fault(lambda _: _narrow(), _upsampled),
    }
)
"""By their words, the gravest first: as a sentence names them."""

if tuple(FAULTS) != get_args(FaultWord):
    raise ImportError("the words of the faults and the faults differ")


def _percent(share: float) -> str:
    """Write a measured share with three digits that count."""
    return f"{float(f'{100 * share:.3g}'):g} %"


def _times(share: float, limit: Fraction) -> int:
    """Round how far a share is past its limit, by doublings."""
    return int(share / float(limit)).bit_length() if limit else int(share * 1000).bit_length()
