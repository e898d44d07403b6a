"""Values of the elements of answer files, each checked for its form (docs/contracts/dbt_finance.md sections 2.3, 2.5).

Elements are found by their local name, whatever the prefix. All functions raise FileRefused, whose detail is the name
of an element or the number of a line, never a value.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType

from domain.kernel import IST, paise_from_rupees
from integrations.calling import safe_xml
from integrations.dbt_finance.pfms.models import FileRefusal, FileRefused, LineStatus

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/\-]{0,39}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,11}")
Fields = Mapping[str, safe_xml.Element]
ROWS_OF_PAYMENTS = frozenset({"TxInfAndSts", "CdtTrfTxInf"})
"""The elements that hold what is said of one payment, in the public shapes and in ours."""

_MAY_REPEAT = frozenset({"StsRsnInf"})


def check_rows(head: safe_xml.Element | None, ids: list[str], amounts: Iterable[int], *, needed: bool = False) -> None:
    """Check count and sum of the header, and that no row comes twice; a header may leave them out unless `needed`."""
    if len(set(ids)) != len(ids):
        raise FileRefused(FileRefusal.ROW_TWICE)
    count = safe_xml.child_text(head, "NbOfTxs") if head is not None else None
    total = safe_xml.child_text(head, "CtrlSum") if head is not None else None
    if needed and (count is None or total is None):
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "CtrlSum" if count else "NbOfTxs")
    if count is not None and count_of(count, "NbOfTxs") != len(ids):
        raise FileRefused(FileRefusal.WRONG_COUNT)
    told = tuple(amounts)
    if total is not None and (told or needed) and paise_of(total, "CtrlSum") != sum(told):
        raise FileRefused(FileRefusal.WRONG_TOTAL)


def fields_of(element: safe_xml.Element) -> Fields:
    """Child elements by local name; raises FileRefused where a name comes twice, but for reasons, which may."""
    found: dict[str, safe_xml.Element] = {}
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        if name in found and name not in _MAY_REPEAT:
            raise FileRefused(FileRefusal.MALFORMED, f"{name} twice")
        found[name] = child
    return MappingProxyType(found)


def codes_below(element: safe_xml.Element, number: int, *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Every reason code below an element, in order and at any depth, but not in elements of some names.

    A reason is known by its own name (`Rsn/Cd`), whatever the element around it is called; an empty one is none.
    """
    found: list[str] = []
    for reason in _reasons(element, but):
        code = safe_xml.child_text(reason, "Cd")
        if code:
            found.append(require_match(code, CODE, f"Cd {number}"))
    return tuple(dict.fromkeys(found))


def _reasons(element: safe_xml.Element, but: Collection[str]) -> Iterator[safe_xml.Element]:
    for child in safe_xml.children(element):
        name = safe_xml.local_name(child)
        if name == "Rsn":
            yield child
        elif name not in but and len(child):
            yield from _reasons(child, but)


def only_element(element: safe_xml.Element, name: str) -> safe_xml.Element:
    """The one element of a name, at any depth."""
    found = list(element.iter(f"{{*}}{name}"))
    if len(found) != 1:
        raise FileRefused(FileRefusal.MISSING_ELEMENT if not found else FileRefusal.MALFORMED, name)
    return found[0]


def one_of(part: safe_xml.Element, name: str) -> str | None:
    """A reference that occurs once in a file, at any depth; None where it does not."""
    found = {safe_xml.text_of(element) for element in part.iter(f"{{*}}{name}")} - {None}
    if len(found) > 1:
        raise FileRefused(FileRefusal.MALFORMED, f"{name} twice")
    value = next(iter(found), None)
    return None if value is None else require_match(value, REFERENCE, name)


def required_text(element: safe_xml.Element, name: str, form: re.Pattern[str] | None = None) -> str:
    """The text of a child that must be there, of a form where one is given."""
    text = safe_xml.child_text(element, name)
    if text is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, name)
    return text if form is None else require_match(text, form, name)


def text_in(fields: Fields, name: str) -> str:
    """The trimmed text; files have thousands of elements without children, so those are read the short way."""
    element = fields.get(name)
    if element is None:
        return ""
    return (safe_xml.text_of(element) or "") if len(element) else (element.text or "").strip()


def require_match(text: str, form: re.Pattern[str], where: str) -> str:
    """The text, which must be there and of a form."""
    if not text:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, where)
    if not form.fullmatch(text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return text


def status_in(fields: Fields, name: str, number: int, allowed: Collection[LineStatus]) -> LineStatus:
    """A status by one of the words that are allowed there."""
    text = text_in(fields, name)
    if text not in allowed:
        raise FileRefused(FileRefusal.MALFORMED_VALUE if text else FileRefusal.MISSING_ELEMENT, f"{name} {number}")
    return LineStatus(text)


def creation_time(part: safe_xml.Element) -> datetime:
    """When a file was made, by its first `CreDtTm`."""
    found = next(part.iter("{*}CreDtTm"), None)
    text = safe_xml.text_of(found) if found is not None else None
    if text is None:
        raise FileRefused(FileRefusal.MISSING_ELEMENT, "CreDtTm")
    return instant(text)


def instant(text: str) -> datetime:
    """A time, in India where it names no zone."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, "CreDtTm") from None
    return read if read.tzinfo else read.replace(tzinfo=IST)


def day_of(text: str, where: str) -> date:
    """A day, of which a time of the day may stand behind it."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where) from None


def paise_of(text: str, where: str) -> int:
    """Rupees with two decimals; nothing below zero, no exponents, no separators."""
    if not re.fullmatch(r"[0-9]{1,14}(?:\.[0-9]{1,2})?", text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return paise_from_rupees(text)


def count_of(text: str, where: str) -> int:
    """A number of rows."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise FileRefused(FileRefusal.MALFORMED_VALUE, where)
    return int(text)
