"""The adapter of National Career Service's vacancies written by hand, as the other adapters of this house are.

It reads the same answer by the same rules as connectors/ncs.yaml, so that both do the same work.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.kernel import (
    LARGEST_PAISE,
    Source,
    Sourced,
    hidden_character,
    latin_digits,
    mask_aadhaar_in,
    without_hidden_characters,
)
from integrations.calling.answers import read_object, refuse_status
from integrations.calling.cache import Codec
from integrations.calling.errors import Unreadable
from integrations.calling.policies import Bulkhead, CallPolicy, Scope
from integrations.calling.remote import Answer, Remote

VACANCIES = CallPolicy(
    "bench.vacancies",
    Source.NCS,
    lane=Bulkhead(places=50),
    scope=Scope.PUBLIC,
)
LONGEST_TEXT, MOST_ROWS = 4000, 200
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_DAY = re.compile(r"(\d{2})-(\d{2})-(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Vacancy:
    """One vacancy; what is not said is None."""

    number: str
    title: str
    employer: str | None
    skill: str | None
    positions: int | None
    pay: int | None
    district: str | None
    last_on: date


class Vacancies:
    """The one call."""

    def __init__(self, remote: Remote, client_id: str, api_key: str) -> None:
        self._remote = remote
        self._headers = {"X-APISETU-CLIENTID": client_id, "X-APISETU-APIKEY": api_key, "Accept": "application/json"}

    async def vacancies(self, district: str) -> Sourced[tuple[Vacancy, ...]]:
        """The vacancies of a district. Raises Unavailable, Refused, Garbled."""
        params = {"state": "5", "district": district, "page": "1", "size": "50"}

        async def load() -> tuple[Vacancy, ...]:
            return await self._remote.ask(
                VACANCIES, "GET", "/ncs/v1/vacancies", _read, headers=self._headers, params=params
            )

        return await self._remote.fetch_cached(VACANCIES, ("", district), load, _CODEC)


def _read(answer: Answer) -> tuple[Vacancy, ...]:
    refuse_status(Source.NCS, answer)
    rows = read_object(answer.content).get("vacancies")
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise Unreadable("vacancies")
    return tuple(_vacancy(row) for row in rows)


def _vacancy(row: Any) -> Vacancy:
    if not isinstance(row, Mapping):
        raise Unreadable("vacancy")
    title = _text(row, "title")
    if title is None:
        raise Unreadable("title")
    return Vacancy(
        number=_id(row, "vacancyId"),
        title=title,
        employer=_text(row, "employer"),
        skill=_text(row, "nco"),
        positions=_count(row, "positions"),
        pay=_paise(row, "salaryMin"),
        district=_digits(row, "districtLgd"),
        last_on=_day(row, "lastDate"),
    )


def _text(row: Mapping[str, Any], name: str) -> str | None:
    found = row.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or len(found) > LONGEST_TEXT:
        raise Unreadable(name)
    text = without_hidden_characters(unicodedata.normalize("NFC", found)).strip()
    if not text.isprintable() and hidden_character(text) is not None:
        raise Unreadable(name)
    return mask_aadhaar_in(text) or None


def _id(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise Unreadable(name)
    return found


def _digits(row: Mapping[str, Any], name: str) -> str | None:
    found = row.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not found.isascii() or not found.isdigit():
        raise Unreadable(name)
    return found


def _count(row: Mapping[str, Any], name: str) -> int | None:
    found = row.get(name)
    if found is None:
        return None
    text = latin_digits(str(found))
    if isinstance(found, bool) or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Unreadable(name)
    return int(text)


def _paise(row: Mapping[str, Any], name: str) -> int | None:
    found = row.get(name)
    if found is None:
        return None
    try:
        amount = Decimal(latin_digits(str(found))) * 100
    except InvalidOperation:
        raise Unreadable(name) from None
    if isinstance(found, bool) or amount != int(amount) or not 0 <= amount <= LARGEST_PAISE:
        raise Unreadable(name)
    return int(amount)


def _day(row: Mapping[str, Any], name: str) -> date:
    found = row.get(name)
    parts = _DAY.fullmatch(latin_digits(found)) if isinstance(found, str) else None
    try:
        day = date(int(parts[3]), int(parts[2]), int(parts[1])) if parts else date.fromisoformat(str(found))
    except ValueError:
        raise Unreadable(name) from None
    if not 1850 <= day.year <= 2200:
        raise Unreadable(name)
    return day


_CODEC: Codec[tuple[Vacancy, ...]] = Codec.by_fields(tuple[Vacancy, ...])
