"""Opens the bodies of answers: JSON with exact numbers, XML without a document type, SOAP envelopes.

What a body may be is bounded before it is walked: size, depth, markup, and the length and exponent of numbers.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

from integrations.calling import safe_xml
from integrations.calling.errors import Unreadable
from integrations.connectors.file import Body

DEEPEST = 32
LONGEST_NUMBER = 40
LARGEST_EXPONENT = 20
"""`1e9999999` costs more arithmetic than anybody has time for (docs/connectors.md section 2)."""
MOST_MARKUP = 50_000
"""Tags and attributes of one answer: 200 rows of 60 fields, twice."""

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(letter for letter in range(256) if letter not in b"[]{}")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$")
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True, slots=True)
class Opened:
    """What paths begin at, and the codes of the SOAP fault where the body is one."""

    node: Any
    fault: frozenset[str] = frozenset()


def opener(kind: Body, *, limit: int) -> Callable[[bytes], Opened]:
    """What opens a body of that kind; it raises Unreadable."""
    match kind:
        case Body.JSON:
            return lambda content: Opened(read_json(content))
        case Body.XML:
            return lambda content: Opened(read_xml(content, limit=limit))
    raise ValueError(kind)


def read_json(content: bytes) -> Any:
    """What a body says in JSON, its numbers as int or Decimal. Raises Unreadable, also for a key that stands twice."""
    if content.count(b"[") + content.count(b"{") > DEEPEST and _depth(content) > DEEPEST:
        raise Unreadable("nested_too_deep")
    try:
        return _DECODER.decode(content.decode("utf-8-sig"))
    except (ValueError, RecursionError, ArithmeticError):
        raise Unreadable("not_json") from None


def _depth(content: bytes) -> int:
    """How deep brackets outside of strings nest; counted by C, since a body may be two megabytes long."""
    brackets = _STRINGS.sub(b"", content).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _whole_number(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("number")
    return int(text)


def exact_number(text: str) -> Decimal:
    """A number as it is written. Raises ValueError beyond the bounds."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError("number")
    if "e" in text or "E" in text:
        exponent = _EXPONENT.search(text)
        if exponent is None or abs(int(exponent[1])) > LARGEST_EXPONENT:
            raise ValueError("number")
    return Decimal(text)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("key twice")
    return found


def _constant(_text: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_int=_whole_number, parse_float=exact_number, parse_constant=_constant
)


def read_xml(content: bytes, *, limit: int = safe_xml.LARGEST) -> safe_xml.Element:
    """The root of an XML body. Raises Unreadable."""
    try:
        return safe_xml.parse(content, limit=limit, most_markup=MOST_MARKUP)
    except safe_xml.UnsafeXml:
        raise Unreadable("not_xml") from None


def text_of(found: Any) -> str | None:
    """The text of an element or an attribute; None where it is empty or nil."""
    if isinstance(found, str):
        return found
    if found.get(_XSI_NIL) in ("true", "1"):
        return None
    return safe_xml.text_of(found) if len(found) else ((found.text or "").strip() or None)
