"""Reads the values of fields, each kind in its forms and bounds (docs/connectors.md section 2).

Texts are NFC, digits of Devanagari are read as such, money is whole paise, days and instants are in listed forms only.
An Aadhaar number within a text is masked: it stands in the vault alone.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from domain.kernel import LARGEST_PAISE, latin_digits, mask_aadhaar_in, mobile_digits, without_hidden_characters
from integrations.calling.errors import Foreign, Unreadable
from integrations.connectors.bodies import exact_number, text_of
from integrations.connectors.file import Field
from integrations.connectors.forms import EARLIEST_YEAR, LATEST_YEAR, Reader, parse_form
from integrations.connectors.paths import MISSING, Missing, compile_path

LONGEST_TEXT, LONGEST_ID, LONGEST_LINK = 4000, 100, 2000
MOST_TEXTS = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TWELVE = re.compile(r"\d[\d -]{10,}\d")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")

Read = Callable[[Any], Any]
"""Reads a found value, of JSON or the text of XML; raises ValueError for one that is not of the kind."""


def field_reader(name: str, field: Field, *, xml: bool) -> Read:
    """What reads a field of a row: None where nothing is said. It raises Unreadable with the field's name."""
    find, read = compile_path(field.path, xml=xml), value_reader(field, xml=xml)
    empty, needed = frozenset(field.empty), field.needed
    member = None if xml else field.path.member

    def read_field(row: Any) -> Any:
        found = find(row) if member is None else row.get(member, MISSING)  # a row of JSON is an object
        if found is MISSING or found is None:
            value = None
        else:
            try:
                value = None if empty and _is_among(found, empty, xml=xml) else read(found)
            except (ValueError, ArithmeticError, AttributeError, TypeError):
                raise Unreadable(name) from None
        if value is None and needed:
            raise Unreadable(name)
        return value

    return read_field


def check_echo(name: str, value: Any, asked: str) -> None:
    """Raise Foreign where a field that has to repeat an input says another value."""
    if value is not None and str(value) != asked:
        raise Foreign(name)


def _is_among(found: Any, words: frozenset[str], *, xml: bool) -> bool:
    said = text_of(found) or "" if xml and not isinstance(found, list) else found
    return isinstance(said, str) and said.strip() in words


def value_reader(field: Field, *, xml: bool) -> Read:
    """What reads a value of the field's kind."""
    read = _READERS[field.kind](field)
    if field.kind == "texts":
        return lambda found: _texts(found, read, xml=xml)
    if not xml:
        return read

    def read_element(found: Any) -> Any:
        said = text_of(found)
        return None if said is None else read(said)

    return read_element


def _texts(found: Any, read: Read, *, xml: bool) -> tuple[str, ...] | None:
    if not isinstance(found, list) or len(found) > MOST_TEXTS:
        raise ValueError("texts")
    said = (text_of(one) if xml and not isinstance(one, Missing) else one for one in found)
    return tuple(text for one in said if one is not None and one is not MISSING and (text := read(one))) or None


def _text(_field: Field) -> Read:
    return clean_text


def clean_text(found: Any) -> str | None:
    """A text in NFC without hidden characters, an Aadhaar number in it masked; None where it is blank.

    Raises ValueError for another value, half letters, control characters and more than LONGEST_TEXT characters.
    """
    if type(found) is not str or len(found) > LONGEST_TEXT:
        raise ValueError("text")
    if not found.isascii():
        found = without_hidden_characters(unicodedata.normalize("NFC", found))
    if _CONTROL.search(found):
        raise ValueError("text")
    if len(found) >= 12 and _TWELVE.search(found):
        found = mask_aadhaar_in(found)
    return found.strip() or None


def _id(_field: Field) -> Read:
    return _identifier


def _identifier(found: Any) -> str | None:
    if type(found) is int:
        return str(found)
    if type(found) is not str or len(found) > LONGEST_ID:
        raise ValueError("id")
    if not found.isascii():
        found = latin_digits(without_hidden_characters(unicodedata.normalize("NFC", found)))
    found = found.strip()
    if not found.isprintable():
        raise ValueError("id")
    return found or None


def _lgd(_field: Field) -> Read:
    def read(found: Any) -> str:
        code = _identifier(found) or ""
        if not re.fullmatch(r"[0-9]{1,8}", code):
            raise ValueError("lgd")
        return code

    return read


def _number(found: Any) -> Decimal | int:
    """A number of JSON, or one written in a text with Latin or Devanagari digits."""
    if type(found) is int or type(found) is Decimal:
        return found
    if type(found) is not str or len(found) > LONGEST_ID:
        raise ValueError("number")
    text = latin_digits(found.strip())
    if not _DECIMAL.fullmatch(text):
        raise ValueError("number")
    return exact_number(text)


