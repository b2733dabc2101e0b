"""The first shape: catalogue, ledger, conversation."""

import sqlalchemy as sa
from alembic import op

from audit_core.columns import BigId, Document, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Ordered by bytes on both databases, whatever the server's locale.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("period_start", Instant(), nullable=False),
        sa.Column("period_end", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", TEXT, nullable=False),
        sa.Column("content", Document(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("policy", "period_end"),
    )
    op.create_table(
        "group_members",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("members", Document(), nullable=False),
        sa.Column("refreshed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("handle"),
    )
    op.create_table(
        "group_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("field", "key"),
    )
    op.create_table(
        "job_run",
        sa.Column("job", TEXT, nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("claimed_by", TEXT, nullable=False),
        sa.Column("claimed_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("failed", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("job", "due"),
    )
    op.create_table(
        "lease",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("previous", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "licence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("text"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=True),
        sa.Column("content", Document(), nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("failed", TEXT, nullable=True),
        sa.Column("channel_id", TEXT, nullable=True),
        sa.Column("ts", TEXT, nullable=True),
        sa.Column("shown", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject"),
        sa.UniqueConstraint("token"),
    )
    op.create_index("outbox_pending", "outbox", ["sent_at", "channel", "id"], unique=False)
    op.create_index("outbox_thread", "outbox", ["parent"], unique=False)
    op.create_table(
        "policy_text",
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("tool_version", TEXT, nullable=False),
        sa.Column("inputs", Document(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("announced_at", Instant(), nullable=True),
        sa.Column("abandoned_at", Instant(), nullable=True),
        sa.Column("merkle_root", TEXT, nullable=True),
        sa.Column("outcomes", Document(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "active_policy",
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("activated_at", Instant(), nullable=False),
        sa.Column("activated_by", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["policy_text.sha256"],
        ),
        sa.PrimaryKeyConstraint("policy"),
    )
    op.create_table(
        "finding",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("transition", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("dataset", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("discriminator", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("evidence", Document(), nullable=False),
        sa.Column("bound_hash", TEXT, nullable=False),
        sa.Column("seen_revision", sa.Integer(), nullable=False),
        sa.Column("leaf", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("finding_key", "finding", ["key"], unique=False)
    op.create_table(
        "outbox_item",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("violation_key", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"],
            ["outbox.id"],
        ),
        sa.PrimaryKeyConstraint("outbox_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("outbox_item_key", "outbox_item", ["violation_key"], unique=False)
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("abandoned_at", Instant(), nullable=True),
        sa.Column("counts", Document(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "source_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=True),
        sa.Column("licence_id", sa.Integer(), nullable=True),
        sa.Column("contract", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("acquired", sa.Date(), nullable=True),
        sa.Column("acquired_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["licence_id"],
            ["licence.id"],
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_id", "to_rev"),
    )
    op.create_table(
        "track",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("artist", TEXT, nullable=True),
        sa.Column("album", TEXT, nullable=True),
        sa.Column("work", TEXT, nullable=True),
        sa.Column("recording", TEXT, nullable=True),
        sa.Column("isrc", TEXT, nullable=True),
        sa.Column("iswc", TEXT, nullable=True),
        sa.Column("genre", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("region", TEXT, nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("duration_ms", BigId(), nullable=True),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("split", TEXT, nullable=True),
        sa.Column("licence_id", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("acquired", sa.Date(), nullable=True),
        sa.Column("acquired_by", TEXT, nullable=True),
        sa.Column("tags", TEXT, nullable=True),
        sa.Column("extra", Document(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
        ),
        sa.ForeignKeyConstraint(
            ["licence_id"],
            ["licence.id"],
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dataset_id", "key", "to_rev"),
    )
    op.create_index("track_licence", "track", ["dataset_id", "licence_id"], unique=False)
    op.create_index("track_split", "track", ["dataset_id", "split"], unique=False)
    op.create_table(
        "violation",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("dataset", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("discriminator", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("evidence", Document(), nullable=False),
        sa.Column("bound_hash", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("decision_id", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("violation_rule", "violation", ["policy", "rule", "dataset", "state"], unique=False)
    op.create_table(
        "asset",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("track_id", BigId(), nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=True),
        sa.Column("size_bytes", BigId(), nullable=True),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("asset_track", "asset", ["track_id"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("violation_key", TEXT, nullable=False),
        sa.Column("violation_revision", sa.Integer(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("evidence_url", TEXT, nullable=True),
        sa.Column("policy_sha256", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger.seq"],
        ),
        sa.ForeignKeyConstraint(
            ["violation_key"],
            ["violation.key"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decision_violation", "decision", ["violation_key"], unique=False)
    op.create_table(
        "track_group",
        sa.Column("field", TEXT, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("track_id", BigId(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["group_value.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("field", "group_id", "track_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("track_group_track", "track_group", ["track_id"], unique=False)
    op.create_table(
        "checksum",
        sa.Column("asset_id", BigId(), nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("track_id", BigId(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
        ),
        sa.PrimaryKeyConstraint("asset_id", "algorithm"),
        sqlite_with_rowid=False,
    )
    op.create_index("checksum_value", "checksum", ["algorithm", "value", "track_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("dataset", TEXT, nullable=False),
        sa.Column("track_key", TEXT, nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("released_at", Instant(), nullable=True),
        sa.Column("released_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("quarantine_track", "quarantine", ["dataset", "track_key"], unique=False)
    op.create_table(
        "waiver",
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
        ),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_table(
        "quarantine_content",
        sa.Column("quarantine_id", sa.Integer(), nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["quarantine_id"],
            ["quarantine.id"],
        ),
        sa.PrimaryKeyConstraint("quarantine_id", "algorithm", "value"),
        sqlite_with_rowid=False,
    )
    op.create_index("quarantine_content_value", "quarantine_content", ["algorithm", "value"], unique=False)
    op.create_table(
        "waiver_violation",
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("violation_key", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["waiver.decision_id"],
        ),
        sa.ForeignKeyConstraint(
            ["violation_key"],
            ["violation.key"],
        ),
        sa.PrimaryKeyConstraint("decision_id", "violation_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("waiver_violation_key", "waiver_violation", ["violation_key"], unique=False)
