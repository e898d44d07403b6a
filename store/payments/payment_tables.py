"""The tables of payment files; lines hold references only, personal data is sealed and no Aadhaar number is here.

The only exception is the sealed outgoing file, which is left out of backups and destroyed with the final status of
its last line (ADR 0015).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from store.database import LARGE_ROWS, NOT_KEPT_ELSEWHERE, Instant, Json, Key
from store.database.metadata import metadata

_DECLINED = text("codes IS NOT NULL")

beneficiaries_table = Table(
    "payment_beneficiaries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("sanction_id", Key, ForeignKey("sanctions.id"), nullable=False),
    Column("scheme_code", Key, nullable=False),
    Column("agency", Key, nullable=False),
    Column("method", Key, nullable=False),
    Column("version", Integer, nullable=False),
    Column("account_id", Key, nullable=False),
    Column("state", Key, nullable=False),
    Column("state_at", Instant, nullable=False),
    Column("cpsms_id", Key),
    Column("codes", Json),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("sanction_id"),
    Index(None, "citizen_id"),
    Index(None, "state", "scheme_code", "agency", "method", "id"),
    Index("ix_payment_beneficiaries_state_state_at", "state", "state_at", "id"),
    Index(
        "ix_payment_beneficiaries_declined",
        "state",
        "state_at",
        "id",
        sqlite_where=_DECLINED,
        postgresql_where=_DECLINED,
    ),
)

accounts_table = Table(
    "beneficiary_accounts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("beneficiary_id", Key, ForeignKey("payment_beneficiaries.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("beneficiary_id", "version"),
    Index(None, "citizen_id"),
)

numbers_table = Table(
    "payment_numbers",
    metadata,
    Column("kind", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

runs_table = Table(
    "payment_runs",
    metadata,
    Column("day", Date, primary_key=True),
    Column("slot", Key, primary_key=True),
    Column("place", Json),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("batches", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
)

batches_table = Table(
    "payment_batches",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("message_id", Key, nullable=False),
    Column("batch_id", Key, nullable=False),
    Column("file_name", Key, nullable=False),
    Column("scheme_code", Key, nullable=False),
    Column("agency", Key, nullable=False),
    Column("method", Key, nullable=False),
    Column("pfms_scheme", Key, nullable=False),
    Column("agency_name", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("total_paise", BigInteger, nullable=False),
    Column("state", Key, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("executes_on", Date, nullable=False),
    Column("digest", Key),
    Column("size", BigInteger),
    Column("started_at", Instant),
    Column("sent_at", Instant),
    Column("answered_at", Instant),
    Column("closed_at", Instant),
    Column("signed_by", Key),
    Column("way", Key),
    UniqueConstraint("message_id"),
    UniqueConstraint("batch_id"),
    UniqueConstraint("file_name"),
    Index("ix_payment_batches_state_created_at", "state", "created_at"),
    Index("ix_payment_batches_created_at_id", "created_at", "id"),
)

registration_lines_table = Table(
    "registration_lines",
    metadata,
    Column("batch_id", Key, ForeignKey("payment_batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("beneficiary_id", Key, ForeignKey("payment_beneficiaries.id"), nullable=False),
    Column("account_id", Key, ForeignKey("beneficiary_accounts.id"), nullable=False),
    Column("purpose", Key, nullable=False),
    Column("cpsms_id", Key),
    Column("state", Key, nullable=False),
    Column("state_at", Instant, nullable=False),
    Column("codes", Json),
    Index(None, "beneficiary_id"),
)

_NOT_RELEASED, _RELEASED = text("state <> 'RELEASED'"), text("state = 'RELEASED'")

lines_table = Table(
    "payment_lines",
    metadata,
    Column("batch_id", Key, ForeignKey("payment_batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("instalment_id", Key, ForeignKey("instalments.id"), nullable=False),
    Column("end_to_end_id", Key, nullable=False),
    Column("beneficiary_id", Key, ForeignKey("payment_beneficiaries.id"), nullable=False),
    Column("account_id", Key, ForeignKey("beneficiary_accounts.id"), nullable=False),
    Column("amount_paise", BigInteger, nullable=False),
    Column("state", Key, nullable=False),
    Column("state_at", Instant, nullable=False),
    Column("codes", Json),
    Column("utr_digest", Key),
    Column("utr_last4", Key),
    Column("value_on", Date),
    # An order is out once: these two let no second line of the same payment exist while PFMS may have one.
    Index(
        "uq_payment_lines_living_end_to_end_id",
        "end_to_end_id",
        unique=True,
        sqlite_where=_NOT_RELEASED,
        postgresql_where=_NOT_RELEASED,
    ),
    Index(
        "uq_payment_lines_living_instalment_id",
        "instalment_id",
        unique=True,
        sqlite_where=_NOT_RELEASED,
        postgresql_where=_NOT_RELEASED,
    ),
    Index(
        "ix_payment_lines_released",
        "end_to_end_id",
        "state_at",
        sqlite_where=_RELEASED,
        postgresql_where=_RELEASED,
    ),
    Index(None, "utr_digest"),
    Index("ix_payment_lines_state_state_at", "state", "state_at"),
)

RELEASED = lines_table.c.state == literal_column("'RELEASED'")
NOT_RELEASED = lines_table.c.state != literal_column("'RELEASED'")
"""Said without a parameter: only so do both databases see that an index of a part of the lines is enough."""

sealed_files_table = Table(
    "payment_sealed_files",
    metadata,
    Column("batch_id", Key, ForeignKey("payment_batches.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    info={NOT_KEPT_ELSEWHERE: True, LARGE_ROWS: True},
)
"""A backup leaves it out: the file is made again from its references, with the same bytes."""

signing_certificates_table = Table(
    "signing_certificates",
    metadata,
    Column("fingerprint", Key, primary_key=True),
    Column("state", Key, nullable=False),
    Column("heard_at", Instant, nullable=False),
    Column("codes", Json),
    Column("source", Key, nullable=False),
)
"""What PFMS said last of each certificate that we sign with; of one that is not here nothing was ever heard."""

files_table = Table(
    "payment_files",
    metadata,
    Column("id", Key, primary_key=True),
    Column("direction", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("digest", Key, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", Key, nullable=False),
    Column("batch_id", Key, ForeignKey("payment_batches.id")),
    Column("rows", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("reason", Key),
    Column("detail", Text),
    Column("seen_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("direction", "kind", "name", "digest"),
    Index("ix_payment_files_state_seen_at", "state", "seen_at"),
    Index("ix_payment_files_seen_at_id", "seen_at", "id"),
    Index(None, "name"),
    Index(None, "batch_id"),
)

answers_table = Table(
    "payment_answers",
    metadata,
    Column("file_id", Key, ForeignKey("payment_files.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    info={LARGE_ROWS: True},
)
