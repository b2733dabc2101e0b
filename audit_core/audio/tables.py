"""Where the audio of a dataset lies, and what a scan found in each file, through time.

A file's row is never updated in place, as a track's is not: a file that changed, or of which more was measured, closes
its row (`to_rev`) and opens another (`from_rev`). A row belongs to the tracks of its dataset that name its path in an
asset of role audio.
"""

from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from audit_core.catalogue.tables import FOREVER
from audit_core.columns import BigId, Document

__all__ = ["AudioFile", "AudioRoot", "audio_files", "audio_roots"]


class AudioRoot(SQLModel, table=True):
    """Where the paths of a dataset's audio begin: a folder, or an address that fsspec reads."""

    __tablename__ = "audio_root"

    dataset_id: int = Field(primary_key=True, foreign_key="dataset.id")
    url: str


class AudioFile(SQLModel, table=True):
    """What a scan found in a file, from one revision to another. What was not measured is NULL.

    `problem` says in one word why a file was not heard, and `reason` in a sentence; a row with one may still have what
    was found before it. `packets` identifies what was encoded, whatever the tags around it: features are kept under it.
    """

    __tablename__ = "audio_file"
    __table_args__ = (
        UniqueConstraint("dataset_id", "path", "to_rev"),
        Index("audio_file_sha256", "sha256"),
        Index("audio_file_packets", "packets"),
        Index("audio_file_pcm", "pcm"),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    path: str
    from_rev: int
    to_rev: int = FOREVER
    row_hash: bytes  # 32 bytes: SHA-256 of the row's canonical form
    size_bytes: int | None = Field(default=None, sa_type=BigId)
    modified_ns: int | None = Field(default=None, sa_type=BigId)

    problem: str | None = None  # missing, outside, unreadable, undecodable, timeout, crashed, changing
    reason: str | None = None

    sha256: str | None = None  # of the file
    packets: str | None = None  # SHA-256 of the demuxed audio packets, and of what is needed to decode them
    pcm: str | None = None  # SHA-256 of the decoded samples, with rate and channels

    codec: str | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    header_ms: int | None = Field(default=None, sa_type=BigId)  # as the file states it
    cut_off: bool | None = None  # of an Ogg: its end is missing; False: header_ms tells; NULL: nothing does
    duration_ms: int | None = Field(default=None, sa_type=BigId)  # as it was decoded
    damaged_packets: int | None = None  # that the decoder refused

    # Shares are of 1; levels are of full scale.
    peak: float | None = None
    clipped: float | None = None  # share of samples in runs at the rails
    silent: float | None = None  # share of the time below -60 dBFS
    dc: float | None = None  # the largest mean of a channel
    dead_channels: int | None = None
    identical_channels: bool | None = None
    bandwidth_hz: int | None = None
    loudness_lufs: float | None = None  # integrated, EBU R 128; NULL of silence
    loudness_range_lu: float | None = None

    peaks: int | None = None  # how many the fingerprint has
    versions: dict[str, Any] = Field(default_factory=dict, sa_type=Document)  # extractor → its version


# The same tables for SQLAlchemy Core, in which every query is written.
audio_roots: Table = SQLModel.metadata.tables["audio_root"]
audio_files: Table = SQLModel.metadata.tables["audio_file"]
