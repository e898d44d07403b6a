"""The table of APBS record fields of 156 bytes, and the reader of a return file.

Source: docs/contracts/dbt_finance.md section 3.2. INFERRED from the ECS/NACH credit family, as are these choices: the
header's item sequence is the number of details, the narration carries the end-to-end id, the checksums are not ours to
check, a credited record has reason 00 and a returned one another, and the last line is `SIGNATURE:` with the sponsor
bank's RSA-SHA256 over all bytes before it, in Base64. Aadhaar numbers and names are never read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from integrations.dbt_finance.pfms.models import BankStatus, FileRefusal, FileRefused, LineStatus, PaymentRow, Trust
from integrations.dbt_finance.pfms.signing import check_detached

RECORD = 156
HEADER_CODE, DETAIL_CODE = "33", "77"
SIGNATURE = b"SIGNATURE:"

HEADER: Mapping[str, tuple[int, int]] = {
    "code": (1, 2),
    "user_number": (3, 9),
    "user_name": (10, 49),
    "credit_reference": (50, 63),
    "tape_input": (64, 72),
    "sponsor_iin": (73, 81),
    "user_account": (82, 96),
    "ledger_folio": (97, 99),
    "user_limit": (100, 112),
    "total_paise": (113, 125),
    "settled_on": (126, 133),
    "item_sequence": (134, 143),
    "checksum": (144, 153),
    "filler": (154, 156),
}
DETAIL: Mapping[str, tuple[int, int]] = {
    "code": (1, 2),
    "destination_iin": (3, 11),
    "account_type": (12, 13),
    "ledger_folio": (14, 16),
    "aadhaar": (17, 31),
    "name": (32, 71),
    "sponsor_iin": (72, 80),
    "user_number": (81, 87),
    "narration": (88, 107),
    "credit_reference": (108, 120),
    "amount_paise": (121, 133),
    "item_sequence": (134, 143),
    "checksum": (144, 153),
    "flag": (154, 154),
    "reason": (155, 156),
}
"""First and last place of each field, counted from 1."""

FLAGS = {"0": LineStatus.PENDING, "1": LineStatus.CREDITED, "2": LineStatus.RETURNED, "3": LineStatus.PENDING}
"""Pending, credited, returned, extended."""

_DECIDED, _NO_REASON = frozenset({"1", "2"}), "00"
_END_TO_END = re.compile(r"[A-Za-z0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class _Head:
    total_paise: int
    count: int
    settled_on: date


def read_returns(content: bytes, trust: Trust, created_at: datetime) -> BankStatus:
    """The payments of a return file. Raises FileRefused; the whole file counts or nothing of it."""
    body = _signed_body(content, trust)
    records = list(_records(body))
    if not records:
        raise FileRefused(FileRefusal.MALFORMED, "no record")
    head = _head(records[0])
    final = trust.apbs_credits_final
    rows = tuple(_row(number, record, head.settled_on, final=final) for number, record in enumerate(records[1:], 1))
    if len(rows) != head.count:
        raise FileRefused(FileRefusal.WRONG_COUNT)
    if sum(row.amount_paise or 0 for row in rows) != head.total_paise:
        raise FileRefused(FileRefusal.WRONG_TOTAL)
    if len({row.end_to_end_id for row in rows}) != len(rows):
        raise FileRefused(FileRefusal.ROW_TWICE)
    return BankStatus(None, created_at, rows)


def _signed_body(content: bytes, trust: Trust) -> bytes:
    if b"\x00" in content or content[:2] in {b"\xff\xfe", b"\xfe\xff"} or not content.isascii():
        raise FileRefused(FileRefusal.ENCODING)
    body, mark, signature = content.rpartition(SIGNATURE)
    if not mark:
        raise FileRefused(FileRefusal.UNSIGNED)
    check_detached(body, signature.strip(), trust.banks, trust.at)
    return body


def _records(body: bytes) -> Iterator[str]:
    for number, line in enumerate(body.decode("ascii").splitlines()):
        if len(line) != RECORD:
            raise FileRefused(FileRefusal.MALFORMED, f"record {number}")
        yield line


def _head(record: str) -> _Head:
    if _field(record, HEADER, "code") != HEADER_CODE:
        raise FileRefused(FileRefusal.MALFORMED, "header")
    day = _field(record, HEADER, "settled_on")
    try:
        settled_on = date(int(day[4:]), int(day[2:4]), int(day[:2]))
    except ValueError:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "settled_on") from None
    return _Head(
        _number(record, HEADER, "total_paise", "header"), _number(record, HEADER, "item_sequence", "header"), settled_on
    )


def _row(number: int, record: str, settled_on: date, *, final: bool) -> PaymentRow:
    """A record; one that was credited is at the bank until PFMS tells its reference, unless it is `final`."""
    where = f"record {number}"
    if _field(record, DETAIL, "code") != DETAIL_CODE:
        raise FileRefused(FileRefusal.MALFORMED, where)
    if _number(record, DETAIL, "item_sequence", where) != number:
        raise FileRefused(FileRefusal.WRONG_COUNT, where)
    flag, reason = _field(record, DETAIL, "flag"), _field(record, DETAIL, "reason")
    end_to_end_id = _field(record, DETAIL, "narration").strip()
    if flag not in FLAGS or not re.fullmatch(r"[0-9]{2}", reason) or not _END_TO_END.fullmatch(end_to_end_id):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    status, reference = FLAGS[flag], _field(record, DETAIL, "credit_reference").strip()
    if (reason == _NO_REASON) is (status is LineStatus.RETURNED) and flag in _DECIDED:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    if status is LineStatus.CREDITED and not final:
        status, reference = LineStatus.DEBITED, ""
    return PaymentRow(
        end_to_end_id,
        status,
        (reason,) if status is LineStatus.RETURNED else (),
        utr=reference if status is LineStatus.CREDITED and reference.strip("0") else None,
        value_date=settled_on,
        amount_paise=_number(record, DETAIL, "amount_paise", where),
    )


def _number(record: str, layout: Mapping[str, tuple[int, int]], name: str, where: str) -> int:
    digits = _field(record, layout, name)
    if not (digits.isascii() and digits.isdigit()):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, f"{where} {name}")
    return int(digits)


def _field(record: str, layout: Mapping[str, tuple[int, int]], name: str) -> str:
    first, last = layout[name]
    return record[first - 1 : last]
