"""Holds PDF, XML, QR code, register and status list of a certificate against each other, for one file.

Of a paper beside certificates there are seal and register alone.
"""

import asyncio
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from joserfc.jwk import RSAKey
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from actions.certificates.cwt import InvalidCwt
from actions.certificates.papers import is_paper_there
from actions.certificates.qr_codes import QrFacts, qr_keys, read_qr
from actions.certificates.status_lists import PLACES, is_ended, list_uri, read_list
from actions.certificates.verification import verify
from actions.documents.own_signature import own_signature
from actions.kernel import Environment
from domain.certificates.certificates import ENDED, CertificateStatus, IssuedCertificate
from domain.certificates.officer_signatures import CertificateSigning
from domain.certificates.signatures import SignatureState
from domain.kernel import MistypedNumber, NumberKind
from gateway.documents.xml import STATUS_LIST
from integrations.calling import safe_xml
from integrations.trust_services import CertificateUnfit, Holder, TrustSettings
from integrations.trust_services.certificates import context_at, path_of
from store.certificates import certificates, officer_signatures
from store.database import Keyrings


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was held against the others: `code` says what came of it, OK where it agrees."""

    name: str
    code: str

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.code == "OK"


async def check_certificate(env: Environment, content: bytes, trust: TrustSettings | None = None) -> list[Check]:
    """What a PDF or XML is worth, each part by a line; the other form is read from our files.

    `trust` names the roots below which officers' certificates lie.
    """
    is_pdf = content.startswith(b"%PDF-")
    try:
        address = _code_of(content) if is_pdf else ""
        if place := _place_of_paper(env, address):
            return await _check_paper(env, content, place)
        facts = read_qr(address, qr_keys(env.keyrings)) if is_pdf else None
        number = facts.number if facts else _attribute(content, "number")
    except InvalidCwt as invalid:
        return [Check("qr", invalid.code)]
    except (PdfError, safe_xml.UnsafeXml, LookupError):
        return [Check("file", "MALFORMED")]
    held = await env.store.read(lambda tx: certificates.by_number(tx, number))
    if held is None:
        return [Check("register", "NOT_FOUND")]
    pdf = content if is_pdf else await env.objects.get(held.pdf_sha256)
    xml = await env.objects.get(held.xml_sha256) if is_pdf else content
    signing = (await env.store.read(lambda tx: officer_signatures.of_certificates(tx, [held.id]))).get(held.id)
    by_officers = signing is not None and await _officers_code(env, trust, signing, held, pdf)
    checks = [Check("pdf", by_officers or await _pdf_code(env.keyrings, held, pdf))]
    if facts is None and pdf is not None:
        try:
            facts = read_qr(_code_of(pdf), qr_keys(env.keyrings))
        except (InvalidCwt, PdfError, LookupError):
            facts = None
    checks.append(Check("xml", _xml_code(env, held, xml)))
    checks.append(Check("qr", _qr_code(env, held, facts, xml)))
    checks.append(Check("register", "OK" if held.status not in ENDED else held.status.value))
    return [*checks, Check("status", await _status_code(env, held))]


def _place_of_paper(env: Environment, address: str) -> str | None:
    """Where below our address a paper is looked up (actions/certificates/papers.py); None for a certificate."""
    place = address.removeprefix(f"{env.public_url}/")
    return place if place.startswith(("track#", f"verify/{NumberKind.PAYMENT.value}")) else None


async def _check_paper(env: Environment, content: bytes, place: str) -> list[Check]:
    """What a paper beside certificates is worth. Of an order the register says too whether its benefit goes on."""
    code, title = await _seal_code(env.keyrings, content)
    if place.startswith("track#"):
        there = await is_paper_there(env, place, title)
        return [Check("pdf", code), Check("register", "OK" if there else "NOT_FOUND")]
    try:
        found = await verify(env, place.removeprefix("verify/"))
    except MistypedNumber:
        found = None
    status = found.status if found else "NOT_FOUND"
    return [Check("pdf", code), Check("register", "OK" if status is CertificateStatus.ACTIVE else status)]


def _code_of(pdf: bytes) -> str:
    """The address behind the picture of the code. Raises PdfError, LookupError."""
    reader = PdfFileReader(io.BytesIO(pdf))
    return next(_links(reader))


def _links(reader: PdfFileReader) -> Iterator[str]:
    for page in reader.root["/Pages"]["/Kids"]:
        for each in page.get_object().get("/Annots", ()):
            annotation = each.get_object()
            if annotation.get("/Subtype") == "/Link" and "/URI" in annotation.get("/A", {}):
                yield str(annotation["/A"]["/URI"])
    raise LookupError("the page has no code")


async def _pdf_code(keyrings: Keyrings, held: IssuedCertificate, pdf: bytes | None) -> str:
    if pdf is None:
        return "MISSING"
    code, _ = await _seal_code(keyrings, pdf)
    return "OTHER_FILE" if code == "OK" and hashlib.sha256(pdf).hexdigest() != held.pdf_sha256 else code


async def _seal_code(keyrings: Keyrings, pdf: bytes) -> tuple[str, str]:
    """What the system's seal on a file is worth, and the reason that it states."""
    try:
        [signature, *_] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        status = await async_validate_pdf_signature(signature, ValidationContext(trust_roots=[], allow_fetching=False))
    except (PdfError, SignatureValidationError, ValueError):
        return "BAD_SIGNATURE", ""
    if not status.intact or not status.valid or status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        return "BAD_SIGNATURE", ""
    signer = x509.load_der_x509_certificate(status.signing_cert.dump()).public_key()
    ours = [key.public_key for key in keyrings.key_set("pdf").keys if isinstance(key, RSAKey)]
    return "OK" if signer in ours else "UNKNOWN_KEY", str(signature.sig_object.get("/Reason", ""))


