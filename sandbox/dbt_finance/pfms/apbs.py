"""Writes the Aadhaar Payment Bridge's return file for the sandbox's sponsor bank: records of 156 bytes.

Written from docs/contracts/dbt_finance.md section 3.2 a second time. The last line is the bank's signature (INFERRED).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sandbox.dbt_finance.pfms.answers import Seal

_SPONSOR, _USER = "508505117", "0000905"


def return_file(day: date, rows: Iterable[Mapping[str, Any]], seal: Seal | None) -> bytes:
    """A whole file. A row has end_to_end_id, paise, code, aadhaar and name; `seal` None leaves it unsigned.

    Without a code it was credited, under the last thirteen characters of its `utr`.
    """
    kept = list(rows)
    lines = [_header(day, kept), *(_detail(number, row) for number, row in enumerate(kept, 1))]
    body = "".join(f"{line}\n" for line in lines).encode("ascii")
    return body if seal is None else body + b"SIGNATURE:" + seal.sign_detached(body) + b"\n"


def _header(day: date, rows: list[Mapping[str, Any]]) -> str:
    total = sum(row["paise"] for row in rows)
    return _record(
        ("33", 2),
        (_USER, 7),
        ("UTTARAKHAND DBT".ljust(40), 40),
        ("".ljust(14), 14),
        ("0" * 9, 9),
        (_SPONSOR, 9),
        ("0" * 15, 15),
        ("000", 3),
        ("0" * 13, 13),
        (f"{total:013d}", 13),
        (f"{day:%d%m%Y}", 8),
        (f"{len(rows):010d}", 10),
        ("0" * 10, 10),
        ("   ", 3),
    )


def _detail(number: int, row: Mapping[str, Any]) -> str:
    name = str(row["name"]).encode("ascii", "replace").decode()[:40]
    return _record(
        ("77", 2),
        ("607094000", 9),
        ("10", 2),
        ("000", 3),
        (str(row["aadhaar"]).rjust(15, "0"), 15),
        (name.ljust(40), 40),
        (_SPONSOR, 9),
        (_USER, 7),
        (str(row["end_to_end_id"]).ljust(20), 20),
        (f"{number:013d}" if row["code"] else str(row["utr"])[-13:], 13),
        (f"{row['paise']:013d}", 13),
        (f"{number:010d}", 10),
        ("0" * 10, 10),
        ("2" if row["code"] else "1", 1),
        (str(row["code"] or "00"), 2),
    )


def _record(*fields: tuple[str, int]) -> str:
    line = "".join(text for text, _ in fields)
    if any(len(text) != width for text, width in fields):
        raise ValueError("a field does not fit its place")
    return line
