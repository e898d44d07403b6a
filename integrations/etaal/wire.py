"""The client connector's three wire formats, requests and answers; pure (docs/contracts/etaal.md section 3).

The three column names and the codes -1 and -2 are published; every other element name is INFERRED
from how such connectors are built, so this file is the one to change when the real ones are known.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from lxml import etree
from pydantic import BeforeValidator, WithJsonSchema

from integrations.calling.answers import BodyModel, read_model
from integrations.calling.errors import Unreadable
from integrations.calling.safe_xml import Element, UnsafeXml, child, children, local_name, parse, text_of
from integrations.etaal.models import ServiceCount

DATE_MISSING = -1
WRONG_CREDENTIALS = -2
METHOD = "eTransactionCount"
NAMESPACE = "http://tempuri.org/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LONGEST_RANGE_DAYS = 31

_DIFFGRAM = "urn:schemas-microsoft-com:xml-diffgram-v1"
_MSDATA = "urn:schemas-microsoft-com:xml-msdata"
_XS = "http://www.w3.org/2001/XMLSchema"
_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


class NotUnderstood(ValueError):
    """The request has not the published form."""


@dataclass(frozen=True, slots=True)
class CountRequest:
    """One call of the method, whatever its transport. A missing part is empty."""

    day: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def read_fields(fields: Iterable[tuple[str, str]]) -> CountRequest:
    """The request from names and values. The guideline writes names with blanks, so these do not matter."""
    known = {re.sub(r"[\s_]", "", name).lower(): value for name, value in fields}
    return CountRequest(known.get("transactiondate", "").strip(), known.get("username", ""), known.get("password", ""))


def read_soap(content: bytes, action: str | None) -> CountRequest:
    """The request from a SOAP 1.1 envelope; raises NotUnderstood."""
    if action and action.strip('"').rpartition("/")[2] != METHOD:
        raise NotUnderstood("the SOAPAction is not known")
    try:
        envelope = parse(content)
    except UnsafeXml as error:
        raise NotUnderstood("the envelope is not well-formed XML") from error
    body = child(envelope, "Body") if local_name(envelope) == "Envelope" else None
    call = child(body, METHOD) if body is not None else None
    if call is None:
        raise NotUnderstood(f"the body holds no {METHOD}")
    return read_fields((local_name(part), text_of(part) or "") for part in children(call))


def read_day(text: str) -> date | None:
    """A date written DD/MM/YYYY; None where it is missing, of another form, or no date."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _asked_day(value: object) -> date:
    day = read_day(str(value))
    if day is None:
        raise ValueError("no day")
    return day


_DAY_SCHEMA = {"type": "string", "description": "A day in India, DD/MM/YYYY.", "examples": ["25/11/2026"]}


class CountRange(BodyModel):
    """A day, or a first and a last one, 31 days at most."""

    transaction_date: Annotated[date | None, BeforeValidator(_asked_day), WithJsonSchema(_DAY_SCHEMA)] = None
    from_date: date | None = None
    to_date: date | None = None


def read_range(given: bytes | Mapping[str, Any]) -> tuple[date, date]:
    """First and last day of the JSON form.

    Raises NotUnderstood with the code of docs/contracts/etaal.md section 4.
    """
    try:
        asked = read_model(CountRange, given)
    except Unreadable:
        raise NotUnderstood("E01") from None
    first, last = (asked.transaction_date or one for one in (asked.from_date, asked.to_date))
    if first is None or last is None or last < first:
        raise NotUnderstood("E01")
    if (last - first).days >= LONGEST_RANGE_DAYS:
        raise NotUnderstood("E03")
    return first, last


def by_service_and_place(counts: Iterable[ServiceCount]) -> list[tuple[str, str, int]]:
    """One row for each service and place, categories and channels added up; rows of zero are left out."""
    totals: Counter[tuple[str, str]] = Counter()
    for count in counts:
        totals[count.service_code, count.location_code] += count.count
    return [(service, place, total) for (service, place), total in sorted(totals.items()) if total]


