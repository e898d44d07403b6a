"""Our own scalars: Paise, Long, DateTime in India's zone, Date (ADR 0013)."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from domain.kernel import IST, LARGEST_PAISE

Paise = NewType("Paise", int)
"""An amount of money: whole paise, always Indian rupees."""

Long = NewType("Long", int)
"""A whole number beyond GraphQL's 32 bits, within what JSON carries exactly."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RFC3339_URL = "https://www.rfc-editor.org/rfc/rfc3339"
_JSON_NUMBER_URL = "https://www.rfc-editor.org/rfc/rfc8259#section-6"


def _whole_number(name: str) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_PAISE:
            raise GraphQLError(f"{name} cannot represent that value: a whole number within 2^53-1 is needed.")
        return value

    return check


def show_instant(value: datetime) -> str:
    """An aware instant as RFC 3339 in India's zone with milliseconds: 2026-04-01T23:59:59.000+05:30."""
    if value.tzinfo is None:
        raise ValueError("an instant without a zone cannot be shown")
    return value.astimezone(IST).isoformat(timespec="milliseconds")


def _read_instant(value: object) -> datetime:
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("DateTime cannot represent that value: RFC 3339 with a zone is needed.")


def _read_day(value: object) -> date:
    if isinstance(value, str) and _FULL_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("Date cannot represent that value: YYYY-MM-DD is needed.")


def scalar_map() -> dict[object, ScalarDefinition]:
    """The definitions for StrawberryConfig, by Python type."""
    paise, long = _whole_number("Paise"), _whole_number("Long")
    return {
        Paise: strawberry.scalar(
            name="Paise",
            description=(
                "Money in Indian rupees (INR in ISO 4217) as whole paise, between -(2^53-1) and 2^53-1. "
                "4000 is forty rupees."
            ),
            specified_by_url=_JSON_NUMBER_URL,
            serialize=paise,
            parse_value=paise,
        ),
        Long: strawberry.scalar(
            name="Long",
            description="A whole number between -(2^53-1) and 2^53-1.",
            specified_by_url=_JSON_NUMBER_URL,
            serialize=long,
            parse_value=long,
        ),
        datetime: strawberry.scalar(
            name="DateTime",
            description="An instant as RFC 3339, shown in India's zone with milliseconds.",
            specified_by_url=_RFC3339_URL,
            serialize=show_instant,
            parse_value=_read_instant,
        ),
        date: strawberry.scalar(
            name="Date",
            description="A calendar day in India as YYYY-MM-DD (RFC 3339, full-date).",
            specified_by_url=f"{_RFC3339_URL}#section-5.6",
            serialize=date.isoformat,
            parse_value=_read_day,
        ),
    }
