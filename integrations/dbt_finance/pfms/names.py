"""Names and ids of PFMS files (docs/contracts/dbt_finance.md section 2.1)."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import IST

_REQUEST = r"(?P<source>[0-9]{4})DBT(?P<kind>BEN|PAY)REQ(?P<day>[0-9]{8})(?P<number>[0-9]{1,6})"
_MESSAGE_ID = re.compile(_REQUEST)
_ANSWER = re.compile(rf"(?P<message_id>{_REQUEST})_(?P<at>[0-9]{{14}})\.(?:xml|txt)", re.IGNORECASE)
_STATEMENT = re.compile(r"[0-9]{4}DBTSTM(?P<day>[0-9]{8})(?:P(?P<part>[0-9]{3}))?_[0-9]{14}\.xml", re.IGNORECASE)
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,119}")

_THREE_DIGITS, _MOST_OF_A_DAY = 100, 9_999

UNFINISHED = ".tmp"
"""How the name of a file ends that is not whole yet; the other side passes it by."""


def beneficiary_message_id(source_id: str, day: date, number: int) -> str:
    """`<SSID>DBTBENREQ<DDMMYYYY><N>`; `number` is the running one of the day, from 1."""
    return f"{_source(source_id)}DBTBENREQ{day:%d%m%Y}{_running_number(number)}"


def payment_message_id(source_id: str, day: date, number: int) -> str:
    """`<SSID>DBTPAYREQ<DDMMYYYY><N>`; `number` is the running one of the day, from 1."""
    return f"{_source(source_id)}DBTPAYREQ{day:%d%m%Y}{_running_number(number)}"


def beneficiary_batch_id(source_id: str, day: date, number: int, *, long: bool = False) -> str:
    """`DDMMYY` and four digits, or `long` behind `CB<SSID>`; raises ValueError for a number that does not fit."""
    if not 1 <= number <= _MOST_OF_A_DAY:
        raise ValueError("a beneficiary batch has a number from 1 to 9999")
    return f"{f'CB{_source(source_id)}' if long else ''}{day:%d%m%y}{number:04d}"


def payment_batch_id(source_id: str, day: date, number: int, *, long: bool = False) -> str:
    """`CP<SSID><DDMMYYYY><N>`; from the hundredth of a day, or `long`, `CP<SSID><DDMMYY><NNNN>`: it has 16 characters.

    Raises ValueError for a number that does not fit.
    """
    if number < _THREE_DIGITS and not long:
        return f"CP{_source(source_id)}{day:%d%m%Y}{_running_number(number)}"
    if not 1 <= number <= _MOST_OF_A_DAY:
        raise ValueError("a payment batch has a number from 1 to 9999")
    return f"CP{_source(source_id)}{day:%d%m%y}{number:04d}"


def file_name(message_id: str) -> str:
    """The name of a request file."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("not a message id")
    return f"{message_id}.xml"


def answered_message_id(name: str) -> str | None:
    """The message that an answer file is about, by its name; None for another name."""
    found = _ANSWER.fullmatch(name)
    return found["message_id"] if found else None


def answered_at(name: str) -> datetime | None:
    """When an answer file was made, by its name; None for another name."""
    found = re.search(r"_([0-9]{14})\.", name)
    try:
        return datetime.strptime(found[1], "%d%m%Y%H%M%S").replace(tzinfo=IST) if found else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class StatementName:
    """What the name of a statement says: its day, and which part of it; None for the whole."""

    day: date
    part: int | None


def statement_of(name: str) -> StatementName | None:
    """What a daily statement is about, by its name (INFERRED, as the statement itself); None for another name."""
    found = _STATEMENT.fullmatch(name)
    if found is None:
        return None
    try:
        day = datetime.strptime(found["day"], "%d%m%Y").replace(tzinfo=IST).date()
    except ValueError:
        return None
    return StatementName(day, int(found["part"]) if found["part"] else None)


def is_safe(name: str) -> bool:
    """Whether a name is a plain file name, without a path, hidden or unfinished."""
    return bool(_SAFE.fullmatch(name)) and ".." not in name and not name.lower().endswith((UNFINISHED, ".reason"))


def _source(source_id: str) -> str:
    if not re.fullmatch(r"[0-9]{4}", source_id):
        raise ValueError("a source system id has four digits")
    return source_id


def _running_number(number: int) -> str:
    if not 1 <= number <= 999_999:
        raise ValueError("a running number is from 1 to 999999")
    return str(number)
