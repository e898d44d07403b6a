"""Messages, records, counts and logs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import METADATA, Instant, Key, Serial

Table(
    "outbox",
    METADATA,
    Column("id", Serial, primary_key=True),
    Column("topic", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("application_id", Key),
    Column("payload", LargeBinary, nullable=False),
    Column("state", Key, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("leased_by", Key),
    Column("error_code", Key),
    Column("delivered_at", Instant),
    UniqueConstraint("topic", "key"),
    Index(None, "state", "due_at"),
    Index(None, "application_id", "id"),
    sqlite_autoincrement=True,
)

Table(
    "idempotency_records",
    METADATA,
    Column("record", Key, primary_key=True),
    Column("scope", Key, nullable=False),
    Column("body_hash", Key, nullable=False),
    Column("answer", LargeBinary),
    Column("for_ever", Boolean, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Index(None, "begun_at"),
)

Table(
    "audit_lines",
    METADATA,
    Column("id", Serial, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Key, nullable=False),
    Column("action", Key, nullable=False),
    Column("object_kind", Key, nullable=False),
    Column("object_id", Key),
    Column("purpose", Key),
    Column("detail", Text, nullable=False),
    Column("line_hash", Key, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Index(None, "sealed", "id"),
    Index(None, "object_kind", "object_id"),
    sqlite_autoincrement=True,
)

Table(
    "audit_chain",
    METADATA,
    Column("sequence", Serial, primary_key=True, autoincrement=False),
    Column("line_id", Serial, ForeignKey("audit_lines.id"), nullable=False),
    Column("link", Text, nullable=False),
    Column("sealed_at", Instant, nullable=False),
    UniqueConstraint("line_id"),
)

Table(
    "data_accesses",
    METADATA,
    Column("id", Serial, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("subject", Key, nullable=False),
    Column("role", Key, nullable=False),
    Column("object_kind", Key, nullable=False),
    Column("object_id", Key),
    Column("purpose", Key, nullable=False),
    Column("source", Key),
    Column("at", Instant, nullable=False),
    Index(None, "citizen_id", "at"),
    sqlite_autoincrement=True,
)

Table(
    "counters",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("department", Key, primary_key=True),
    Column("service_code", Key, primary_key=True),
    Column("district", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("total", BigInteger, nullable=False),
)

Table(
    "counter_deltas",
    METADATA,
    Column("id", Serial, primary_key=True),
    Column("day", Date, nullable=False),
    Column("kind", Key, nullable=False),
    Column("department", Key, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("district", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("delta", Integer, nullable=False),
    sqlite_autoincrement=True,
)

Table(
    "e_transactions",
    METADATA,
    Column("event_key", Key, primary_key=True),
    Column("event", Key, nullable=False),
    Column("day", Date, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("district", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("category", Key, nullable=False),
    Column("count", Integer, nullable=False),
    Column("rules_version", Key, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "day"),
)

Table(
    "e_transaction_totals",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("service_code", Key, primary_key=True),
    Column("district", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("category", Key, primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
)

Table(
    "etaal_codes",
    METADATA,
    Column("service_code", Key, primary_key=True),
    Column("etaal_code", Key, nullable=False),
)

Table(
    "leases",
    METADATA,
    Column("name", Key, primary_key=True),
    Column("holder", Key, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
)

Table(
    "seeds",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
)