async def _officers_code(
    env: Environment,
    trust: TrustSettings | None,
    signing: CertificateSigning,
    held: IssuedCertificate,
    pdf: bytes | None,
) -> str:
    """What the signatures of officers are worth: each of the token that is noted, which leads to a pinned root."""
    if pdf is None:
        return "MISSING"
    async with env.store.read_transaction() as tx:
        records = (await officer_signatures.signatures_of(tx, [signing.id])).get(signing.id, [])
        tokens = [await officer_signatures.ENROLMENTS.get(tx, one.enrolment_id) for one in records]
    try:
        found = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        context = ValidationContext(trust_roots=[], allow_fetching=False)
        states = [await async_validate_pdf_signature(one, context) for one in found]
    except (PdfError, SignatureValidationError, ValueError):
        return "BAD_SIGNATURE"
    if not found or not all(one.intact and one.valid and one.docmdp_ok for one in states):
        return "BAD_SIGNATURE"
    signers = [one.signing_cert for one in states]
    if [hashlib.sha256(one.dump()).hexdigest() for one in signers] != [one.sha256 for one in tokens if one]:
        return "UNKNOWN_KEY"
    if trust is None:
        return "NO_ROOTS"
    for signer, record in zip(signers, records, strict=True):
        try:
            await asyncio.to_thread(path_of, signer, context_at(trust, record.signed_at), Holder.OFFICER)
        except CertificateUnfit:
            return "UNKNOWN_KEY"
    return "OK" if hashlib.sha256(pdf).hexdigest() in {held.pdf_sha256, signing.released_sha256} else "OTHER_FILE"


def _xml_code(env: Environment, held: IssuedCertificate, xml: bytes | None) -> str:
    if xml is None:
        return "MISSING"
    if own_signature(env.keyrings, xml, env.clock.now()).state is not SignatureState.VERIFIED:
        return "BAD_SIGNATURE"
    return "OK" if hashlib.sha256(xml).hexdigest() == held.xml_sha256 else "OTHER_FILE"


def _qr_code(env: Environment, held: IssuedCertificate, facts: QrFacts | None, xml: bytes | None) -> str:
    if facts is None or xml is None:
        return "MISSING"
    number, place = divmod(held.status_index or 0, PLACES)
    listed = (list_uri(env.public_url, number), place)
    same = (facts.number, facts.doctype, facts.valid_until) == (held.number, held.doctype, held.valid_until)
    same = same and (facts.list_uri, facts.place) == listed
    return "OK" if same and _listed_in(xml) == f"{listed[0]}#{listed[1]}" else "DIFFERS"


async def _status_code(env: Environment, held: IssuedCertificate) -> str:
    if held.status_index is None:
        return "MISSING"
    number, place = divmod(held.status_index, PLACES)
    ended = is_ended(await read_list(env, number), place)
    return "ENDED" if ended else "OK"


def _attribute(xml: bytes, name: str) -> str:
    return str(safe_xml.parse(xml).attrib[name])


def _listed_in(xml: bytes) -> str | None:
    lines = (one for one in safe_xml.parse(xml).iter() if safe_xml.local_name(one) == "Field")
    return next((str(each.get("value")) for each in lines if each.get("name") == STATUS_LIST), None)
