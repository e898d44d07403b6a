"""Column types that behave the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeDecorator

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that is compared and sorted by code point on both databases: keys, codes, names to sort by."""

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number that the database counts up by itself."""


# ruff: noqa: ARG002 - the signatures are SQLAlchemy's


class Instant(TypeDecorator[datetime]):
    """An instant, kept in UTC with microseconds. Naive times are refused, aware ones come back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into UTC; raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the store takes aware instants only")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value as canonical text, so that both databases hold the same characters."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value as canonical JSON; None stays null."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the value back."""
        return None if value is None else json.loads(value)


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted names, no spaces and no escapes of letters; raises TypeError for what JSON lacks."""
    return _CANONICAL.encode(value)


def sealed_columns(table: Table) -> list[str]:
    """The encrypted columns of a table: every binary one."""
    return [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
