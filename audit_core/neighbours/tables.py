"""What was compared, what was found, and the recordings that follow from it, through time.

All of it is kept under `packets` of `audio_file`: copies of a file, and files that differ in their tags alone, are one.
Rows are closed and opened by revisions, as those of tracks are.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from audit_core.catalogue.tables import FOREVER
from audit_core.columns import BigId, Document, Instant

__all__ = [
    "AudioMatch",
    "Calibration",
    "Compared",
    "Recording",
    "RecordingMember",
    "Separation",
    "VersionCandidate",
    "audio_matches",
    "calibrations",
    "compared",
    "recording_members",
    "recordings",
    "separations",
    "version_candidates",
]


class Compared(SQLModel, table=True):
    """Audio that was compared with all that was compared before it: of what is not here, nothing is known."""

    __table_args__ = (UniqueConstraint("packets", "to_rev"),)

    id: int = Field(primary_key=True, sa_type=BigId)
    packets: str
    from_rev: int
    to_rev: int = FOREVER
    version: str  # of the fingerprint and of the comparison


class AudioMatch(SQLModel, table=True):
    """Two files that hold some of the same audio; `packets_a` sorts before `packets_b`.

    `stretches` is a list of objects with `offset_a`, `offset_b`, `overlap_s`, `tempo`, `pitch`, `score`, in seconds and
    semitones, longest first. A candidate lies below the threshold: it is for ears, and makes no recording.
    """

    __tablename__ = "audio_match"
    __table_args__ = (UniqueConstraint("packets_a", "packets_b", "to_rev"), Index("audio_match_b", "packets_b"))

    id: int = Field(primary_key=True, sa_type=BigId)
    packets_a: str
    packets_b: str
    from_rev: int
    to_rev: int = FOREVER
    kind: str  # re-encode, remaster, excerpt, faster, slower, higher, lower, mixed over…
    score: float
    candidate: bool
    whole: bool  # whether it covers most of both, so that they are one recording
    overlap_s: float  # that the stretches cover, in the time of a
    tempo: float
    pitch: float
    stretches: list[Any] = Field(sa_type=Document)


class Recording(SQLModel, table=True):
    """A recording that several files hold. Its id is minted once; one that was merged names the one that it is now."""

    id: str = Field(primary_key=True)
    minted_rev: int
    merged_into: str | None = None
    merged_rev: int | None = None


class RecordingMember(SQLModel, table=True):
    """Audio that is of a recording, from one revision to another. Audio that nothing else matches is of none."""

    __tablename__ = "recording_member"
    __table_args__ = (
        UniqueConstraint("packets", "to_rev"),
        Index("recording_member_recording", "recording"),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    packets: str
    recording: str = Field(foreign_key="recording.id")
    from_rev: int
    to_rev: int = FOREVER


class Separation(SQLModel, table=True):
    """Two files that are not one recording, whatever the comparison says: a person decided so. Append-only."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    packets_a: str = Field(primary_key=True)
    packets_b: str = Field(primary_key=True)
    decision_id: str = Field(primary_key=True, foreign_key="decision.id")
    at: datetime = Field(sa_type=Instant)


class VersionCandidate(SQLModel, table=True):
    """Two files that may be versions of one work (live, cover, remix), by an embedding: for ears alone."""

    __tablename__ = "version_candidate"
    __table_args__ = (
        UniqueConstraint("packets_a", "packets_b", "embedder", "to_rev"),
        Index("version_candidate_b", "packets_b"),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    packets_a: str
    packets_b: str
    embedder: str
    from_rev: int
    to_rev: int = FOREVER
    similarity: float


class Calibration(SQLModel, table=True):
    """How many false pairs are to be expected of a catalogue's size, by its own wrong pairs."""

    __tablename__ = "neighbour_calibration"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    revision: int
    version: str
    files: int
    wrong_pairs: int  # how many were scored
    threshold: float
    expected_false: float
    expected_low: float
    expected_high: float
    fit: dict[str, Any] = Field(sa_type=Document)


# The same tables for SQLAlchemy Core, in which every query is written.
compared: Table = SQLModel.metadata.tables["compared"]
audio_matches: Table = SQLModel.metadata.tables["audio_match"]
recordings: Table = SQLModel.metadata.tables["recording"]
recording_members: Table = SQLModel.metadata.tables["recording_member"]
separations: Table = SQLModel.metadata.tables["separation"]
version_candidates: Table = SQLModel.metadata.tables["version_candidate"]
calibrations: Table = SQLModel.metadata.tables["neighbour_calibration"]
