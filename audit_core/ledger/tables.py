"""The ledger's tables: the chain itself, and the rows that it vouches for.

`LedgerEntry` is the chain. `Run`, `Finding`, `Decision`, `Quarantine` and `Waiver` are written with an entry that
holds their content or its Merkle root, so that `ledger verify` can tell when one of them was altered. `Violation` is
the fold of findings and decisions: what is so now.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Table
from sqlmodel import Field, SQLModel

from audit_core.columns import Document, Instant

__all__ = [
    "Decision",
    "Finding",
    "LedgerEntry",
    "PolicyActivation",
    "PolicyAnswer",
    "PolicyProposal",
    "PolicyText",
    "Quarantine",
    "QuarantineContent",
    "Run",
    "Violation",
    "Waiver",
    "WaiverViolation",
    "decisions",
    "findings",
    "ledger_entries",
    "policy_activations",
    "policy_answers",
    "policy_proposals",
    "policy_texts",
    "quarantine_contents",
    "quarantines",
    "runs",
    "violations",
    "waiver_violations",
    "waivers",
]


class LedgerEntry(SQLModel, table=True):
    """A link of the chain. `payload` is canonical JSON, kept as the text that was hashed."""

    __tablename__ = "ledger"

    seq: int = Field(primary_key=True)  # from 1, without gaps
    at: datetime = Field(sa_type=Instant)
    kind: str
    actor: str
    via: str
    payload: str
    previous: str  # hash of the link before; of the first, 64 zeros
    hash: str  # SHA-256, hex, of all the above


class PolicyText(SQLModel, table=True):
    """The text of every policy that was ever proposed or activated, addressed by its SHA-256."""

    __tablename__ = "policy_text"

    sha256: str = Field(primary_key=True)
    policy: str
    text: str


class PolicyProposal(SQLModel, table=True):
    """A text that somebody wants in force, or a policy out of force, and what became of it."""

    __tablename__ = "policy_proposal"

    id: str = Field(primary_key=True)
    seq: int = Field(foreign_key="ledger.seq")
    policy: str
    sha256: str | None = Field(default=None, foreign_key="policy_text.sha256")  # None: the policy is to be retired
    base_sha256: str | None = Field(default=None, foreign_key="policy_text.sha256")  # in force when it was proposed
    person: str
    via: str
    at: datetime = Field(sa_type=Instant)
    reason: str
    origin: str  # the file, where there is one
    git_commit: str | None = None
    state: str  # examining, proposed, activated, rejected, withdrawn, refused
    preview: dict[str, Any] | None = Field(default=None, sa_type=Document)
    confirmations: int = 1  # how many it needs
    refused: str | None = None  # why
    decided_at: datetime | None = Field(default=None, sa_type=Instant)


class PolicyAnswer(SQLModel, table=True):
    """What a person said to a proposal. Append-only."""

    __tablename__ = "policy_answer"

    proposal_id: str = Field(primary_key=True, foreign_key="policy_proposal.id")
    person: str = Field(primary_key=True)
    answer: str  # confirm, reject, withdraw
    seq: int = Field(foreign_key="ledger.seq")
    via: str
    at: datetime = Field(sa_type=Instant)
    reason: str


class PolicyActivation(SQLModel, table=True):
    """A policy's text put in force, or the policy out of force. Append-only.

    In force at a moment is, of each policy, what was activated last among all that is effective by then.
    """

    __tablename__ = "policy_activation"

    seq: int = Field(primary_key=True, foreign_key="ledger.seq")
    policy: str
    sha256: str | None = Field(default=None, foreign_key="policy_text.sha256")  # None: retired
    effective_at: datetime = Field(sa_type=Instant)
    at: datetime = Field(sa_type=Instant)
    person: str
    via: str
    proposal_id: str | None = Field(default=None, foreign_key="policy_proposal.id")
    git_commit: str | None = None


class Run(SQLModel, table=True):
    """One audit. Its findings count once `finished_at` is set; `settled_at` says they are folded into violations.

    One that was interrupted is abandoned by the next: its findings are deleted, and it can't be finished any more.
    """

    id: int | None = Field(default=None, primary_key=True)
    revision: int
    as_of: datetime = Field(sa_type=Instant)
    seed: int
    tool_version: str
    inputs: dict[str, Any] = Field(sa_type=Document)  # policy → sha256, and the licence table's digest
    actor: str
    via: str
    started_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    announced_at: datetime | None = Field(default=None, sa_type=Instant)  # its posts are in the outbox
    abandoned_at: datetime | None = Field(default=None, sa_type=Instant)
    merkle_root: str | None = None
    outcomes: list[Any] = Field(default_factory=list, sa_type=Document)  # one a rule and dataset


class Finding(SQLModel, table=True):
    """What a run changed about one violation. Append-only."""

    __table_args__ = (Index("finding_key", "key"), {"sqlite_with_rowid": False})

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    key: str = Field(primary_key=True)
    transition: str  # opened, reopened, changed, resolved, gone, superseded, renamed
    policy: str
    rule: str
    kind: str
    dataset: str
    severity: str
    mode: str  # enforce, or observe: counted, not posted
    subject_kind: str  # track, pair, group, value, rule
    subject: str
    discriminator: str
    message: str
    evidence: dict[str, Any] = Field(sa_type=Document)
    bound_hash: str  # of the evidence that an approval is bound to
    seen_revision: int  # of the violation, as the run saw it; 0 if there was none
    leaf: str  # hash of all the above, hex: a leaf of the run's Merkle tree


class Violation(SQLModel, table=True):
    """A rule's complaint about one subject, under a key that stays: the fold of its findings and decisions."""

    __table_args__ = (Index("violation_rule", "policy", "rule", "dataset", "state"),)

    key: str = Field(primary_key=True)
    policy: str
    rule: str
    kind: str
    dataset: str
    severity: str
    mode: str
    subject_kind: str
    subject: str
    discriminator: str
    message: str
    evidence: dict[str, Any] = Field(sa_type=Document)
    bound_hash: str
    state: str
    revision: int = 1  # goes up at every change: a button that carries an older one is stale
    reopened: int = 0
    opened_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    run_id: int = Field(foreign_key="run.id")  # the last run with a finding about it
    decision_id: str | None = None  # the decision in force


