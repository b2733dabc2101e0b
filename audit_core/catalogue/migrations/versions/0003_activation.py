"""Activation: what was proposed, who answered, and every activation with the moment from which it counts."""

import json

import sqlalchemy as sa
from alembic import op

from audit_core.columns import Document, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Ordered by bytes on both databases, whatever the server's locale.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and carry over what was activated and retired so far."""
    op.create_table(
        "policy_proposal",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("base_sha256", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("git_commit", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("preview", Document(), nullable=True),
        sa.Column("confirmations", sa.Integer(), nullable=False),
        sa.Column("refused", TEXT, nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"]),
        sa.ForeignKeyConstraint(["sha256"], ["policy_text.sha256"]),
        sa.ForeignKeyConstraint(["base_sha256"], ["policy_text.sha256"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "policy_answer",
        sa.Column("proposal_id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["policy_proposal.id"]),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"]),
        sa.PrimaryKeyConstraint("proposal_id", "person"),
    )
    activation = op.create_table(
        "policy_activation",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("effective_at", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("proposal_id", TEXT, nullable=True),
        sa.Column("git_commit", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"]),
        sa.ForeignKeyConstraint(["sha256"], ["policy_text.sha256"]),
        sa.ForeignKeyConstraint(["proposal_id"], ["policy_proposal.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    if rows := _activations(op.get_bind()):
        op.bulk_insert(activation, rows)
    op.drop_table("active_policy")


def _activations(connection: sa.Connection) -> list[dict[str, object]]:
    """Read from the ledger what was activated and retired. What it names and is gone, `ledger verify` tells of."""
    ledger = sa.table(
        "ledger",
        sa.column("seq", sa.Integer()),
        sa.column("at", Instant()),
        sa.column("kind", sa.String()),
        sa.column("actor", sa.String()),
        sa.column("via", sa.String()),
        sa.column("payload", sa.String()),
    )
    kept: set[str] = set(connection.scalars(sa.select(sa.column("sha256")).select_from(sa.table("policy_text"))))
    entries = sa.select(ledger).where(ledger.c.kind.in_(("activation", "retirement"))).order_by(ledger.c.seq)
    rows: list[dict[str, object]] = []
    for entry in connection.execute(entries):
        policy, sha256 = _named(entry.payload)
        if policy is None or (sha256 not in kept if entry.kind == "activation" else sha256 is not None):
            continue
        row = {"seq": entry.seq, "policy": policy, "sha256": sha256, "person": entry.actor, "via": entry.via}
        rows.append(row | {"effective_at": entry.at, "at": entry.at, "proposal_id": None, "git_commit": None})
    return rows


def _named(payload: str) -> tuple[str | None, str | None]:
    """Read policy and text from an entry; nothing from one that was damaged."""
    try:
        named = json.loads(payload)
        return named["policy"], named.get("sha256")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, None
