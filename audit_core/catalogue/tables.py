"""The catalogue: datasets, their tracks through time, and what the tracks hold.

A track is never updated in place. A change closes its row (`to_rev`) and opens another (`from_rev`), with the assets,
checksums and groups that belong to that row. A row is part of the snapshot at revision r if
``from_rev <= r < to_rev``; a revision counts once it is published.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from audit_core.columns import BigId, Document, Instant

__all__ = [
    "FOREVER",
    "Asset",
    "Checksum",
    "Dataset",
    "GroupValue",
    "Lease",
    "Licence",
    "Revision",
    "Source",
    "SourceTerms",
    "Track",
    "TrackGroup",
    "assets",
    "checksums",
    "datasets",
    "group_values",
    "leases",
    "licences",
    "revisions",
    "source_terms",
    "sources",
    "track_groups",
    "tracks",
]

#: `to_rev` of a row that is still so. A number and not NULL, so that a snapshot is one range of an index.
FOREVER = 2**31 - 1


class Dataset(SQLModel, table=True):
    """A collection of tracks that is audited and released as one."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class Revision(SQLModel, table=True):
    """One import, scan or comparison: what it changed, and who brought it. Unpublished is part of no snapshot."""

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int | None = Field(default=None, foreign_key="dataset.id")  # None: of all datasets
    actor: str
    origin: str
    started_at: datetime = Field(sa_type=Instant)
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    abandoned_at: datetime | None = Field(default=None, sa_type=Instant)
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=Document)


class Licence(SQLModel, table=True):
    """A licence as its source wrote it. What it means is read from the licence table at each audit."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(unique=True)


class Source(SQLModel, table=True):
    """Where tracks came from."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class SourceTerms(SQLModel, table=True):
    """Under what terms a source gave its tracks, from one revision to another."""

    __tablename__ = "source_terms"
    __table_args__ = (UniqueConstraint("source_id", "to_rev"),)

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    from_rev: int
    to_rev: int = FOREVER
    kind: str | None = None
    licence_id: int | None = Field(default=None, foreign_key="licence.id")
    contract: str | None = None
    url: str | None = None
    acquired: date | None = None
    acquired_by: str | None = None


class Track(SQLModel, table=True):
    """A row of a dataset, under its natural key, from one revision to another. Blank and unknown are NULL."""

    __table_args__ = (
        UniqueConstraint("dataset_id", "key", "to_rev"),
        Index("track_licence", "dataset_id", "licence_id"),
        Index("track_split", "dataset_id", "split"),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    key: str
    from_rev: int
    to_rev: int = FOREVER
    row_hash: bytes  # 32 bytes: SHA-256 of the row's canonical form
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    work: str | None = None
    recording: str | None = None
    isrc: str | None = None
    iswc: str | None = None
    genre: str | None = None
    language: str | None = None
    region: str | None = None
    year: int | None = None
    duration_ms: int | None = Field(default=None, sa_type=BigId)
    sample_rate_hz: int | None = None
    channels: int | None = None
    split: str | None = None
    licence_id: int | None = Field(default=None, foreign_key="licence.id")
    source_id: int | None = Field(default=None, foreign_key="source.id")
    acquired: date | None = None
    acquired_by: str | None = None
    tags: str | None = None
    extra: dict[str, Any] | None = Field(default=None, sa_type=Document)


class GroupValue(SQLModel, table=True):
    """A value that tracks may share (an artist, an album, a session…), compared by its casefolded NFKC key."""

    __tablename__ = "group_value"
    __table_args__ = (UniqueConstraint("field", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    field: str
    key: str
    label: str  # the spelling that was met first


class TrackGroup(SQLModel, table=True):
    """The values that a track's row holds of each grouping field; it may hold several, or none."""

    __tablename__ = "track_group"
    __table_args__ = (Index("track_group_track", "track_id"), {"sqlite_with_rowid": False})

    field: str = Field(primary_key=True)
    group_id: int = Field(primary_key=True, foreign_key="group_value.id")
    track_id: int = Field(primary_key=True, foreign_key="track.id", sa_type=BigId)


class Asset(SQLModel, table=True):
    """A file of a track's row: its audio, its MIDI, its stems."""

    __table_args__ = (
        Index("asset_track", "track_id"),
        # From a file that was heard to its tracks. By hash: PostgreSQL's trees take no path of thousands of letters.
        Index(
            "asset_path",
            "path",
            postgresql_using="hash",
            postgresql_where=text("path IS NOT NULL"),
            sqlite_where=text("path IS NOT NULL"),
        ),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    track_id: int = Field(foreign_key="track.id", sa_type=BigId)
    role: str
    path: str | None = None
    size_bytes: int | None = Field(default=None, sa_type=BigId)


class Checksum(SQLModel, table=True):
    """A checksum of an asset, comparable within its algorithm only. A blank one is no row: it equals nothing."""

    __table_args__ = (
        Index("checksum_value", "algorithm", "value", "track_id"),
        {"sqlite_with_rowid": False},
    )

    asset_id: int = Field(primary_key=True, foreign_key="asset.id", sa_type=BigId)
    algorithm: str = Field(primary_key=True)
    value: str
    track_id: int = Field(sa_type=BigId)  # the asset's, kept here to save a join


class Lease(SQLModel, table=True):
    """A right that one process holds for a while: to import, to post to a channel."""

    name: str = Field(primary_key=True)
    holder: str
    expires_at: datetime = Field(sa_type=Instant)


# The same tables for SQLAlchemy Core, in which every query is written.
datasets: Table = SQLModel.metadata.tables["dataset"]
revisions: Table = SQLModel.metadata.tables["revision"]
licences: Table = SQLModel.metadata.tables["licence"]
sources: Table = SQLModel.metadata.tables["source"]
source_terms: Table = SQLModel.metadata.tables["source_terms"]
tracks: Table = SQLModel.metadata.tables["track"]
group_values: Table = SQLModel.metadata.tables["group_value"]
track_groups: Table = SQLModel.metadata.tables["track_group"]
assets: Table = SQLModel.metadata.tables["asset"]
checksums: Table = SQLModel.metadata.tables["checksum"]
leases: Table = SQLModel.metadata.tables["lease"]
