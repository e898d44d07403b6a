"""API Setu's wire format, to and from our models; pure, and the one place to change when it changes."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from domain.identity.facts import FactKey
from domain.kernel import Source
from integrations import certificate_facts
from integrations.apisetu import wire_json
from integrations.apisetu.codes import ERRORS
from integrations.apisetu.models import CertificateRequest, DepartmentCertificate, PublisherSettings
from integrations.calling import safe_xml
from integrations.calling.answers import read_json
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, RemoteError, Unavailable, Verdict
from integrations.calling.remote import Answer, retry_after_seconds

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
        body = read_json(answer.content)
    except ValueError:
        return None
    code = (body.get("error") or body.get("errorCode")) if isinstance(body, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def read_certificate(
    answer: Answer, request: CertificateRequest, publisher: PublisherSettings
) -> DepartmentCertificate:
    """The document that was asked for; raises Garbled for another form, IntegrityFailure for another content."""
    if answer.media_type not in MEDIA_TYPES[request.format]:
        raise Garbled(SOURCE, "media_type")
    if request.format == "pdf":
        return _read_pdf(answer, request)
    if request.format == "json":
        return _read_json(answer, request)
    try:
        root = safe_xml.parse(answer.content)
        signed = signed_part(root, publisher.signing_certificates, answer.at)
    except safe_xml.UnsafeXml as error:
        raise Garbled(SOURCE, "certificate_xml") from error
    except NotGenuine as error:
        raise IntegrityFailure(SOURCE, "signature") from error
    return replace(_read_signed(signed, answer, request), sha1=by_sha1(root))


def asks_once_more(error: RemoteError) -> bool:
    """Whether the table allows one repeat only."""
    row = ERRORS.get(error.code)
    return row.verdict is Verdict.ONCE if row else error.code == "http_500"


def is_configuration(error: RemoteError) -> bool:
    """Whether the table says that our own subscription, key or path is wrong."""
    row = ERRORS.get(error.code)
    return row is not None and row.verdict is Verdict.ALARM


def to_json(certificate: DepartmentCertificate) -> dict[str, Any]:
    """The cached form of a certificate."""
    names = ("uri", "name", "number", "issuer", "doctype", "holder", "media_type", "content_sha256")
    issued_on = certificate.issued_on.isoformat() if certificate.issued_on else None
    born_on = certificate.born_on.isoformat() if certificate.born_on else None
    kept = {name: getattr(certificate, name) for name in names}
    facts = {key.value: value for key, value in certificate.facts.items()}
    told = {"issued_on": issued_on, "born_on": born_on, "facts": facts, "sha1": certificate.sha1}
    return {**kept, **told, "signature_verified": certificate.signature_verified}


def from_json(kept: Mapping[str, Any]) -> DepartmentCertificate:
    """A certificate read back from the cache."""
    days = {name: date.fromisoformat(kept[name]) if kept[name] else None for name in ("issued_on", "born_on")}
    facts = {FactKey(key): value for key, value in kept["facts"].items()}
    return DepartmentCertificate(**{**kept, **days, "facts": facts})


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name, but for letter case, spaces and dots."""
    return re.sub(r"[\s.]+", " ", one).strip().casefold() == re.sub(r"[\s.]+", " ", other).strip().casefold()


def _read_pdf(answer: Answer, request: CertificateRequest) -> DepartmentCertificate:
    if not answer.content.startswith(b"%PDF-"):
        raise Garbled(SOURCE, "not_a_pdf")
    if b"%%EOF" not in answer.content[-PDF_END:]:
        raise Garbled(SOURCE, "pdf_cut_short")
    return DepartmentCertificate(
        uri=None,
        name=request.doctype.upper(),
        number=None,
        issuer=None,
        doctype=request.doctype.upper(),
        issued_on=None,
        holder=None,
        media_type=PDF,
        content_sha256=hashlib.sha256(answer.content).hexdigest(),
        signature_verified=False,
    )


