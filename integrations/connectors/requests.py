"""Makes requests of a call's templates: each value is encoded for its place, so that it cannot leave it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from lxml import etree

from domain.kernel import Source, holds_aadhaar, mobile_digits, rupees
from integrations.calling import safe_xml
from integrations.calling.errors import Refused
from integrations.connectors.bodies import exact_number
from integrations.connectors.file import Body, ConnectorCall, Input, Wire
from integrations.connectors.forms import write_form
from integrations.connectors.templates import Template

LONGEST_VALUE = 4000

_CONTENT_TYPES = {
    Body.JSON: "application/json",
    Body.XML: "application/xml; charset=utf-8",
    Body.FORM: "application/x-www-form-urlencoded",
    Body.SOAP_1_1: "text/xml; charset=utf-8",
    Body.SOAP_1_2: "application/soap+xml; charset=utf-8",
}
_UNWRITABLE = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ud800-\\udfff\\ufffe\\uffff"
_NO_TEXT = re.compile(f"[{_UNWRITABLE}]")
"""What XML cannot carry, and no text needs."""
_NOT_ONE_LINE = re.compile(f"[{_UNWRITABLE}\\t\\r\\n]")


class InputRefused(Refused):
    """A value does not fit the call; nothing was sent. `input` is its name in the file, `reason` a short word."""

    def __init__(self, source: Source, name: str, reason: str) -> None:
        super().__init__(source, "input_refused")
        self.input = name
        self.reason = reason


class Unfit(ValueError):
    """A value does not fit its place; the text is a short word."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request but for its proofs. `query` is encoded; `body` are the filled values, of which `content` is made."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


