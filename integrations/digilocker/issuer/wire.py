"""The issuer contract's XML: reads requests, writes answers (docs/contracts/digilocker.md sections 7.1 and 7.2).

Elements are matched by local name, since partners use several namespaces.
"""

import base64
import re
from collections.abc import Iterator
from datetime import date, datetime

from lxml import etree

from integrations.calling import safe_xml
from integrations.digilocker.issuer.inferred import PHONE
from integrations.digilocker.issuer.models import (
    CopyFormat,
    Envelope,
    IssuedCopy,
    IssuerSettings,
    Pending,
    PullDocRequest,
    PullRequest,
)

PULL_URI, PULL_DOC = "PullURIRequest", "PullDocRequest"
_ANSWERS = {PULL_URI: "PullURIResponse", PULL_DOC: "PullDocResponse"}
_NAMESPACE = "http://tempuri.org/"
_LONGEST = 200
_MOST_TAGS = 20
_MOST_ATTRIBUTES = 32
"""Of one element; the contract's root has seven."""
_KNOWN = frozenset({"doctype", "digilockerid", "uid", "fullname", "dob", "photo", "uri"})
_TRANSACTION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_DOCTYPE = re.compile(r"[A-Za-z]{1,5}")
_LOCKER = re.compile(r"[0-9a-fA-F-]{36}")
_DAY = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4})")
_GENDERS = {"M": "Male", "F": "Female"}


class BadRequest(ValueError):
    """The request is no well-formed one; `envelope` is what could be read of it."""

    def __init__(self, reason: str, envelope: Envelope | None = None) -> None:
        super().__init__(reason)
        self.envelope = envelope


def read_envelope(root: safe_xml.Element, expected: str) -> Envelope:
    """The attributes of the root; raises BadRequest for another root or without ts and txn."""
    if safe_xml.local_name(root) != expected:
        raise BadRequest("root")
    if any(len(element.attrib) > _MOST_ATTRIBUTES for element in root.iter()):
        raise BadRequest("attributes")
    ts, txn = safe_xml.attribute(root, "ts"), safe_xml.attribute(root, "txn")
    if ts is None or len(ts) > 64 or txn is None or not _TRANSACTION.fullmatch(txn):
        raise BadRequest("ts or txn")
    org_id = safe_xml.attribute(root, "orgId") or ""
    return Envelope(ts, txn, org_id, safe_xml.attribute(root, "keyhash"))


def instant_of(envelope: Envelope) -> datetime:
    """The instant of `ts`, which has to carry an offset; raises BadRequest."""
    try:
        instant = datetime.fromisoformat(envelope.ts)
    except ValueError as error:
        raise BadRequest("ts", envelope) from error
    if instant.tzinfo is None:
        raise BadRequest("ts without offset", envelope)
    return instant


def read_pull(root: safe_xml.Element, envelope: Envelope, default: CopyFormat) -> PullRequest:
    """A PullURIRequest; raises BadRequest where a mandatory part is missing."""
    details = _details(root, envelope)
    doctype = safe_xml.child_text(details, "DocType") or ""
    if not _DOCTYPE.fullmatch(doctype):
        raise BadRequest("DocType", envelope)
    return PullRequest(
        org_id=envelope.org_id,
        txn=envelope.txn,
        format=_format(root, envelope, default),
        doctype=doctype.upper(),
        locker_id=_locker(details, envelope),
        name=_short(details, "FullName", envelope),
        born_on=_day(details, envelope),
        search=dict(_search_tags(details, envelope)),
        uid=_short(details, "UID", envelope),
    )


def read_pull_doc(root: safe_xml.Element, envelope: Envelope, default: CopyFormat) -> PullDocRequest:
    """A PullDocRequest; raises BadRequest where a mandatory part is missing."""
    details = _details(root, envelope)
    uri = _short(details, "URI", envelope)
    if uri is None:
        raise BadRequest("URI", envelope)
    return PullDocRequest(
        org_id=envelope.org_id,
        txn=envelope.txn,
        format=_format(root, envelope, default),
        uri=uri,
        locker_id=_locker(details, envelope),
        name=_short(details, "FullName", envelope),
        born_on=_day(details, envelope),
        uid=_short(details, "UID", envelope),
    )


