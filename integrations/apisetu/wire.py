"""API Setu's wire format, to and from our models; pure, and the one place to change when it changes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from domain.kernel import Source, without_hidden_characters
from integrations import certificate_facts
from integrations.apisetu import wire_json
from integrations.apisetu.codes import ERRORS
from integrations.apisetu.models import CertificateRequest, DepartmentCertificate, PublisherSettings
from integrations.calling import safe_xml
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Garbled, Refused, RemoteError, Unavailable, Unreadable, Verdict
from integrations.calling.remote import Answer, retry_after_seconds
from integrations.xml_signatures import examine

SOURCE = Source.API_SETU
PDF, XML, JSON = "application/pdf", "application/xml", "application/json"
MEDIA_TYPES = {"pdf": frozenset({PDF}), "xml": frozenset({XML, "text/xml"}), "json": frozenset({JSON})}
PDF_END = 1024
"""Bytes at the end of a PDF among which its end mark stands, as readers have it (ISO 32000-1, 7.5.5 and H.3)."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_CODE = re.compile(r"[a-z][a-z_]{1,60}")


def path_of(request: CertificateRequest, publisher: PublisherSettings) -> str:
    """The path of the certificate call, in the style of this subscription; doctypes are lower-case in it."""
    if not _NAME.fullmatch(request.publisher) or not _NAME.fullmatch(request.doctype):
        raise Refused(SOURCE, "invalid_parameter")
    template = publisher.path_of(request.doctype)
    return template.format(publisher=request.publisher, doctype=request.doctype.lower())


def as_published(request: CertificateRequest, publisher: PublisherSettings) -> CertificateRequest:
    """The request in a format that is offered, with every parameter that the publisher asks for.

    Raises Refused with API Setu's own code for what it would refuse, so that it need not be asked.
    """
    path_of(request, publisher)
    known = publisher.documents.get(request.doctype.upper())
    if known is None and publisher.documents:
        raise Refused(SOURCE, "url_not_found")
    if known is None:
        if (request.format or "xml") not in MEDIA_TYPES:
            raise Refused(SOURCE, "invalid_format")
        return replace(request, format=request.format or "xml")
    if request.format and request.format not in known.formats:
        raise Refused(SOURCE, "invalid_format")
    sent = {**dict.fromkeys(known.withheld, ""), **request.parameters}
    if any(not sent.get(name, "").strip() and name not in known.withheld for name in known.parameters):
        raise Refused(SOURCE, "missing_parameter")
    names = known.parameters or tuple(sent)
    parameters = {name: "" if name in known.withheld else sent[name] for name in names}
    return replace(request, format=request.format or known.formats[0], parameters=parameters)


