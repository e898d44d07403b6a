"""What coverage-guided fuzzing reads with (docs/reliability.md section 5.11): each target takes octets and raises
where a reader does what it must not: fail in a way that its callers do not know, or break what it promises.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from graphql import GraphQLSyntaxError, Source, build_schema, parse, validate
from joserfc.jwk import ECKey
from stdnum.in_ import aadhaar

from actions.certificates.cwt import InvalidCwt, read_cwt, sign_cwt
from actions.certificates.qr_codes import PATH, read_qr
from actions.certificates.wallet_grants import WalletRefusal
from domain.feedback.commands import read_command
from domain.kernel import holds_aadhaar, latin_digits, mask_aadhaar_in
from gateway.credentials.issuance import read_request
from gateway.graphql.body import decode_json
from gateway.graphql.document_limits import check_document
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Limits
from integrations import certificate_facts
from integrations.calling import safe_xml
from integrations.calling.errors import Refused, Unreadable
from integrations.calling.incoming_calls import CallRefused
from integrations.digilocker import CopyFormat
from integrations.digilocker.issuer import wire as issuer_wire
from integrations.digilocker.requester import wire as locker_wire
from integrations.sms.endpoint import read_message
from integrations.whatsapp import Incoming
from integrations.whatsapp import wire as whatsapp_wire

LIMITS = Limits()
WHATSAPP = ("102290129340398", "106540352242922")
"""Our account and number there."""
KEY = ECKey.generate_key("P-256", {"kid": "fuzz"})
SMS_AT = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "payloads"
SCHEMA = build_schema(
    "type Query { a: Query b(x: Int): [Query!] c: String } type Mutation { d: Query } directive @x on FIELD"
)
_APART = re.compile(r"(?<!\d)\d{12}(?!\d)")


def certificate(content: bytes) -> None:
    """A certificate's XML: its facts, none of them longer than a form takes, or UnsafeXml."""
    try:
        found = certificate_facts.read_facts(content)
    except safe_xml.UnsafeXml:
        return
    if found is not None and any(not value for value in found.facts.values()):
        raise AssertionError("an empty fact")


def locker_uri(content: bytes) -> None:
    """The URI of a document: what is one has an issuer and stays one segment of a path; anything else is Refused."""
    text = content.decode("utf-8", "surrogateescape")
    try:
        issuer = locker_wire.issuer_of(text)
    except Refused:
        if locker_wire.is_uri(text):
            raise AssertionError("a URI without an issuer") from None
        return
    segment = locker_wire.one_segment(text)
    if not issuer or "/" in segment or "?" in segment or "%" in issuer:
        raise AssertionError("a URI that leaves its segment")


def mask(content: bytes) -> None:
    """No Aadhaar number is in a masked text, and masking it again changes nothing."""
    masked = mask_aadhaar_in(content.decode("utf-8", "replace"))
    if holds_aadhaar(masked):
        raise AssertionError("a number is left after masking")
    if any(aadhaar.is_valid(latin_digits(found)) for found in _APART.findall(masked)):
        raise AssertionError("a number of twelve digits shows")


def issuer_request(content: bytes) -> None:
    """What DigiLocker's caller signed: a request of either kind, or one of two refusals that the door answers."""
    for kind, read in (
        (issuer_wire.PULL_URI, issuer_wire.read_pull),
        (issuer_wire.PULL_DOC, issuer_wire.read_pull_doc),
    ):
        try:
            root = safe_xml.parse(content, limit=512_000, most_markup=1000)
            envelope = issuer_wire.read_envelope(root, kind)
            issuer_wire.instant_of(envelope)
            read(root, envelope, CopyFormat.XML)
            issuer_wire.write_failure(kind, envelope)
        except (safe_xml.UnsafeXml, issuer_wire.BadRequest):
            continue


def json_body(content: bytes) -> None:
    """A body that passes the guard has the value that the standard library reads; any other is a RequestProblem."""
    try:
        value = decode_json(content, LIMITS)
    except RequestProblem:
        return
    if json.loads(content) != value:
        raise AssertionError("read otherwise")
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def document(content: bytes) -> None:
    """A document that passes the guard is validated to its end: no error of validation says that it gave up."""
    try:
        parsed = parse(Source(content.decode("utf-8", "replace")), max_tokens=LIMITS.tokens)
        check_document(parsed, LIMITS)
    except (GraphQLSyntaxError, RequestProblem):
        return
    for error in validate(SCHEMA, parsed, max_errors=1000):
        if "Too many" in error.message:
            raise AssertionError("validation gave up")


def sms_message(content: bytes) -> None:
    """What Mobile Seva passes on: a whole message whose command is read, or CallRefused."""
    fields = dict(parse_qsl(content.decode("utf-8", "replace")))
    try:
        message = read_message(fields, SMS_AT)
    except CallRefused:
        return
    command = read_command(message.text)
    if not re.fullmatch(r"[6-9]\d{9}", message.mobile) or (command and command.mistyped and command.number):
        raise AssertionError("a telephone or a number that is none")


