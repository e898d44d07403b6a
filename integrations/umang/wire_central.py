"""The payloads of eNAM, Jan Aushadhi and e-RaktKosh, as pure functions that raise Unreadable (INFERRED names).

`pd` may be an object, a list of blocks, or null, which is an empty list; texts may be numbers and the other way.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.calling.errors import Unreadable
from integrations.umang.models import BloodBank, Mandi, Medicine
from integrations.umang.wire import text_of

LONGEST_LIST = 500
GROUPS = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")


def mandis(answer: Mapping[str, Any]) -> tuple[Mandi, ...]:
    """`apmcList` with `apmcName` and `districtName`."""
    found = []
    for row in _rows(answer, "apmcList"):
        name = text_of(row, "apmcName")
        if name is None:
            raise Unreadable("mandi_without_name")
        found.append(Mandi(name, text_of(row, "districtName")))
    return tuple(found)


def medicines(answer: Mapping[str, Any]) -> tuple[Medicine, ...]:
    """`medicineList` with `drugCode`, `genericName`, `unitSize` and `mrp` in rupees."""
    found = []
    for row in _rows(answer, "medicineList"):
        code, name = text_of(row, "drugCode"), text_of(row, "genericName")
        if code is None or name is None:
            raise Unreadable("medicine_incomplete")
        found.append(Medicine(code, name, text_of(row, "unitSize"), _paise(row.get("mrp"))))
    return tuple(found)


def blood_banks(answer: Mapping[str, Any]) -> tuple[BloodBank, ...]:
    """`bloodBankList` with `name`, `address`, `contact` and `stock`, a list of `bloodGroup` and `units`."""
    found = []
    for row in _rows(answer, "bloodBankList"):
        name = text_of(row, "name")
        if name is None:
            raise Unreadable("bank_without_name")
        stock = row.get("stock") or []
        if not isinstance(stock, list) or not all(isinstance(one, dict) for one in stock):
            raise Unreadable("stock_malformed")
        units = tuple(_units(one) for one in stock)
        found.append(BloodBank(name, text_of(row, "address"), text_of(row, "contact"), units))
    return tuple(found)


def _units(row: Mapping[str, Any]) -> tuple[str, int]:
    group, units = text_of(row, "bloodGroup"), text_of(row, "units") or "0"
    if group not in GROUPS or not (units.isascii() and units.isdigit() and len(units) <= 6):
        raise Unreadable("stock_malformed")
    return group, int(units)


def _rows(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The rows under a name, in `pd` itself or in the blocks of its list; `pd` null is no rows."""
    payload = answer.get("pd")
    blocks = payload if isinstance(payload, list) else [payload]
    rows: list[Mapping[str, Any]] = []
    for block in blocks:
        if block is None or (isinstance(block, str) and block.lower() in ("none", "null", "")):
            continue
        if not isinstance(block, dict):
            raise Unreadable("payload_malformed")
        given = block.get(name)
        if given is None:
            raise Unreadable("list_missing")
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            raise Unreadable("list_malformed")
        rows += given
    return rows[:LONGEST_LIST]


def _paise(value: Any) -> int | None:
    """Rupees as text or number; None where there is no price."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = (Decimal(str(value).strip()) * 100).quantize(Decimal(1))
    except InvalidOperation:
        return None
    return int(amount) if amount.is_finite() and 0 <= amount < 10**9 else None