def write_pull(
    envelope: Envelope, asked: PullRequest, answer: IssuedCopy | Pending | None, settings: IssuerSettings
) -> bytes:
    """A PullURIResponse: Status 1 with the certificate, 9 where it comes later, 0 without."""
    root, body = _response(PULL_URI, envelope, "9" if isinstance(answer, Pending) else _status(answer))
    if isinstance(answer, IssuedCopy):
        for name, text in _echo_fields(asked) if settings.echo else ():
            etree.SubElement(body, name).text = text
        persons = etree.SubElement(etree.SubElement(body, "IssuedTo"), "Persons")
        etree.SubElement(
            persons,
            "Person",
            name=answer.name,
            dob=_format_date(answer.born_on),
            gender=_GENDERS.get(answer.gender or "", "") if answer.gender != "T" else settings.third_gender,
            phone=PHONE,
        )
        etree.SubElement(body, "URI").text = answer.uri
        _contents(body, asked.format, answer)
    return _bytes(root)


def write_pull_doc(envelope: Envelope, asked: CopyFormat, answer: IssuedCopy | None) -> bytes:
    """A PullDocResponse: Status 1 with the contents, 0 without."""
    root, body = _response(PULL_DOC, envelope, _status(answer))
    if answer is not None:
        _contents(body, asked, answer)
    return _bytes(root)


def write_failure(kind: str, envelope: Envelope | None) -> bytes:
    """A well-formed answer with Status 0; ts and txn are echoed where they could be read."""
    return _bytes(_response(kind, envelope, "0")[0])


def _response(kind: str, envelope: Envelope | None, status: str) -> tuple[safe_xml.Element, safe_xml.Element]:
    """The root and its DocDetails, which only a Status 1 has."""
    root = etree.Element(_ANSWERS[kind], nsmap={"ns2": _NAMESPACE})
    head = etree.SubElement(
        root, "ResponseStatus", Status=status, ts=envelope.ts if envelope else "", txn=envelope.txn if envelope else ""
    )
    head.text = status
    return root, etree.SubElement(root, "DocDetails") if status == "1" else root


def _echo_fields(asked: PullRequest) -> Iterator[tuple[str, str]]:
    """What the older answer repeats; never the number of the Aadhaar."""
    yield "DocType", asked.doctype
    yield "DigiLockerId", asked.locker_id
    yield "FullName", asked.name or ""
    yield "DOB", _format_date(asked.born_on)
    yield from asked.search.items()


def _format_date(day: date | None) -> str:
    return day.strftime("%d-%m-%Y") if day else ""


def _contents(body: safe_xml.Element, asked: CopyFormat, copy: IssuedCopy) -> None:
    """DocContent only where the PDF was asked for; DataContent always (specification 1.12)."""
    if asked in (CopyFormat.PDF, CopyFormat.BOTH):
        etree.SubElement(body, "DocContent").text = base64.b64encode(copy.pdf).decode()
    etree.SubElement(body, "DataContent").text = base64.b64encode(copy.xml).decode()


def _status(answer: IssuedCopy | None) -> str:
    return "0" if answer is None else "1"


def _bytes(root: safe_xml.Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _details(root: safe_xml.Element, envelope: Envelope) -> safe_xml.Element:
    details = safe_xml.child(root, "DocDetails")
    if details is None:
        raise BadRequest("DocDetails", envelope)
    return details


def _format(root: safe_xml.Element, envelope: Envelope, default: CopyFormat) -> CopyFormat:
    text = safe_xml.attribute(root, "format")
    try:
        return CopyFormat(text.lower()) if text else default
    except ValueError as error:
        raise BadRequest("format", envelope) from error


def _locker(details: safe_xml.Element, envelope: Envelope) -> str:
    locker_id = safe_xml.child_text(details, "DigiLockerId") or ""
    if not _LOCKER.fullmatch(locker_id):
        raise BadRequest("DigiLockerId", envelope)
    return locker_id


def _short(details: safe_xml.Element, name: str, envelope: Envelope) -> str | None:
    text = safe_xml.child_text(details, name)
    if text is not None and len(text) > _LONGEST:
        raise BadRequest(name, envelope)
    return text


def _day(details: safe_xml.Element, envelope: Envelope) -> date | None:
    text = _short(details, "DOB", envelope)
    if text is None:
        return None
    written = _DAY.fullmatch(text)
    if written is None:
        raise BadRequest("DOB", envelope)
    day, month, year = map(int, written.groups())
    try:
        return date(year, month, day)
    except ValueError as error:
        raise BadRequest("DOB", envelope) from error


def _search_tags(details: safe_xml.Element, envelope: Envelope) -> Iterator[tuple[str, str]]:
    """UDF1..n and the tags that a partner account was configured with instead of them."""
    tags = [each for each in safe_xml.children(details) if safe_xml.local_name(each).casefold() not in _KNOWN]
    if len(tags) > _MOST_TAGS:
        raise BadRequest("search tags", envelope)
    for tag in tags:
        text = safe_xml.text_of(tag)
        if text is not None and len(text) <= _LONGEST:
            yield safe_xml.local_name(tag), text
