"""Validates calls to our published certificate API (docs/contracts/apisetu.md sections 4 to 6); pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.kernel import is_plain_line
from integrations.apisetu import consent as artefacts
from integrations.apisetu.codes import ERRORS
from integrations.apisetu.published_models import (
    FORMATS,
    FULL_NAME,
    NUMBER,
    PARAMETERS,
    Consumer,
    PublishedCall,
    PublishedSettings,
)
from integrations.calling.answers import read_object
from integrations.calling.errors import Refused, Unreadable

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 200
"""Characters of one parameter."""

LONGEST_CERTIFICATE = 1000
"""Characters of a number or of the text of a QR code."""

_NONCE = re.compile(r"[A-Za-z0-9._~-]{8,128}")

MOST_REPEATS = 50
"""Reads that one consent is good for here, whatever larger number it names."""


class CallProblem(Exception):
    """A call that is answered by a row of docs/contracts/apisetu.md section 6."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status of the row."""
        return ERRORS[self.code].status

    @property
    def body(self) -> dict[str, str]:
        """The JSON of the row."""
        return {"error": self.code, "errorDescription": ERRORS[self.code].text}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which of our documents."""

    consumer: Consumer
    doctype: str


def consumer_of(settings: PublishedSettings, headers: Mapping[str, str]) -> Consumer:
    """Both headers together, on every call; raises CallProblem."""
    client_id, key = headers.get("x-apisetu-clientid", ""), headers.get("x-apisetu-apikey", "")
    known = settings.consumers.get(client_id)
    keys = known.api_keys if known else ("",)
    good = [hmac.compare_digest(key.encode("utf-8", "replace"), each.encode()) for each in keys]
    if known is None or not any(good):
        raise CallProblem("invalid_authentication")
    return known


def read_call(settings: PublishedSettings, asked: Asked, body: bytes, now: datetime) -> PublishedCall:
    """The call; raises CallProblem with the code of the first fault."""
    given = _object(body)
    _check_form(given)
    parameters = _parameters(given.get("certificateParameters", {}))
    if "consentArtifact" not in given or given["consentArtifact"] is None:
        raise CallProblem("missing_parameter")
    consent = _consent(settings, asked, given["consentArtifact"], now)
    return PublishedCall(
        client_id=asked.consumer.client_id,
        transaction_id=given["txnId"].lower(),
        doctype=asked.doctype,
        format=given["format"],
        number=parameters[NUMBER],
        full_name=parameters[FULL_NAME],
        mobile=consent["user"]["mobile"] or consent["user"]["idNumber"],
        consent_id=consent["consentId"],
        ends_at=artefacts.ends_at({"consent": consent}),
        repeats=min(int(consent["permission"]["frequency"]["repeats"]), MOST_REPEATS),
        body_sha256=hashlib.sha256(body).hexdigest(),
    )


def read_verification(body: bytes) -> tuple[str, str | None]:
    """The certificate that is asked about, by number or text of its QR code, and the caller's nonce.

    Raises CallProblem.
    """
    given = _object(body)
    text, nonce = given.get("certificate"), given.get("nonce")
    if text in (None, ""):
        raise CallProblem("missing_parameter")
    if not isinstance(text, str) or len(text) > LONGEST_CERTIFICATE or not is_plain_line(text):
        raise CallProblem("invalid_parameter")
    if nonce is not None and not (isinstance(nonce, str) and _NONCE.fullmatch(nonce)):
        raise CallProblem("invalid_parameter")
    return text, nonce


def _object(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body)
    except Unreadable as error:
        raise CallProblem("invalid_parameter") from error


def _check_form(given: Mapping[str, Any]) -> None:
    transaction, form = given.get("txnId"), given.get("format")
    if transaction in (None, "") or form in (None, ""):
        raise CallProblem("missing_parameter")
    if not isinstance(transaction, str) or not _UUID.fullmatch(transaction):
        raise CallProblem("invalid_txnid")
    if not isinstance(form, str) or form not in FORMATS:
        raise CallProblem("invalid_format")


def _parameters(given: Any) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise CallProblem("invalid_parameter")
    if any(len(value) > _LONGEST or not is_plain_line(value) for value in given.values()):
        raise CallProblem("invalid_parameter")
    if any(not given.get(name, "").strip() for name in PARAMETERS):
        raise CallProblem("missing_parameter")
    return {name: value.strip() for name, value in given.items()}


def _consent(settings: PublishedSettings, asked: Asked, artefact: Any, now: datetime) -> Mapping[str, Any]:
    """The consent: whole, signed by the consumer, for this pair and document, and running now."""
    if not isinstance(artefact, dict) or not isinstance(artefact.get("consent"), dict):
        raise CallProblem("invalid_parameter")
    consent_id = artefact["consent"].get("consentId")
    if consent_id is not None and not _UUID.fullmatch(str(consent_id)):
        raise CallProblem("invalid_consentid")
    try:
        checked = artefacts.artefact_to_send(artefact)
    except Refused as refusal:
        missing = refusal.code in ("consent_incomplete", "consent_unsigned")
        raise CallProblem("missing_parameter" if missing else "invalid_parameter") from None
    consent: Mapping[str, Any] = checked["consent"]
    if not any(artefacts.signed_by(checked, key) for key in asked.consumer.consent_keys):
        raise CallProblem("invalid_parameter")
    if not _covers(settings, asked, consent, now):
        raise CallProblem("invalid_parameter")
    return consent


def _covers(settings: PublishedSettings, asked: Asked, consent: Mapping[str, Any], now: datetime) -> bool:
    window = consent["permission"]["dateRange"]
    begins, ends = datetime.fromisoformat(window["from"]), datetime.fromisoformat(window["to"])
    return (
        consent["dataConsumer"]["id"] == asked.consumer.client_id
        and consent["dataProvider"]["id"] in (settings.publisher, settings.provider_id)
        and consent["data"]["id"].upper() == asked.doctype
        and begins <= now <= ends
        and 1 <= consent["permission"]["frequency"]["repeats"] < 1e9
    )
