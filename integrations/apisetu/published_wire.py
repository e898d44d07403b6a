"""Validates calls to our published certificate API (docs/contracts/apisetu.md sections 4 to 6); pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from integrations.apisetu.codes import ERRORS
from integrations.apisetu.consent import Consent, ConsentArtifact, as_recorded, signed_by
from integrations.apisetu.published_models import (
    CertificateCall,
    Consumer,
    PublishedCall,
    PublishedSettings,
    VerificationRequest,
)
from integrations.calling.answers import M, read_object
from integrations.calling.errors import Refused, Unreadable

RETRY_SECONDS = 30
MOST_REPEATS = 50
"""Reads that one consent is good for here, whatever larger number it names."""


class CallProblem(Exception):
    """A call that is answered by a row of docs/contracts/apisetu.md section 6; `wait` is in seconds."""

    def __init__(self, code: str, wait: int = RETRY_SECONDS) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait

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


def read_call(settings: PublishedSettings, asked: Asked, body: bytes, now: datetime) -> PublishedCall:
    """The call; raises CallProblem with the code of the first fault."""
    request, given = _read(CertificateCall, body)
    consent = _consent(settings, asked, request.consent_artifact, given["consentArtifact"], now)
    return PublishedCall(
        client_id=asked.consumer.client_id,
        transaction_id=request.txn_id,
        doctype=asked.doctype,
        format=request.format,
        number=request.certificate_parameters.number,
        full_name=request.certificate_parameters.full_name,
        mobile=consent.user.mobile or consent.user.id_number,
        consent_id=consent.consent_id,
        ends_at=consent.permission.date_range.ends_at,
        repeats=min(int(consent.permission.frequency.repeats), MOST_REPEATS),
        body_sha256=hashlib.sha256(body).hexdigest(),
    )


def read_verification(body: bytes) -> tuple[str, str | None]:
    """The certificate that is asked about, by number or text of its QR code, and the caller's nonce.

    Raises CallProblem.
    """
    request, _ = _read(VerificationRequest, body)
    return request.certificate, request.nonce


def _read(model: type[M], body: bytes) -> tuple[M, dict[str, Any]]:
    try:
        given = read_object(body)
        return model.model_validate(given), given
    except Unreadable:
        raise CallProblem("invalid_parameter") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
    missing = fault["type"] == "missing" or _is_blank(fault["input"])
    raise CallProblem("missing_parameter" if missing else _code_of(fault["loc"]))


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _code_of(place: tuple[int | str, ...]) -> str:
    """The code of a part that is not of its form; a member of the consent counts as one that is missing."""
    if place[0] == "consentArtifact" and len(place) > 2:
        return "invalid_consentid" if place[-1] == "consentId" else "missing_parameter"
    return {"txnId": "invalid_txnid", "format": "invalid_format"}.get(str(place[0]), "invalid_parameter")


def _consent(
    settings: PublishedSettings, asked: Asked, artefact: ConsentArtifact, recorded: Mapping[str, Any], now: datetime
) -> Consent:
    """The consent: as it was recorded, signed by the consumer, for this pair and document, and running now."""
    try:
        checked = as_recorded(artefact, recorded)
    except Refused:
        raise CallProblem("invalid_parameter") from None
    if not any(signed_by(checked, key) for key in asked.consumer.consent_keys):
        raise CallProblem("invalid_parameter")
    if not _covers(settings, asked, artefact.consent, now):
        raise CallProblem("invalid_parameter")
    return artefact.consent


def _covers(settings: PublishedSettings, asked: Asked, consent: Consent, now: datetime) -> bool:
    window = consent.permission.date_range
    return (
        consent.data_consumer.id == asked.consumer.client_id
        and consent.data_provider.id in (settings.publisher, settings.provider_id)
        and consent.data.id.upper() == asked.doctype
        and window.begins_at <= now <= window.ends_at
        and 1 <= consent.permission.frequency.repeats < 1e9
    )