def _int(_field: Field) -> Read:
    def read(found: Any) -> int:
        if type(found) is int:
            number = found
        elif type(found) is str and _WHOLE.fullmatch(text := latin_digits(found.strip())):
            number = int(text)
        else:
            said = _number(found)
            number = int(said)
            if number != said:
                raise ValueError("int")
        if abs(number) > LARGEST_PAISE:
            raise ValueError("int")
        return number

    return read


def _decimal(_field: Field) -> Read:
    return lambda found: Decimal(_number(found))


def _paise(field: Field) -> Read:
    scale = 100 if field.unit == "rupees" else 1

    def read(found: Any) -> int:
        amount = _number(found) * scale
        paise = int(amount)
        if paise != amount or abs(paise) > LARGEST_PAISE:
            raise ValueError("paise")
        return paise

    return read


def _forms(field: Field, *, instant: bool) -> Callable[[Any], datetime]:
    readers: list[Reader] = [parse_form(form, instant=instant) for form in field.forms]

    def read(found: Any) -> datetime:
        if type(found) is int:
            found = str(found)
        if type(found) is not str or len(found) > LONGEST_ID:
            raise ValueError("date")
        text = latin_digits(found.strip())
        for reader in readers:
            at = reader(text)
            if at is not None and EARLIEST_YEAR <= at.year <= LATEST_YEAR:
                return at
        raise ValueError("date")

    return read


def _date(field: Field) -> Read:
    read = _forms(field, instant=False)

    def read_day(found: Any) -> date:
        return read(found).date()

    return read_day


def _instant(field: Field) -> Read:
    read = _forms(field, instant=True)
    return lambda found: read(found).astimezone(UTC)


def _flag(field: Field) -> Read:
    if field.map:
        mapped = _word_by_map(field)
        return lambda found: _FLAGS[mapped(found)]
    return lambda found: found if type(found) is bool else _FLAGS[found]


class _Flags(dict[Any, bool]):
    def __missing__(self, key: Any) -> bool:
        raise ValueError("flag")


_FLAGS = _Flags({"true": True, "false": False, "1": True, "0": False})


def said_word(found: Any) -> str | None:
    """A word, a number or a flag of an answer as text; None for anything else."""
    match found:
        case str():
            return found.strip()
        case bool():
            return "true" if found else "false"
        case int() | Decimal():
            return str(found)
    return None


def word_at(found: Any) -> str:
    """What a path has found as one word; empty where that is nothing, or a list or an object."""
    if isinstance(found, Missing | list | dict) or found is None:
        return ""
    return (text_of(found) if hasattr(found, "itertext") else said_word(found)) or ""


def _word_by_map(field: Field) -> Read:
    known: Mapping[str, str] = field.map
    other = field.other

    def read(found: Any) -> str | None:
        word = said_word(found)
        value = known.get(word, other) if word is not None else None
        if value is None:
            raise ValueError("unknown value")
        return value

    return read


def _mobile(_field: Field) -> Read:
    def read(found: Any) -> str:
        digits = mobile_digits(str(found)) if type(found) in (str, int) and len(str(found)) <= LONGEST_ID else None
        if digits is None:
            raise ValueError("mobile")
        return digits

    return read


def _point(field: Field) -> Read:
    flip = field.order == "long_lat"

    def read(found: Any) -> Mapping[str, Decimal]:
        parts = found.split(",") if type(found) is str else found
        if type(parts) is not list or len(parts) != 2:
            raise ValueError("point")
        first, second = (Decimal(_number(part)) for part in parts)
        lat, long = (second, first) if flip else (first, second)
        if abs(lat) > 90 or abs(long) > 180:
            raise ValueError("point")
        return {"lat": lat, "long": long}

    return read


def _link(_field: Field) -> Read:
    def read(found: Any) -> str:
        if type(found) is not str or len(found) > LONGEST_LINK or not found.isprintable():
            raise ValueError("link")
        parts = urlsplit(found.strip())
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            raise ValueError("link")
        return found.strip()

    return read


_READERS: Mapping[str, Callable[[Field], Read]] = {
    "text": _text,
    "texts": _text,
    "id": _id,
    "lgd": _lgd,
    "int": _int,
    "decimal": _decimal,
    "paise": _paise,
    "date": _date,
    "instant": _instant,
    "flag": _flag,
    "status": _word_by_map,
    "clearance": _word_by_map,
    "enum": _word_by_map,
    "mobile": _mobile,
    "point": _point,
    "link": _link,
}
