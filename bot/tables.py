"""What the conversation must remember: what it says where, jobs that ran, digests, who is in a group."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from audit_core.columns import Document, Instant

__all__ = [
    "Digest",
    "GroupMembers",
    "JobRun",
    "Outbox",
    "OutboxItem",
    "digests",
    "group_members",
    "job_runs",
    "outbox",
    "outbox_items",
]


class Outbox(SQLModel, table=True):
    """A message in a channel: what it is about, and where Slack has it. Posted once, then edited for life.

    `subject` names what the message is about; what it says is made when it is sent, from what is so then. To ask for
    an edit is to put `asked` up and `sent_at` back to NULL, so that ten decisions in a second are one edit.
    """

    __table_args__ = (
        UniqueConstraint("subject"),
        UniqueConstraint("token"),
        Index("outbox_pending", "sent_at", "channel", "id"),
        Index("outbox_thread", "parent"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str  # as the policy names it, without the #
    subject: str
    parent: str | None = None  # the subject in whose thread it is said
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    token: str  # random; the message carries it as metadata, by which it is found again
    asked: int = 1  # an edit in flight does not count as one that was asked for meanwhile
    created_at: datetime = Field(sa_type=Instant)
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    attempted_at: datetime | None = Field(default=None, sa_type=Instant)  # set before a post: Slack may have it
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    failed: str | None = None  # why Slack refuses it: for good, or with `not_before` until that moment
    channel_id: str | None = None
    ts: str | None = None
    shown: str | None = None  # SHA-256 of what Slack shows: an edit that changes nothing is not sent


class OutboxItem(SQLModel, table=True):
    """A violation that a thread message lists, in the order in which it is listed."""

    __tablename__ = "outbox_item"
    __table_args__ = (Index("outbox_item_key", "violation_key"), {"sqlite_with_rowid": False})

    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id")
    position: int = Field(primary_key=True)
    violation_key: str


class JobRun(SQLModel, table=True):
    """A firing of the schedule, claimed by one process before the work, so that it happens once."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True)
    due: datetime = Field(primary_key=True, sa_type=Instant)
    claimed_by: str
    claimed_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    late: bool = False
    failed: str | None = None


class Digest(SQLModel, table=True):
    """A digest as it was given out, with the ledger's head, which shows a tail that was cut later."""

    __table_args__ = (UniqueConstraint("policy", "period_end"),)

    id: int | None = Field(default=None, primary_key=True)
    policy: str
    period_start: datetime = Field(sa_type=Instant)
    period_end: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    head_seq: int
    head_hash: str
    content: dict[str, Any] = Field(sa_type=Document)


class GroupMembers(SQLModel, table=True):
    """The members of a Slack user group, as Slack last told."""

    __tablename__ = "group_members"

    handle: str = Field(primary_key=True)  # with the @
    members: list[str] = Field(sa_type=Document)
    refreshed_at: datetime = Field(sa_type=Instant)


# The same tables for SQLAlchemy Core, in which every query is written.
outbox: Table = SQLModel.metadata.tables["outbox"]
outbox_items: Table = SQLModel.metadata.tables["outbox_item"]
job_runs: Table = SQLModel.metadata.tables["job_run"]
digests: Table = SQLModel.metadata.tables["digest"]
group_members: Table = SQLModel.metadata.tables["group_members"]