class Decision(SQLModel, table=True):
    """What a person decided about one violation, under which policy text. Append-only."""

    __table_args__ = (Index("decision_violation", "violation_key"),)

    id: str = Field(primary_key=True)
    seq: int = Field(foreign_key="ledger.seq")
    verdict: str  # approve, quarantine, waive, release, separate
    violation_key: str = Field(foreign_key="violation.key")
    violation_revision: int
    person: str
    via: str
    at: datetime = Field(sa_type=Instant)
    reason: str
    evidence_url: str | None = None
    policy_sha256: str


class Quarantine(SQLModel, table=True):
    """A track that is out, by its key, from a moment until it is released."""

    __table_args__ = (Index("quarantine_track", "dataset", "track_key"),)

    id: int | None = Field(default=None, primary_key=True)
    decision_id: str = Field(foreign_key="decision.id")
    dataset: str
    track_key: str
    since: datetime = Field(sa_type=Instant)
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    released_by: str | None = None  # the releasing decision


class QuarantineContent(SQLModel, table=True):
    """The content that is out with a quarantined track: every byte-identical copy is out too, in any dataset."""

    __tablename__ = "quarantine_content"
    __table_args__ = (Index("quarantine_content_value", "algorithm", "value"), {"sqlite_with_rowid": False})

    quarantine_id: int = Field(primary_key=True, foreign_key="quarantine.id")
    algorithm: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class Waiver(SQLModel, table=True):
    """Violations that are tolerated from one moment until the end of a day."""

    decision_id: str = Field(primary_key=True, foreign_key="decision.id")
    rule: str
    since: datetime = Field(sa_type=Instant)
    until: date
    ends_at: datetime = Field(sa_type=Instant)


class WaiverViolation(SQLModel, table=True):
    """The violations that a waiver covers: a list frozen when it was granted."""

    __tablename__ = "waiver_violation"
    __table_args__ = (Index("waiver_violation_key", "violation_key"), {"sqlite_with_rowid": False})

    decision_id: str = Field(primary_key=True, foreign_key="waiver.decision_id")
    violation_key: str = Field(primary_key=True, foreign_key="violation.key")


# The same tables for SQLAlchemy Core, in which every query is written.
ledger_entries: Table = SQLModel.metadata.tables["ledger"]
policy_texts: Table = SQLModel.metadata.tables["policy_text"]
policy_proposals: Table = SQLModel.metadata.tables["policy_proposal"]
policy_answers: Table = SQLModel.metadata.tables["policy_answer"]
policy_activations: Table = SQLModel.metadata.tables["policy_activation"]
runs: Table = SQLModel.metadata.tables["run"]
findings: Table = SQLModel.metadata.tables["finding"]
violations: Table = SQLModel.metadata.tables["violation"]
decisions: Table = SQLModel.metadata.tables["decision"]
quarantines: Table = SQLModel.metadata.tables["quarantine"]
quarantine_contents: Table = SQLModel.metadata.tables["quarantine_content"]
waivers: Table = SQLModel.metadata.tables["waiver"]
waiver_violations: Table = SQLModel.metadata.tables["waiver_violation"]