def body_of(request: CertificateRequest, artefact: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of the call. Parameter names and the case of values are the publisher's; values are trimmed."""
    return {
        "txnId": request.transaction_id,
        "format": request.format,
        "certificateParameters": {name: value.strip() for name, value in request.parameters.items()},
        "consentArtifact": dict(artefact),
    }


def judge(answer: Answer) -> None:
    """Let a document pass; raise the outcome of an error, also of one that comes with a 200."""
    code = error_code(answer)
    if answer.status == 200 and code is None:
        return
    raise outcome(answer, code)


def outcome(answer: Answer, code: str | None) -> RemoteError:
    """The error by its code; without one that we know, by the status."""
    row = ERRORS.get(code or "")
    if row is not None and code is not None:
        if row.verdict in (Verdict.AGAIN, Verdict.ONCE):
            return Unavailable(SOURCE, code, retry_after=retry_after_seconds(answer))
        return Refused(SOURCE, code)
    if answer.status >= 500:
        return Unavailable(SOURCE, f"http_{answer.status}", retry_after=retry_after_seconds(answer))
    if 400 <= answer.status < 500:
        return Refused(SOURCE, f"http_{answer.status}")
    return Garbled(SOURCE, "error_with_200" if answer.status == 200 else f"http_{answer.status}")


def error_code(answer: Answer) -> str | None:
    """The `error` (or `errorCode`) of a JSON body; None for documents and pages."""
    if answer.status == 200 and "json" not in answer.media_type:
        return None
    try:
        body = read_object(answer.content)
    except Unreadable:
        return None
    code = body.get("error") or body.get("errorCode")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def read_certificate(
    answer: Answer, request: CertificateRequest, publisher: PublisherSettings
) -> DepartmentCertificate:
    """The document that was asked for; raises Unreadable for another form, Foreign for another content."""
    if answer.media_type not in MEDIA_TYPES[request.format]:
        raise Unreadable("media_type")
    if request.format == "pdf":
        return _read_pdf(answer, request)
    if request.format == "json":
        given = wire_json.read(answer.content)
        return _certificate(request, JSON, partial(wire_json.text_at, given))
    try:
        found = examine(answer.content, publisher.signing_certificates, answer.at)
    except safe_xml.UnsafeXml as error:
        raise Unreadable("certificate_xml") from error
    if found.part is None:
        raise Foreign("signature")
    return replace(_read_signed(found.part, request), sha1=found.sha1)


def asks_once_more(error: RemoteError) -> bool:
    """Whether the table allows one repeat only."""
    row = ERRORS.get(error.code)
    return row.verdict is Verdict.ONCE if row else error.code == "http_500"


def is_configuration(error: RemoteError) -> bool:
    """Whether the table says that our own subscription, key or path is wrong."""
    row = ERRORS.get(error.code)
    return row is not None and row.verdict is Verdict.ALARM


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name, but for letter case, spaces and dots."""
    return re.sub(r"[\s.]+", " ", one).strip().casefold() == re.sub(r"[\s.]+", " ", other).strip().casefold()


def _read_pdf(answer: Answer, request: CertificateRequest) -> DepartmentCertificate:
    if not answer.content.startswith(b"%PDF-"):
        raise Unreadable("not_a_pdf")
    if b"%%EOF" not in answer.content[-PDF_END:]:
        raise Unreadable("pdf_cut_short")
    return DepartmentCertificate(
        uri=None,
        name=request.doctype.upper(),
        number=None,
        issuer=None,
        doctype=request.doctype.upper(),
        issued_on=None,
        holder=None,
        media_type=PDF,
        signature_verified=False,
    )


def _read_signed(root: safe_xml.Element, request: CertificateRequest) -> DepartmentCertificate:
    if safe_xml.local_name(root) != "Certificate":
        raise Unreadable("certificate_root")
    checked, stated = _certificate(request, XML, partial(_attribute_at, root)), certificate_facts.facts_of(root)
    return replace(checked, born_on=stated.born_on, facts=stated.facts) if stated else checked


def _certificate(
    request: CertificateRequest, media_type: str, text_at: Callable[..., str | None]
) -> DepartmentCertificate:
    """What a document says, if it is the one that was asked for, of the person it was asked for."""
    name, doctype, holder = text_at("name"), text_at("type"), text_at("IssuedTo", "Person", "name")
    if name is None or doctype is None:
        raise Unreadable("certificate_attributes")
    if doctype.upper() != request.doctype.upper():
        raise Foreign("another_document")
    if request.holder_names and not any(same_name(holder or "", each) for each in request.holder_names):
        raise Foreign("another_holder")
    return DepartmentCertificate(
        uri=text_at("uri"),
        name=name,
        number=text_at("number"),
        issuer=text_at("IssuedBy", "Organization", "name"),
        doctype=doctype.upper(),
        issued_on=certificate_facts.day(text_at("issueDate")),
        holder=holder,
        media_type=media_type,
        signature_verified=media_type == XML,
    )


def _attribute_at(root: safe_xml.Element, *path: str) -> str | None:
    """An attribute of the root, or of an organisation or person within it, without characters that nobody sees."""
    element: safe_xml.Element | None = root
    for name in path[:-1]:
        element = safe_xml.child(element, name) if element is not None else None
    found = safe_xml.attribute(element, path[-1]) if element is not None else None
    return found and (without_hidden_characters(found).strip() or None)
