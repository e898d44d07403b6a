"""Citizens, officers, operators, identities and sessions."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import METADATA, Instant, Key

Table(
    "citizens",
    METADATA,
    Column("citizen_id", Key, primary_key=True),
    Column("personal", LargeBinary, nullable=False),
    Column("district", Key),
    Column("tehsil", Key),
    Column("language", Key, nullable=False),
    Column("aadhaar_last4", Key),
    Column("created_at", Instant, nullable=False),
)

Table(
    "officers",
    METADATA,
    Column("officer_id", Key, primary_key=True),
    Column("email", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Column("designation_hi", Text),
    Column("designation_en", Text, nullable=False),
    UniqueConstraint("email"),
)

Table(
    "postings",
    METADATA,
    Column("officer_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    Column("role", Key, nullable=False),
    Column("level", Key),
    Column("department", Key),
    Column("district", Key),
    Column("tehsil", Key),
    Index(None, "role", "level", "district"),
)

Table(
    "operators",
    METADATA,
    Column("operator_id", Key, primary_key=True),
    Column("csc_id", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Column("centre_hi", Text),
    Column("centre_en", Text, nullable=False),
    Column("district", Key, nullable=False),
    Column("tehsil", Key),
    UniqueConstraint("csc_id"),
)

Table(
    "identities",
    METADATA,
    Column("provider", Key, primary_key=True),
    Column("subject_index", Key, primary_key=True),
    Column("person_kind", Key, nullable=False),
    Column("person_id", Key, nullable=False),
    Column("assurance", Key, nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Index(None, "person_id"),
)

Table(
    "locker_grants",
    METADATA,
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), primary_key=True),
    Column("tokens", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("consent_until", Instant),
    Column("needs_consent", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)

Table(
    "sessions",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("person_id", Key, nullable=False),
    Column("provider", Key, nullable=False),
    Column("assurance", Key, nullable=False),
    Column("on_behalf_of", Key),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index(None, "person_id"),
)

Table(
    "sign_ins",
    METADATA,
    Column("state_hash", Key, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

Table(
    "app_codes",
    METADATA,
    Column("code_hash", Key, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)