def _read_json(answer: Answer, request: CertificateRequest) -> DepartmentCertificate:
    given = wire_json.read(answer.content)
    facts = _Facts(
        name=wire_json.text_at(given, "name"),
        doctype=wire_json.text_at(given, "type"),
        holder=wire_json.text_at(given, "IssuedTo", "Person", "name"),
        uri=wire_json.text_at(given, "uri"),
        number=wire_json.text_at(given, "number"),
        issuer=wire_json.text_at(given, "IssuedBy", "Organization", "name"),
        issued_on=certificate_facts.day(wire_json.text_at(given, "issueDate")),
    )
    return _check_certificate(facts, answer, request, JSON)


def _read_signed(root: safe_xml.Element, answer: Answer, request: CertificateRequest) -> DepartmentCertificate:
    if safe_xml.local_name(root) != "Certificate":
        raise Garbled(SOURCE, "certificate_root")
    facts = _Facts(
        name=safe_xml.attribute(root, "name"),
        doctype=safe_xml.attribute(root, "type"),
        holder=_nested_name(root, "IssuedTo", "Person"),
        uri=safe_xml.attribute(root, "uri"),
        number=safe_xml.attribute(root, "number"),
        issuer=_nested_name(root, "IssuedBy", "Organization"),
        issued_on=certificate_facts.day(safe_xml.attribute(root, "issueDate")),
    )
    checked, stated = _check_certificate(facts, answer, request, XML), certificate_facts.facts_of(root)
    return replace(checked, born_on=stated.born_on, facts=stated.facts) if stated else checked


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str | None
    doctype: str | None
    holder: str | None
    uri: str | None
    number: str | None
    issuer: str | None
    issued_on: date | None


def _check_certificate(
    facts: _Facts, answer: Answer, request: CertificateRequest, media_type: str
) -> DepartmentCertificate:
    """What a document says, if it is the one that was asked for, of the person it was asked for."""
    if facts.name is None or facts.doctype is None:
        raise Garbled(SOURCE, "certificate_attributes")
    if facts.doctype.upper() != request.doctype.upper():
        raise IntegrityFailure(SOURCE, "another_document")
    if request.holder_names and not any(same_name(facts.holder or "", each) for each in request.holder_names):
        raise IntegrityFailure(SOURCE, "another_holder")
    return DepartmentCertificate(
        uri=facts.uri,
        name=facts.name,
        number=facts.number,
        issuer=facts.issuer,
        doctype=facts.doctype.upper(),
        issued_on=facts.issued_on,
        holder=facts.holder,
        media_type=media_type,
        content_sha256=hashlib.sha256(answer.content).hexdigest(),
        signature_verified=media_type == XML,
    )


def _nested_name(root: safe_xml.Element, outer: str, inner: str) -> str | None:
    """The `name` of an organisation or person."""
    parent = safe_xml.child(root, outer)
    element = safe_xml.child(parent, inner) if parent is not None else None
    return safe_xml.attribute(element, "name") if element is not None else None


class NotGenuine(Exception):
    """No given certificate made a valid signature over the document."""


class _Verifier(XMLVerifier):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def signed_part(root: safe_xml.Element, certificates: Iterable[str], at: datetime) -> safe_xml.Element:
    """What the signature covers, and only that (docs/contracts/digilocker.md section 7.4); raises NotGenuine.

    Genuine documents carry one reference over the whole document with a SHA-256 digest, but sign it with RSA-SHA1.
    RSA-SHA1 is therefore allowed here and nowhere else, under a certificate that was given to us.

    The certificates are PEM texts, valid at `at`. What the document itself says about keys is not trusted.
    """
    settings = SignatureConfiguration(
        require_x509=True,
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=at,
    )
    for certificate in certificates:
        try:
            result = _Verifier().verify(root, x509_cert=certificate, expect_config=settings)
        except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
            continue
        if isinstance(result, VerifyResult) and result.signed_xml is not None:
            return result.signed_xml
    raise NotGenuine


def by_sha1(root: safe_xml.Element) -> bool:
    """Whether the signature rests on RSA-SHA1."""
    methods = root.iter("{http://www.w3.org/2000/09/xmldsig#}SignatureMethod")
    return any(method.get("Algorithm") == SignatureMethod.RSA_SHA1.value for method in methods)
