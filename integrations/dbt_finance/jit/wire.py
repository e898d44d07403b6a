"""The envelope of JIT messages, the texts of errors, and the reading of single fields: pure functions.

docs/contracts/dbt_finance.md sections 5.3 and 5.5. INFERRED: that times are those of India.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.kernel import IST, paise_from_rupees
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Unreadable

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TreasuryError:
    """One error as the treasury words it; `code` where it has one."""

    text: str = field(repr=False)
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The two halves of an answer: records, and what was refused. Without either it means "nothing yet"."""

    records: tuple[Record, ...]
    errors: tuple[TreasuryError, ...]


REJECTS: tuple[tuple[str, str], ...] = (
    ("insufficient fund", "INSUFFICIENT_FUND"),
    ("duplicate payment in", "DUPLICATE_INSTRUCTION"),
    ("number of beneficiaries provided", "COUNT_MISMATCH"),
    ("total net amount provided", "NET_MISMATCH"),
    ("gross amount can not be less", "GROSS_BELOW_NET"),
    ("beneficiary detail is missing", "NO_BENEFICIARY"),
    ("wrong ifsc", "WRONG_IFSC"),
    ("same account number and ifsc", "SAME_ACCOUNT_TWICE"),
    ("account number and ifsc are same", "SAME_ACCOUNT_TWICE"),
    ("was not present in the original", "NOT_IN_ORIGINAL"),
    ("has not failed", "NOT_FAILED"),
    ("ssuid configuration is missing", "CONFIGURATION_MISSING"),
    ("is rejected by ssu", "REJECTED"),
)
"""A part of each text in small letters, and our code; the first that fits counts. INFERRED: NOT_FAILED."""

CODES: Mapping[str, str] = {"340": "WRONG_IFSC", "322": "WRONG_IFSC"}
"""The two codes that are public, of PI and of COR, for texts that we do not know."""


def reject_code(errors: tuple[TreasuryError, ...]) -> str:
    """The code of the first known text, else that of a known number, else UNKNOWN_REJECT."""
    text = " ".join(error.text for error in errors).lower()
    by_text = (code for part, code in REJECTS if part in text)
    by_number = (CODES[error.code] for error in errors if error.code is not None and error.code in CODES)
    return next(by_text, None) or next(by_number, "UNKNOWN_REJECT")


def officer_text(errors: tuple[TreasuryError, ...]) -> str:
    """The errors as an officer may read them: number and text, without what may be an account, a number or an id."""
    said = "; ".join(f"{error.code or ''} {error.text}".strip() for error in errors)
    return re.sub(r"[0-9A-Za-z]*[0-9]{5,}[0-9A-Za-z]*", "…", said)[:200]


def message(service: str, params: Mapping[str, Any], service_field: str = "serviceId") -> bytes:
    """The inner message of one call."""
    return json.dumps({service_field: service, "params": params}, ensure_ascii=False, separators=(",", ":")).encode()


def read_reply(content: bytes, service: str) -> Reply:
    """Split an answer into records and errors; raises Unreadable."""
    body = read_object(content)
    named = body.get("serviceId", body.get("serviceID"))
    if not isinstance(named, str) or named.strip() != service:
        raise Unreadable("other_service")
    records = body.get("data") or []
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Unreadable("records_malformed")
    listed = body.get("errorMsgs") or []
    told = [body.get("errorMsg"), *(listed if isinstance(listed, list) else [listed])]
    return Reply(tuple(records), tuple(_error(one) for one in told if one))


def _error(told: object) -> TreasuryError:
    if isinstance(told, str):
        return TreasuryError(told.strip())
    if not isinstance(told, dict):
        raise Unreadable("error_malformed")
    code = told.get("errorCode")
    return TreasuryError(str(told.get("errorMsg") or "").strip(), None if code is None else str(code).strip())


def instant(text: str) -> datetime:
    """A day, or a day with time, in India; raises Unreadable."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Unreadable("date_malformed") from error
    return read if read.tzinfo else read.replace(tzinfo=IST)


def check_same(record: Record, expected: Mapping[str, str], *, optional: frozenset[str] = frozenset()) -> None:
    """Raise Foreign where a field is another than expected: another citizen's money must never be shown."""
    for name, value in expected.items():
        told = maybe_text(record, name)
        if told is None and name not in optional:
            raise Unreadable(f"{name}_missing")
        if told is not None and told != value:
            raise Foreign("foreign_record")


def lines(record: Record, *names: str) -> list[Record]:
    """The list of payees under the first of some names that is there; raises Unreadable."""
    found: object = next((record[name] for name in names if record.get(name)), [])
    if not isinstance(found, list) or not all(isinstance(line, dict) for line in found):
        raise Unreadable("lines_malformed")
    return found


def text(record: Record, *names: str) -> str:
    """The first of some fields that is there; raises Unreadable."""
    found = maybe_text(record, *names)
    if found is None:
        raise Unreadable(f"{names[0]}_missing")
    return found


def maybe_text(record: Record, *names: str) -> str | None:
    """The first of some fields that is there, or None."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return None


def paise(record: Record, *names: str) -> int:
    """An amount in rupees as paise; raises Unreadable."""
    try:
        return paise_from_rupees(text(record, *names))
    except (ValueError, ArithmeticError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(f"{names[0]}_malformed") from error


def count(record: Record, name: str) -> int:
    """A whole number; raises Unreadable."""
    told = text(record, name)
    if not (told.isascii() and told.isdigit()):
        raise Unreadable(f"{name}_malformed")
    return int(told)
