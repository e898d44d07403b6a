"""The tables of payment files; lines hold references only, personal data is sealed and no Aadhaar number is here.

The only exception is the sealed outgoing file, which is left out of backups and destroyed with the final status of
its last line (ADR 0015).
"""

import sqlalchemy as sa

from domain.payments.files import BatchLine, Beneficiary, LedgerFile, PaymentFileBatch, SignerEnrolment
from store.database import LARGE_ROWS, NOT_KEPT_ELSEWHERE, Instant, Json, Key
from store.database.metadata import metadata, partial_index, table_of

beneficiaries_table = table_of(
    Beneficiary,
    "payment_beneficiaries",
    sa.Column("scheme_code", Key, nullable=False),
    sa.Column("agency", Key, nullable=False),
    sa.Column("method", Key, nullable=False),
    sa.Column("codes", Json),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("sanction_id"),
    sa.Index(None, "citizen_id"),
    sa.Index(None, "state", "scheme_code", "agency", "method", "id"),
    sa.Index("ix_payment_beneficiaries_state_state_at", "state", "state_at", "id"),
    partial_index("ix_payment_beneficiaries_declined", "state", "state_at", "id", where="codes IS NOT NULL"),
    apart=("group",),
)

accounts_table = sa.Table(
    "beneficiary_accounts",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("beneficiary_id", Key, sa.ForeignKey("payment_beneficiaries.id"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("details", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("beneficiary_id", "version"),
    sa.Index(None, "citizen_id"),
)

numbers_table = sa.Table(
    "payment_numbers",
    metadata,
    sa.Column("kind", Key, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

runs_table = sa.Table(
    "payment_runs",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("slot", Key, primary_key=True),
    sa.Column("place", Json),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("batches", sa.Integer, nullable=False),
    sa.Column("lines", sa.Integer, nullable=False),
)

batches_table = table_of(
    PaymentFileBatch,
    "payment_batches",
    sa.Column("scheme_code", Key, nullable=False),
    sa.Column("agency", Key, nullable=False),
    sa.Column("method", Key, nullable=False),
    sa.Column("agency_name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.UniqueConstraint("message_id"),
    sa.UniqueConstraint("batch_id"),
    sa.UniqueConstraint("file_name"),
    sa.Index("ix_payment_batches_state_created_at", "state", "created_at"),
    sa.Index("ix_payment_batches_created_at_id", "created_at", "id"),
    apart=("group",),
)

registration_lines_table = sa.Table(
    "registration_lines",
    metadata,
    sa.Column("batch_id", Key, sa.ForeignKey("payment_batches.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("beneficiary_id", Key, sa.ForeignKey("payment_beneficiaries.id"), nullable=False),
    sa.Column("account_id", Key, sa.ForeignKey("beneficiary_accounts.id"), nullable=False),
    sa.Column("purpose", Key, nullable=False),
    sa.Column("cpsms_id", Key),
    sa.Column("state", Key, nullable=False),
    sa.Column("state_at", Instant, nullable=False),
    sa.Column("codes", Json),
    sa.Index(None, "beneficiary_id"),
)

lines_table = table_of(
    BatchLine,
    "payment_lines",
    sa.Column("batch_id", Key, sa.ForeignKey("payment_batches.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("instalment_id", Key, sa.ForeignKey("instalments.id"), nullable=False),
    sa.Column("account_id", Key, sa.ForeignKey("beneficiary_accounts.id"), nullable=False),
    sa.Column("codes", Json),
    sa.Column("utr_digest", Key),
    # An order is out once: these two let no second line of the same payment exist while PFMS may have one.
    partial_index("uq_payment_lines_living_end_to_end_id", "end_to_end_id", where="state <> 'RELEASED'", unique=True),
    partial_index("uq_payment_lines_living_instalment_id", "instalment_id", where="state <> 'RELEASED'", unique=True),
    partial_index("ix_payment_lines_released", "end_to_end_id", "state_at", where="state = 'RELEASED'"),
    sa.Index(None, "utr_digest"),
    sa.Index("ix_payment_lines_state_state_at", "state", "state_at"),
)

RELEASED = lines_table.c.state == sa.literal_column("'RELEASED'")
NOT_RELEASED = lines_table.c.state != sa.literal_column("'RELEASED'")
"""Said without a parameter: only so do both databases see that an index of a part of the lines is enough."""

sealed_files_table = sa.Table(
    "payment_sealed_files",
    metadata,
    sa.Column("batch_id", Key, sa.ForeignKey("payment_batches.id"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    info={NOT_KEPT_ELSEWHERE: True, LARGE_ROWS: True},
)
"""A backup leaves it out: the file is made again from its references, with the same bytes."""

signing_certificates_table = table_of(
    SignerEnrolment,
    "signing_certificates",
    sa.Column("fingerprint", Key, primary_key=True),
    sa.Column("heard_at", Instant, nullable=False),
    sa.Column("codes", Json),
    sa.Column("source", Key, nullable=False),
)
"""What PFMS said last of each certificate that we sign with; of one that is not here nothing was ever heard."""

files_table = table_of(
    LedgerFile,
    "payment_files",
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("batch_id", Key, sa.ForeignKey("payment_batches.id")),
    sa.Column("detail", sa.Text),
    sa.UniqueConstraint("direction", "kind", "name", "digest"),
    sa.Index("ix_payment_files_state_seen_at", "state", "seen_at"),
    sa.Index("ix_payment_files_seen_at_id", "seen_at", "id"),
    sa.Index(None, "name"),
    sa.Index(None, "batch_id"),
)

answers_table = sa.Table(
    "payment_answers",
    metadata,
    sa.Column("file_id", Key, sa.ForeignKey("payment_files.id"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    info={LARGE_ROWS: True},
)