def counts_xml(counts: Sequence[ServiceCount]) -> bytes:
    """The URL form's answer."""
    root = etree.Element("TransactionCount")
    for row in by_service_and_place(counts):
        _columns(etree.SubElement(root, "Service"), row)
    return _text(root)


def error_xml(code: int) -> bytes:
    """The URL form's answer where a part of the request is wrong; it comes with status 200."""
    root = etree.Element("TransactionCount")
    etree.SubElement(root, "ErrorCode").text = str(code)
    return _text(root)


def refusal_xml(code: str) -> bytes:
    """The URL form's answer to what the published codes do not name; never with status 200."""
    root = etree.Element("TransactionCount")
    etree.SubElement(root, "Error").text = code
    return _text(root)


def refusal_soap(code: str) -> bytes:
    """The SOAP form's answer to the same."""
    return fault_soap("Server", code)


def counts_soap(counts: Sequence[ServiceCount]) -> bytes:
    """The SOAP form's answer: a .NET dataset of one table."""
    envelope, dataset = _dataset()
    for number, row in enumerate(by_service_and_place(counts)):
        _columns(_table(dataset, number), row)
    return _text(envelope)


def error_soap(code: int) -> bytes:
    """The SOAP form's error: a table of one row."""
    envelope, dataset = _dataset()
    etree.SubElement(_table(dataset, 0), "ErrorCode").text = str(code)
    return _text(envelope)


def fault_soap(who: str, reason: str) -> bytes:
    """A SOAP 1.1 fault; `who` is Client or Server."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"soap:{who}"
    etree.SubElement(fault, "faultstring").text = reason
    return _text(envelope)


def _columns(row: Element, values: tuple[str, str, int]) -> None:
    service, place, total = values
    for name, value in (("ServiceCode", service), ("ServiceCount", str(total)), ("LocationCode", place)):
        etree.SubElement(row, name).text = value


def _dataset() -> tuple[Element, Element]:
    """An envelope with an empty dataset in it, as ASP.NET writes one.

    The method's namespace has a prefix, so that the dataset within stays without a namespace.
    """
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    answer = etree.SubElement(body, f"{{{NAMESPACE}}}{METHOD}Response", nsmap={"tns": NAMESPACE})
    result = etree.SubElement(answer, f"{{{NAMESPACE}}}{METHOD}Result")
    _dataset_schema(result)
    spaces = {"diffgr": _DIFFGRAM, "msdata": _MSDATA}
    diffgram = etree.SubElement(result, f"{{{_DIFFGRAM}}}diffgram", nsmap=spaces)
    return envelope, etree.SubElement(diffgram, "DataSet")


def _dataset_schema(result: Element) -> None:
    schema = etree.SubElement(result, f"{{{_XS}}}schema", {"id": "DataSet"}, nsmap={"xs": _XS, "msdata": _MSDATA})
    element = etree.SubElement(schema, f"{{{_XS}}}element", {"name": "DataSet", f"{{{_MSDATA}}}IsDataSet": "true"})
    choice = etree.SubElement(
        etree.SubElement(element, f"{{{_XS}}}complexType"),
        f"{{{_XS}}}choice",
        {"minOccurs": "0", "maxOccurs": "unbounded"},
    )
    table = etree.SubElement(choice, f"{{{_XS}}}element", {"name": "Table"})
    columns = etree.SubElement(etree.SubElement(table, f"{{{_XS}}}complexType"), f"{{{_XS}}}sequence")
    for name, kind in (("ServiceCode", "string"), ("ServiceCount", "long"), ("LocationCode", "string")):
        etree.SubElement(columns, f"{{{_XS}}}element", {"name": name, "type": f"xs:{kind}", "minOccurs": "0"})
    etree.SubElement(columns, f"{{{_XS}}}element", {"name": "ErrorCode", "type": "xs:int", "minOccurs": "0"})


def _table(dataset: Element, number: int) -> Element:
    marks = {f"{{{_DIFFGRAM}}}id": f"Table{number + 1}", f"{{{_MSDATA}}}rowOrder": str(number)}
    return etree.SubElement(dataset, "Table", marks)


def _text(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