def whatsapp_notice(content: bytes) -> None:
    """What WhatsApp tells: parts of our own account and number, each with a name to be told once, or Unreadable."""
    try:
        told = whatsapp_wire.read_told(content, *WHATSAPP)
    except Unreadable:
        return
    if any(not one.key or one.at.tzinfo is None for one in told):
        raise AssertionError("told without a name or a time")
    if any(not re.fullmatch(r"[0-9]{6,15}", one.sender) for one in told if isinstance(one, Incoming)):
        raise AssertionError("a sender that is no number")


def qr_text(content: bytes) -> None:
    """The text of a QR code: what it says, where we signed exactly these octets, or InvalidCwt."""
    text = content.decode("utf-8", "replace")
    try:
        found = read_qr(text, [KEY])
    except InvalidCwt:
        return
    if not found.number or found.place < 0:
        raise AssertionError("a code without a number or a place")


def cwt(content: bytes) -> None:
    """A CBOR Web Token: claims that are read the same where they are signed anew, or InvalidCwt."""
    try:
        claims = read_cwt(content, [KEY])
    except InvalidCwt:
        return
    if read_cwt(sign_cwt(claims, KEY), [KEY]) != claims:
        raise AssertionError("read otherwise than signed")


def wallet_request(content: bytes) -> None:
    """What a wallet asks for: a configuration and one proof as text, or a refusal of OpenID4VCI."""
    try:
        _, proof = read_request("application/json", content)
    except WalletRefusal as refusal:
        if refusal.error not in ("invalid_credential_request", "invalid_proof"):
            raise AssertionError("a refusal that the specification does not name") from None
        return
    proof.encode("utf-8", "surrogatepass")


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            certificate,
            locker_uri,
            mask,
            issuer_request,
            json_body,
            document,
            sms_message,
            whatsapp_notice,
            qr_text,
            cwt,
            wallet_request,
        )
    }
)


_WHATSAPP_VALUES = (
    ("messages", {"messages": [{"from": "919812345678", "id": "wamid.1", "timestamp": "1749416383", "type": "text"}]}),
    ("messages", {"statuses": [{"id": "wamid.1", "status": "failed", "timestamp": "1749416383", "errors": [{}]}]}),
    ("message_template_status_update", {"event": "PAUSED", "message_template_name": "a"}),
)


def _notice(field: str, value: Mapping[str, object]) -> bytes:
    account, number = WHATSAPP
    whole = {"metadata": {"phone_number_id": number}, "message_template_language": "hi", **value}
    entry = {"id": account, "time": 1749416383, "changes": [{"field": field, "value": whole}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


_CLAIMS = {
    6: 1790000000,
    169: {1: "22612345678906", 4: "Asha Negi", 19: "आशा नेगी", 75: "INCER", 76: {"annual_income": "120000"}},
    65535: {"status_list": {"idx": 7, "uri": "http://gateway.test/status-lists/0"}},
}


def seeds(name: str) -> list[bytes]:
    """What a target begins with: payloads of the contracts, and a few texts that reach far into it."""
    xml = [path.read_bytes() for path in sorted((PAYLOADS / "digilocker").glob("*.xml"))]
    return {
        "certificate": xml,
        "locker_uri": [b"in.gov.uk.apunisarkar-INCER-AB12CD34EF", b"in.gov.transport-DRVLC-UK07-2019/1 "],
        "mask": ["2345 6789 0124 x २३४५-६७८९-०१२४ 234567890124".encode()],
        "issuer_request": xml,
        "json_body": [b'{"query":"{a}","variables":{"a":[1.5e3,"\\u0915\\ud83d\\ude00"]}}', b"[[[1]]]"],
        "sms_message": [
            urlencode({"mobileNumber": "919812345678", "timeStamp": "2026-11-26 11:30:00", "message": text}).encode()
            for text in ("UK STATUS 2261 00000 12345", "स्थिति २२६१-०००००-१२३४५", "STOP")
        ],
        "whatsapp_notice": [_notice(field, value) for field, value in _WHATSAPP_VALUES],
        "qr_text": [b"HTTPS://GATEWAY.TEST" + PATH.encode() + base64.b32encode(sign_cwt(_CLAIMS, KEY)).rstrip(b"=")],
        "cwt": [sign_cwt(_CLAIMS, KEY), sign_cwt({6: 1}, KEY, "application/statuslist+cwt")],
        "wallet_request": [b'{"credential_configuration_id":"INCER","proofs":{"jwt":["a.b.c"]}}'],
        "document": [b"query A($x: Int) { a { ...F b(x: $x) @x { c } } } fragment F on Query { z: a { c } }"],
    }[name]
