"""CSC Bridge on the wire (docs/contracts/other_systems.md section 3): envelopes, pairs, meanings of statuses.

INFERRED, since the kit shows names only: the codes of `txn_status` but 100, the names of times in answers, the codes of
`refund_status`, `response_status`, and that a refund may be asked for by our `merchant_reference`.
The fixed IV, SHA-1 in the padding and keys of 1024 bits are the partner's.
"""

import base64
import json
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState
from domain.kernel import IST, paise_from_rupees, rupees
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Unreadable
from integrations.csc.bridge_models import BridgeSettings, Refund, WalletPayment

METHODS = "/v1"
"""`POST /v1/<method>/format/json`."""

STATES = {
    "100": ReportedState.SUCCESS,
    "101": ReportedState.REFUNDED,
    "200": ReportedState.PENDING,
    "300": ReportedState.FAILED,
    "404": ReportedState.UNKNOWN,
}
"""What `txn_status` means."""

REFUNDED, REFUND_REFUSED = "100", "300"
"""`refund_status`; every other one is still under way."""

_IV = b"0" * 16
_KEY = string.ascii_letters + string.digits
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the partner's
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
    """The hidden field `message` of the form to pay with.

    The pairs stand in the order of docs/contracts/other_systems.md section 3.1.
    """
    pairs = {
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
    sealed = envelope(pairs_text(pairs), signer=settings.private_key, reader=settings.csc_key)
    return f"{settings.merchant_id}|{sealed}"


def frac(at: datetime) -> int:
    """The last part of the pay address: int(yymmddHHMMSS) × 883 + 117, by the time in India."""
    return int(at.astimezone(IST).strftime("%y%m%d%H%M%S")) * 883 + 117


def request_body(pairs: Mapping[str, str], settings: BridgeSettings) -> bytes:
    """The JSON body of a call."""
    sealed = envelope(pairs_text(pairs), signer=settings.private_key, reader=settings.csc_key)
    return json.dumps({"merchant_id": settings.merchant_id, "request_data": sealed}).encode()


def response_data(content: bytes) -> str:
    """The envelope of an answer. Raises Unreadable, also for an empty body, which comes with status 200."""
    if not content.strip():
        raise Unreadable("empty_body")
    sealed = read_object(content, "body").get("response_data")
    if not isinstance(sealed, str):
        raise Unreadable("response_data")
    return sealed


def refund_pairs(refund: Refund, product_id: str) -> dict[str, str]:
    """The fields of `refund/log`: the whole amount, asked for by the merchant."""
    return {
        "merchant_txn": refund.reference,
        "csc_txn": refund.receipt,
        "product_id": product_id,
        "merchant_txn_status": "S",
        "merchant_reference": refund.refund_reference,
        "refund_deduction": "0",
        "refund_mode": "F",
        "refund_type": "R",
        "refund_trigger": "M",
        "refund_reason": refund.reason,
    }


def news(pairs: Mapping[str, str]) -> FeeNews:
    """What a return or an enquiry says of a payment. Raises Unreadable."""
    state = STATES.get(pairs.get("txn_status", ""))
    if state is None:
        raise Unreadable("txn_status")
    if state is ReportedState.UNKNOWN:
        return FeeNews(state)
    try:
        paise = paise_from_rupees(pairs.get("txn_amount", ""))
    except (ValueError, ArithmeticError) as error:
        raise Unreadable("txn_amount") from error
    if state is not ReportedState.SUCCESS:
        return FeeNews(state, paise)
    receipt = pairs.get("csc_txn", "")
    if not _WORD.fullmatch(receipt):
        raise Unreadable("csc_txn")
    at = _instant(pairs.get("txn_date_time", ""))
    return FeeNews(state, paise, FeeReceipt(receipt, None, None, None, "WALLET", at))


def time_text(at: datetime) -> str:
    """A time in India, as `YYYY-MM-DD hh:mm:ss`."""
    return at.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST)
    except ValueError as error:
        raise Unreadable("txn_date_time") from error


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
