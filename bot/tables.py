"""What the conversation must remember: posts to send, posts that were sent, jobs that ran, digests."""

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
    "SlackMessage",
    "digests",
    "group_members",
    "job_runs",
    "outbox",
    "slack_messages",
]


class Outbox(SQLModel, table=True):
    """Something to say in a channel, written with the change that calls for it, sent once.

    `subject` names what the message is about (``parent:policy/rule/dataset``, ``items:RUN:…``, ``digest:…``); its
    text is made when it is sent, from what is so then.
    """

    __table_args__ = (
        UniqueConstraint("dedupe"),
        Index("outbox_lane", "channel", "sent_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str  # as the policy names it, without the #
    method: str  # post or update
    subject: str
    parent: str | None = None  # the subject in whose thread it is said
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    dedupe: str
    created_at: datetime = Field(sa_type=Instant)
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    attempted_at: datetime | None = Field(default=None, sa_type=Instant)  # set before each try: Slack may have it
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    failed: str | None = None  # a refusal that no retry mends


class SlackMessage(SQLModel, table=True):
    """A message that Slack has: where it stands, and what it is about."""

    __tablename__ = "slack_message"

    subject: str = Field(primary_key=True)
    channel_id: str
    ts: str
    outbox_id: int = Field(foreign_key="outbox.id")
    posted_at: datetime = Field(sa_type=Instant)


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
slack_messages: Table = SQLModel.metadata.tables["slack_message"]
job_runs: Table = SQLModel.metadata.tables["job_run"]
digests: Table = SQLModel.metadata.tables["digest"]
group_members: Table = SQLModel.metadata.tables["group_members"]
