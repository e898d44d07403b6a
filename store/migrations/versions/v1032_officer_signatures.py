"""Adds officers' enrolled tokens, certificates that wait for a signature, and who signed."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key

revision = "1032"
down_revision = "1031"


def _keys(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, Key, nullable=nullable) for name in names]


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _instants(*names: str, nullable: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, Instant, nullable=nullable) for name in names]


def _reference(name: str, to: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, Key, sa.ForeignKey(to), nullable=nullable)


def upgrade() -> None:
    """Create them; until a definition says otherwise the system signs."""
    op.create_table(
        "token_enrolments",
        sa.Column("id", Key, primary_key=True),
        _reference("officer_id", "officers.officer_id"),
        sa.Column("post", Json, nullable=False),
        *_keys("sha256"),
        *_texts("subject", "issuer"),
        *_keys("serial"),
        *_texts("certificate"),
        *_instants("begins_at", "expires_at"),
        *_keys("state", "entered_by"),
        *_instants("entered_at"),
        *_keys("confirmed_by", nullable=True),
        *_instants("confirmed_at", nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "certificate_signings",
        sa.Column("id", Key, primary_key=True),
        _reference("application_id", "applications.id"),
        sa.Column("signers", Json, nullable=False),
        *_keys("state"),
        *_instants("created_at"),
        sa.Column("place", sa.Integer, nullable=False),
        *_keys("signer_id"),
        *_keys("corrects", nullable=True),
        sa.Column("minted", Json),
        *_keys("batch_id", nullable=True),
        _reference("enrolment_id", "token_enrolments.id", nullable=True),
        *_instants("expires_at", nullable=True),
        *_keys("digest", nullable=True),
        sa.Column("prepared", sa.LargeBinary),
        *_texts("signature", nullable=True),
        *_keys("failure", nullable=True),
        _reference("certificate_id", "certificates.id", nullable=True),
        *_keys("level", "released_sha256", nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "certificate_signatures",
        sa.Column("id", Key, primary_key=True),
        _reference("application_id", "applications.id"),
        _reference("signing_id", "certificate_signings.id"),
        sa.Column("place", sa.Integer, nullable=False),
        *_keys("officer_id"),
        _reference("enrolment_id", "token_enrolments.id"),
        *_texts("name_hi", "designation_hi", "office_hi", nullable=True),
        *_texts("name_en", "designation_en", "office_en"),
        *_instants("signed_at"),
        *_texts("evidence"),
        *_keys("evidence_kind"),
        sa.UniqueConstraint("signing_id", "place", name="uq_certificate_signatures_signing_id_place"),
    )
    for table, columns in (
        ("token_enrolments", ("officer_id", "sha256")),
        (
            "certificate_signings",
            ("signer_id", "state", "batch_id", "application_id", "certificate_id", "released_sha256"),
        ),
        ("certificate_signatures", ("application_id",)),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Drop them."""
    for table in ("certificate_signatures", "certificate_signings", "token_enrolments"):
        op.drop_table(table)
