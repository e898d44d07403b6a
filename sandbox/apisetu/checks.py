"""Validates a certificate call at the API Setu sandbox (docs/contracts/apisetu.md sections 4 to 6)."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.city import State

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FILLED = (
    "dataConsumer.id",
    "dataProvider.id",
    "purpose.description",
    "user.idType",
    "user.idNumber",
    "data.id",
    "permission.access",
    "permission.frequency.unit",
)
_TEXTS = ("user.mobile", "user.email")
_NUMBERS = ("permission.frequency.value", "permission.frequency.repeats")
_INSTANTS = ("timestamp", "permission.dateRange.from", "permission.dateRange.to")


class Rejected(Exception):
    """A call that is answered with an error of docs/contracts/apisetu.md section 6."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose form holds."""

    transaction_id: str
    format: str
    parameters: Mapping[str, str]
    consent: Mapping[str, Any] | None
    signature: str = ""


def check_media_type(header: str) -> None:
    """Raise Rejected for a body that is not announced as JSON (docs/contracts/apisetu.md section 3)."""
    if header.partition(";")[0].strip().lower() != "application/json":
        raise _bad()


def check_signature(call: Call, public_key: str) -> None:
    """Raise Rejected where the holder of the PEM key did not sign the consent.

    INFERRED: RS256 over the canonical JSON, in Base64 (docs/contracts/apisetu.md section 5).
    """
    text = json.dumps(call.consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        key = load_pem_public_key(public_key.encode())
        signature = base64.b64decode(call.signature, validate=True)
        if not isinstance(key, rsa.RSAPublicKey):
            raise _bad()
        key.verify(signature, text.encode(), padding.PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature) as error:
        raise _bad() from error


def check_call(body: bytes, now: datetime, formats: frozenset[str]) -> Call:
    """The call, or Rejected with the published code for the first fault. `formats` are those on offer."""
    given = _object(body)
    transaction, form = given.get("txnId"), given.get("format")
    if not transaction or not form:
        raise Rejected(400, "missing_parameter", "Please provide all mandatory parameters")
    if not isinstance(transaction, str) or not _UUID.fullmatch(transaction):
        raise Rejected(400, "invalid_txnid", "The txnId parameter must be in UUID format")
    if not isinstance(form, str) or form not in formats:
        raise Rejected(400, "invalid_format", "The format parameter is invalid")
    parameters = given.get("certificateParameters", {})
    if not isinstance(parameters, dict) or not all(isinstance(value, str) for value in parameters.values()):
        raise _bad()
    artefact = given.get("consentArtifact")
    if artefact is None:
        return Call(transaction, form, parameters, None)
    return Call(transaction, form, parameters, _consent(artefact, now), artefact["signature"]["signature"])


def check_strictly(state: State, client_id: str, publisher: str, call: Call, body: bytes) -> None:
    """INFERRED depth: a consent for this pair and document, not used up, and a transaction used once."""
    consent = call.consent
    if consent is None or consent["dataConsumer"]["id"] != client_id or consent["dataProvider"]["id"] != publisher:
        raise _bad()
    digest = hashlib.sha256(body).hexdigest()
    if not state.add("transaction", call.transaction_id, {"body": digest}):
        kept = state.get("transaction", call.transaction_id) or {}
        if kept.get("body") != digest:
            raise Rejected(400, "invalid_txnid", "The txnId parameter must be in UUID format")
        return  # the same question again, which the consent was counted for
    used = (state.get("consent", consent["consentId"]) or {"used": 0})["used"]
    if used >= consent["permission"]["frequency"]["repeats"]:
        raise _bad()
    state.put("consent", consent["consentId"], {"used": used + 1})


def _consent(artefact: Any, now: datetime) -> Mapping[str, Any]:
    consent = artefact.get("consent") if isinstance(artefact, dict) else None
    if not isinstance(consent, dict) or not _has_text(artefact, "signature.signature"):
        raise Rejected(400, "missing_parameter", "Please provide all mandatory parameters")
    if not _UUID.fullmatch(str(consent.get("consentId", ""))):
        raise Rejected(400, "invalid_consentid", "The consentId parameter must be in UUID format")
    instants = [_value_at(consent, path) for path in _INSTANTS]
    holds = (
        all(_has_text(consent, path) for path in _FILLED)
        and all(isinstance(_value_at(consent, path), str) for path in _TEXTS)
        and all(isinstance(_value_at(consent, path), int | float) for path in _NUMBERS)
        and all(isinstance(value, str) and _INSTANT.fullmatch(value) for value in instants)
    )
    if not holds or datetime.fromisoformat(instants[2]) < now:
        raise _bad()
    return consent


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise _bad() from error
    if not isinstance(given, dict):
        raise _bad()
    return given


def _value_at(given: Any, path: str) -> Any:
    for name in path.split("."):
        given = given.get(name) if isinstance(given, dict) else None
    return given


def _has_text(given: Any, path: str) -> bool:
    value = _value_at(given, path)
    return isinstance(value, str) and bool(value)


def _bad() -> Rejected:
    return Rejected(400, "invalid_parameter", "Bad request")
