"""CSC Bridge on the wire (docs/contracts/other_systems.md section 3): envelopes, pairs, meanings of statuses.

INFERRED, since no public client explains them: the codes of `txn_status` but 100, and what a `refund/status` other than
`S` means. The fixed IV, SHA-1 in the padding and keys of 1024 bits are the partner's.
"""

import base64
import json
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState
from domain.kernel import IST, paise_from_rupees, rupees
from integrations.calling import safe_xml
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Unreadable
from integrations.csc.bridge_models import BridgeSettings, Outcome, Refund, RefundAnswer, WalletPayment

SUCCESS = "100"
STATES = {
    SUCCESS: ReportedState.SUCCESS,
    "101": ReportedState.REFUNDED,
    "300": ReportedState.FAILED,
    "404": ReportedState.UNKNOWN,
}
"""What `txn_status` means. Every other code is no success and ends nothing: the payment may still come."""

UNKNOWN_PAYMENT = "N"
"""`csc_txn` of an enquiry about a payment whose number we do not know."""

NOTHING_SEALED = "NA"
ACCEPTED, DONE = "Success", "S"
"""`refund_status` of `refund/log`, and of `refund/status`."""

_IV = b"0" * 16
_KEY = string.ascii_letters + string.digits
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the partner's
_REASON = re.compile(r"[^A-Za-z0-9]+")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def pairs_text(pairs: Mapping[str, str]) -> str:
    """`k=v` pairs, each ended by a pipe."""
    return "".join(f"{name}={_plain(value)}|" for name, value in pairs.items())


