"""Audio: where it lies, what a scan found in it, which files hold the same."""

import sqlalchemy as sa
from alembic import op

from audit_core.columns import BigId, Document, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Ordered by bytes on both databases, whatever the server's locale.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audio_match",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("packets_a", TEXT, nullable=False),
        sa.Column("packets_b", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("candidate", sa.Boolean(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("overlap_s", sa.Float(), nullable=False),
        sa.Column("tempo", sa.Float(), nullable=False),
        sa.Column("pitch", sa.Float(), nullable=False),
        sa.Column("stretches", Document(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("packets_a", "packets_b", "to_rev"),
    )
    op.create_index("audio_match_b", "audio_match", ["packets_b"], unique=False)
    op.create_table(
        "compared",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("packets", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("packets", "to_rev"),
    )
    op.create_table(
        "neighbour_calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("wrong_pairs", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("expected_false", sa.Float(), nullable=False),
        sa.Column("expected_low", sa.Float(), nullable=False),
        sa.Column("expected_high", sa.Float(), nullable=False),
        sa.Column("fit", Document(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "recording",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("minted_rev", sa.Integer(), nullable=False),
        sa.Column("merged_into", TEXT, nullable=True),
        sa.Column("merged_rev", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "version_candidate",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("packets_a", TEXT, nullable=False),
        sa.Column("packets_b", TEXT, nullable=False),
        sa.Column("embedder", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("packets_a", "packets_b", "embedder", "to_rev"),
    )
    op.create_index("version_candidate_b", "version_candidate", ["packets_b"], unique=False)
    op.create_table(
        "audio_file",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", BigId(), nullable=True),
        sa.Column("modified_ns", BigId(), nullable=True),
        sa.Column("problem", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("packets", TEXT, nullable=True),
        sa.Column("pcm", TEXT, nullable=True),
        sa.Column("codec", TEXT, nullable=True),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("header_ms", BigId(), nullable=True),
        sa.Column("cut_off", sa.Boolean(), nullable=True),
        sa.Column("duration_ms", BigId(), nullable=True),
        sa.Column("damaged_packets", sa.Integer(), nullable=True),
        sa.Column("peak", sa.Float(), nullable=True),
        sa.Column("clipped", sa.Float(), nullable=True),
        sa.Column("silent", sa.Float(), nullable=True),
        sa.Column("dc", sa.Float(), nullable=True),
        sa.Column("dead_channels", sa.Integer(), nullable=True),
        sa.Column("identical_channels", sa.Boolean(), nullable=True),
        sa.Column("bandwidth_hz", sa.Integer(), nullable=True),
        sa.Column("loudness_lufs", sa.Float(), nullable=True),
        sa.Column("loudness_range_lu", sa.Float(), nullable=True),
        sa.Column("peaks", sa.Integer(), nullable=True),
        sa.Column("versions", Document(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dataset_id", "path", "to_rev"),
    )
    op.create_index("audio_file_packets", "audio_file", ["packets"], unique=False)
    op.create_index("audio_file_pcm", "audio_file", ["pcm"], unique=False)
    op.create_index("audio_file_sha256", "audio_file", ["sha256"], unique=False)
    op.create_table(
        "audio_root",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
        ),
        sa.PrimaryKeyConstraint("dataset_id"),
    )
    op.create_table(
        "recording_member",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("packets", TEXT, nullable=False),
        sa.Column("recording", TEXT, nullable=False),
        sa.Column("from_rev", sa.Integer(), nullable=False),
        sa.Column("to_rev", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording"],
            ["recording.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("packets", "to_rev"),
    )
    op.create_index("recording_member_recording", "recording_member", ["recording"], unique=False)
    op.create_table(
        "separation",
        sa.Column("packets_a", TEXT, nullable=False),
        sa.Column("packets_b", TEXT, nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
        ),
        sa.PrimaryKeyConstraint("packets_a", "packets_b", "decision_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "asset_path",
        "asset",
        ["path"],
        unique=False,
        postgresql_using="hash",
        postgresql_where=sa.text("path IS NOT NULL"),
        sqlite_where=sa.text("path IS NOT NULL"),
    )
    with op.batch_alter_table("revision") as revision:  # SQLite makes the table anew
        revision.alter_column("dataset_id", existing_type=sa.Integer(), nullable=True)