class RequestWriter:
    """Writes the requests of one call."""

    def __init__(self, call: ConnectorCall, wire: Wire, base_path: str, source: Source) -> None:
        self._call, self._wire, self._base, self._source = call, wire, base_path, source
        self._patterns = {name: re.compile(one.pattern) for name, one in call.takes.items() if one.pattern}
        self._headers = self._fixed_headers()

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the holes, as they are sent. Raises InputRefused."""
        found = {name: _plain_value(value) for name, value in given.items() if name not in self._call.takes}
        for name, one in self._call.takes.items():
            value = given.get(name)
            if value is None or value == "":
                if one.needed:
                    raise InputRefused(self._source, name, "missing")
                continue
            try:
                found |= self._sent_forms(name, one, value)
            except (ValueError, ArithmeticError, TypeError, AttributeError, KeyError) as error:
                raise InputRefused(self._source, name, str(error) if isinstance(error, Unfit) else one.kind) from None
        return found

    def _sent_forms(self, name: str, one: Input, value: Any) -> dict[str, Any]:
        if isinstance(value, list | tuple):  # of a batch
            return {name: [self._check_text(name, one, _INPUTS[one.kind](one, each)) for each in value]}
        if one.kind == "point":
            return {f"{name}.{part}": _coordinate(value[part]) for part in ("lat", "long")}
        return {name: self._check_text(name, one, _INPUTS[one.kind](one, value))}

    def _check_text(self, name: str, one: Input, sent: Any) -> Any:
        text = str(sent)
        if name in self._patterns and not self._patterns[name].fullmatch(text):
            raise Unfit("pattern")
        if len(text) > LONGEST_VALUE:
            raise Unfit("too_long")
        if one.kind == "text" and holds_aadhaar(text):
            raise Unfit("aadhaar")
        return sent

    def prepare(self, values: Mapping[str, Any], extra: Mapping[str, str] | None = None) -> Prepared:
        """The request for values as they are sent; `extra` are further parameters. Raises InputRefused."""
        call = self._call
        try:
            path = call.path.fill(values, _segment)
            query = [
                f"{quote(name, safe='')}={text}"
                for name, one in call.query.items()
                if (text := self._parameter(one, values)) is not None
            ]
            query += [f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in (extra or {}).items()]
            headers = {
                name: text for name, one in call.headers.items() if (text := one.fill(values, _header)) is not None
            }
            body = None if call.body is None else _fill_body(call.body, values)
        except Unfit as error:
            raise InputRefused(self._source, "", str(error)) from None
        if path is None:
            missing = next(hole for hole in call.path.holes if values.get(hole) is None)
            raise InputRefused(self._source, missing, "missing")
        return Prepared(call.method, self._base + path, "&".join(query), {**self._headers, **headers}, body)

    def _parameter(self, one: Template, values: Mapping[str, Any]) -> str | None:
        batch = self._call.batch
        if batch is not None and one.is_lone_hole and isinstance(found := values.get(one.holes[0]), list):
            return batch.join.join(quote(str(each), safe="") for each in found)
        filled = one.fill(values, _text)
        return None if filled is None else quote(filled, safe="")

    def _fixed_headers(self) -> dict[str, str]:
        wire, call = self._wire, self._call
        accept = ", ".join(sorted(call.policy.accepts))
        if not wire.is_soap:
            kind = _CONTENT_TYPES[wire.request]
            return {"Accept": accept} | ({"Content-Type": kind} if call.body is not None else {})
        action = call.action or f"{wire.namespace.rstrip('/')}/{call.operation}"
        kind = _CONTENT_TYPES[wire.request]
        if wire.request is Body.SOAP_1_2:
            return {"Accept": accept, "Content-Type": f'{kind}; action="{action}"'}
        return {"Accept": accept, "Content-Type": kind, "SOAPAction": f'"{action}"'}


def write_content(body: Any, kind: Body) -> bytes | None:
    """The bytes of a body that is no envelope; None where there is none. Raises Unfit for what its kind cannot say."""
    if body is None:
        return None
    if kind is Body.FORM:
        return urlencode({name: _text(value) for name, value in body.items()}).encode()
    if kind is Body.JSON:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    name, content = next(iter(body.items()))
    root = etree.Element(name)
    add_elements(root, content, "")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def add_elements(parent: safe_xml.Element, content: Any, namespace: str) -> None:
    """Write values below an element, a list as elements of the same name. Raises Unfit for what XML cannot say."""
    if not isinstance(content, Mapping):
        try:
            parent.text = _text(content)
        except ValueError:
            raise Unfit("characters") from None
        return
    for name, value in content.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            add_elements(etree.SubElement(parent, f"{{{namespace}}}{name}" if namespace else name), one, namespace)


def _fill_body(body: Any, values: Mapping[str, Any]) -> Any:
    """The body with its holes filled; a member whose lone hole has no value is left out."""
    if isinstance(body, Template):
        if body.is_lone_hole:
            return values.get(body.holes[0])
        return body.fill(values, _text)
    if isinstance(body, Mapping):
        found = ((name, _fill_body(one, values)) for name, one in body.items())
        return {name: one for name, one in found if one is not None}
    if isinstance(body, tuple):
        return [one for one in (_fill_body(each, values) for each in body) if one is not None]
    return body


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _segment(value: Any) -> str:
    text = _line(value)
    if "/" in text or "\\" in text or text in ("", ".", ".."):
        raise Unfit("segment")
    return quote(text, safe="")


def _line(value: Any) -> str:
    text = _text(value)
    if _NOT_ONE_LINE.search(text):
        raise Unfit("line_break")
    return text


def _header(value: Any) -> str:
    text = _line(value)
    if not text.isascii():
        raise Unfit("characters")
    return text


def _plain_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _coordinate(value: Any) -> str:
    number = exact_number(str(value))
    if not number.is_finite() or abs(number) > 180 or len(str(value)) > 20:
        raise Unfit("point")
    return f"{number:f}"


def _word(_one: Input, value: Any) -> str:
    if not isinstance(value, str) or _NO_TEXT.search(value):
        raise Unfit("characters")
    return value


def _number_code(_one: Input, value: Any) -> str:
    text = _line(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unfit("characters")
    return text


def _digits(_one: Input, value: Any) -> str:
    if not re.fullmatch(r"[0-9]{1,8}", str(value)):
        raise Unfit("lgd")
    return str(value)


def _integer(_one: Input, value: Any) -> int:
    if isinstance(value, bool) or len(str(value)) > 20:
        raise Unfit("int")
    return int(value)


def _exact(_one: Input, value: Any) -> str:
    number = exact_number(str(value))
    if not number.is_finite():
        raise Unfit("decimal")
    return f"{number:f}"


def _amount(one: Input, value: Any) -> str:
    paise = _integer(one, value)
    return rupees(paise) if one.unit == "rupees" else str(paise)


def _day(one: Input, value: Any) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(value)
    return write_form(one.forms[0], day)


def _moment(one: Input, value: Any) -> str:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise Unfit("instant")
    return write_form(one.forms[0], at)


def _yes_or_no(one: Input, value: Any) -> Any:
    said = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if not isinstance(said, bool):
        raise Unfit("flag")
    return one.map[_text(said)] if one.map else said


def _their_word(one: Input, value: Any) -> str:
    if value not in one.map:
        raise Unfit("enum")
    return one.map[value]


def _mobile(_one: Input, value: Any) -> str:
    digits = mobile_digits(str(value))
    if digits is None:
        raise Unfit("mobile")
    return digits


_INPUTS: Mapping[str, Callable[[Input, Any], Any]] = {
    "text": _word,
    "id": _number_code,
    "lgd": _digits,
    "int": _integer,
    "decimal": _exact,
    "paise": _amount,
    "date": _day,
    "instant": _moment,
    "flag": _yes_or_no,
    "enum": _their_word,
    "mobile": _mobile,
}
