"""Services, places, schemes and calendars."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from store.migrations.first.types import METADATA, Instant, Key

Table(
    "services",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("code_source", Key, nullable=False),
    Column("slug", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("department", Key),
    Column("category", Text),
    Column("rts_notified", Boolean),
    Column("limit_days", Integer),
    Column("limit_unit", Key, nullable=False),
    Column("portal_delivery_days", Integer),
    Column("designated_officer", Text),
    Column("first_appellate", Text),
    Column("second_appellate", Text),
    Column("fee_paise", BigInteger),
    Column("documents", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("outcome", Key, nullable=False),
    Column("doctype", Key),
    Column("scheme_id", Key),
    Column("open", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("code"),
    UniqueConstraint("slug"),
    Index(None, "name_en", "code"),
)

Table(
    "departments",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("slug", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("portal_service_count", Integer),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("slug"),
)

Table(
    "districts",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("division", Text, nullable=False),
    Column("headquarters", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("code"),
)

Table(
    "tehsils",
    METADATA,
    Column("code", Key, primary_key=True),
    Column("district", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Index(None, "district"),
)

Table(
    "schemes",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("department_hi", Text),
    Column("department_en", Text, nullable=False),
    Column("benefit_type", Key, nullable=False),
    Column("amount_paise", BigInteger),
    Column("period", Key),
    Column("service_code", Key),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("code"),
    Index(None, "service_code"),
)

Table(
    "calendars",
    METADATA,
    Column("version", Key, primary_key=True),
    Column("saved_at", Instant, nullable=False),
)

Table(
    "holidays",
    METADATA,
    Column("version", Key, ForeignKey("calendars.version", ondelete="CASCADE"), primary_key=True),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Column("district", Key),
    Column("verified", Boolean, nullable=False),
)