def envelope(text: str, *, signer: RSAPrivateKey, reader: RSAPublicKey, key: str | None = None) -> str:
    """Base64(ek ‖ ct): signed by the sender, sealed for the reader."""
    key = key or "".join(secrets.choice(_KEY) for _ in range(32))
    signature = base64.b64encode(signer.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    padder = PKCS7(128).padder()
    padded = padder.update(f"{text}checksum={signature}".encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES256(key.encode()), modes.CBC(_IV)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return base64.b64encode(reader.encrypt(key.encode(), _OAEP) + sealed).decode()


def open_envelope(message: str, *, reader: RSAPrivateKey, signer: RSAPublicKey) -> dict[str, str]:
    """The pairs of an envelope. Raises Foreign before a word of it is read where the signature is not the sender's."""
    size = reader.key_size // 8
    try:
        raw = base64.b64decode(message, validate=True)
        if len(raw) <= size:
            raise Foreign("envelope")
        key = reader.decrypt(raw[:size], _OAEP)
        decryptor = Cipher(algorithms.AES256(key), modes.CBC(_IV)).decryptor()
        unpadder = PKCS7(128).unpadder()
        padded = decryptor.update(raw[size:]) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
        text, _, signature = plain.rpartition(b"checksum=")
        signer.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
        return _pairs(text.decode())
    except (ValueError, InvalidSignature) as error:
        raise Foreign("envelope") from error


def browser_message(payment: WalletPayment, settings: BridgeSettings) -> str:
    """The hidden field `message` of the form to pay with."""
    text = pairs_text(payment_pairs(payment, settings))
    return f"{settings.merchant_id}|{envelope(text, signer=settings.private_key, reader=settings.csc_key)}"


def payment_pairs(payment: WalletPayment, settings: BridgeSettings) -> dict[str, str]:
    """The pairs of a payment, in the order of docs/contracts/other_systems.md section 3.1."""
    return {
        "merchant_id": settings.merchant_id,
        "merchant_txn": payment.reference,
        "merchant_txn_date_time": time_text(payment.at),
        "product_id": settings.product_id,
        "product_name": payment.product_name,
        "txn_amount": rupees(payment.amount_paise),
        "amount_parameter": "NA",
        "txn_mode": "D",
        "txn_type": "D",
        "merchant_receipt_no": payment.reference,
        "csc_share_amount": "0",
        "pay_to_email": settings.pay_to_email,
        "return_url": payment.return_url,
        "cancel_url": payment.cancel_url,
        "Currency": "INR",
        "Discount": "0",
        "param_1": "NA",
        "param_2": "NA",
        "param_3": "NA",
        "param_4": "NA",
        "csc_id": payment.csc_id,
    }


def frac(at: datetime) -> int:
    """The last part of the pay address: int(yymmddHHMMSS) × 883 + 117, by the time in India."""
    return int(at.astimezone(IST).strftime("%y%m%d%H%M%S")) * 883 + 117


@dataclass(frozen=True, slots=True)
class Reply:
    """The elements of an answer around its envelope, which nobody signed; `sealed` is None where CSC sealed nothing."""

    sealed: str | None
    code: str
    at: datetime | None


def path_of(method: str, settings: BridgeSettings) -> str:
    """The path of a method, in the generation that we are enrolled for."""
    return f"/v1/{method}/format/json" if settings.generation == "v1" else f"/v2/{method}"


def request_body(pairs: Mapping[str, str], settings: BridgeSettings) -> bytes:
    """The JSON body of a call. `merchant_id` is one of the sealed pairs: the first of v2, the last of v1."""
    own = {"merchant_id": settings.merchant_id}
    text = pairs_text({**pairs, **own} if settings.generation == "v1" else {**own, **pairs})
    sealed = envelope(text, signer=settings.private_key, reader=settings.csc_key)
    return json.dumps({"merchant_id": settings.merchant_id, "request_data": sealed}).encode()


def read_reply(content: bytes) -> Reply:
    """An answer in XML, or in JSON of the same names. Raises Unreadable, also for an empty body with status 200."""
    if not content.strip():
        raise Unreadable("empty_body")
    found = _elements(content) if content.lstrip().startswith(b"<") else read_object(content, "body")
    sealed, code, date = (found.get(f"response_{name}") for name in ("data", "code", "date"))
    if not isinstance(sealed, str) or not sealed.strip():
        raise Unreadable("response_data")
    sealed = sealed.strip()
    return Reply(None if sealed == NOTHING_SEALED else sealed, str(code or "").strip(), _instant(str(date or "")))


def refund_pairs(refund: Refund, settings: BridgeSettings) -> dict[str, str]:
    """The fields of `refund/log`. `refund_deduction` is the amount to give back, however its name reads."""
    return {
        **({"product_id": settings.product_id} if settings.generation == "v1" else {}),
        "csc_txn": refund.receipt,
        "merchant_txn": refund.reference,
        "merchant_txn_param": "N",
        "merchant_txn_status": "S",
        "merchant_reference": refund.refund_reference,
        "refund_deduction": rupees(refund.paise),
        "refund_mode": "F",
        "refund_type": "R",
        "refund_trigger": "M",
        "refund_reason": _REASON.sub(" ", refund.reason).strip(),
    }


def reversal_answer(pairs: Mapping[str, str]) -> RefundAnswer:
    """What an answer to `transaction/reverse` says."""
    code, number = pairs.get("txn_status") or pairs.get("status"), pairs.get("reversal_reference", "")
    if code == SUCCESS:
        return RefundAnswer(Outcome.DONE, number) if number else RefundAnswer(Outcome.UNCLEAR)
    return RefundAnswer(Outcome.DECLINED if code or _has_failed(pairs) else Outcome.UNCLEAR)


def refund_answer(pairs: Mapping[str, str]) -> RefundAnswer:
    """What an answer to `refund/log` says: a refund that is accepted is not paid yet."""
    word, number = pairs.get("refund_status"), pairs.get("refund_reference", "")
    if word == ACCEPTED:
        return RefundAnswer(Outcome.ACCEPTED, number) if number else RefundAnswer(Outcome.UNCLEAR)
    return RefundAnswer(Outcome.DECLINED if word or _has_failed(pairs) else Outcome.UNCLEAR)


def refund_state(pairs: Mapping[str, str]) -> ReportedState:
    """What an answer to `refund/status` says: `S` is done, and nothing else is explained anywhere."""
    return ReportedState.REFUNDED if pairs.get("refund_status") == DONE else ReportedState.PENDING


def news(pairs: Mapping[str, str], heard_at: datetime) -> FeeNews:
    """What a status says of a payment. Raises Unreadable.

    A success without a time that can be read is a success: `heard_at` stands for the time, marked as such.
    """
    code = pairs.get("txn_status", "")
    if not (code or pairs.get("error_code") or _has_failed(pairs)):
        raise Unreadable("txn_status")
    state = STATES.get(code, ReportedState.PENDING)
    if state is not ReportedState.SUCCESS:
        return FeeNews(state)
    try:
        paise = paise_from_rupees(pairs.get("txn_amount", ""))
    except (ValueError, ArithmeticError) as error:
        raise Unreadable("txn_amount") from error
    receipt = pairs.get("csc_txn", "")
    if not _WORD.fullmatch(receipt):
        raise Unreadable("csc_txn")
    paid_at = _instant(pairs.get("creation_date", ""))
    heard = paid_at is None
    return FeeNews(
        state, paise, FeeReceipt(receipt, None, None, None, "WALLET", paid_at or heard_at, paid_at_heard=heard)
    )


def time_text(at: datetime) -> str:
    """A time in India, as `YYYY-MM-DD hh:mm:ss`."""
    return at.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")


def _instant(text: str) -> datetime | None:
    """A time of the wallet; None where there is none that can be read."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST)
    except ValueError:
        return None


def _has_failed(pairs: Mapping[str, str]) -> bool:
    return pairs.get("response_status") == "Fail"


def _elements(content: bytes) -> dict[str, str]:
    try:
        root = safe_xml.parse(content)
    except safe_xml.UnsafeXml as error:
        raise Unreadable("body") from error
    return {safe_xml.local_name(each): each.text or "" for each in safe_xml.children(root)}


def _pairs(text: str) -> dict[str, str]:
    """The pairs of a text; a name that comes twice spoils it, since two readers might take different ones."""
    found: dict[str, str] = {}
    for part in filter(None, text.split("|")):
        name, _, value = part.partition("=")
        if name in found:
            raise Foreign("envelope")
        found[name] = value
    return found


def _plain(value: str) -> str:
    return re.sub(r"[|=\r\n\t]+", " ", value).strip() if "://" not in value else value.replace("|", "%7C")
