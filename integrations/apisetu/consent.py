"""The consent artefact of a certificate call (docs/contracts/apisetu.md section 5).

It was recorded and signed when the citizen agreed; here it is checked member by member and sent as it is,
since its signature covers exactly that text.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import Field, PlainSerializer, StrictFloat, StrictInt, StringConstraints, WithJsonSchema

from domain.kernel import Source
from integrations.calling.answers import BodyModel, Instant, read_model
from integrations.calling.errors import Refused, Unreadable

Filled: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Number: TypeAlias = StrictInt | StrictFloat
_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid: TypeAlias = Annotated[
    str, StringConstraints(pattern=_UUID, to_lower=True), WithJsonSchema({"type": "string", "format": "uuid"})
]


def _utc(at: datetime) -> str:
    """UTC with milliseconds, as docs/contracts/apisetu.md section 5 writes instants."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment: TypeAlias = Annotated[Instant, PlainSerializer(_utc, return_type=str)]


class _Identified(BodyModel):
    id: Filled


class _Purpose(BodyModel):
    description: Filled


class _User(BodyModel):
    id_type: Filled
    id_number: Filled
    mobile: str  # clients in the field send an empty text where there is none
    email: str


class _DateRange(BodyModel):
    begins_at: Moment = Field(alias="from")
    ends_at: Moment = Field(alias="to")


class _Frequency(BodyModel):
    unit: Filled
    value: Number
    repeats: Number


class _Permission(BodyModel):
    access: Filled
    date_range: _DateRange
    frequency: _Frequency


class Consent(BodyModel):
    """What the citizen agreed to, and what a signature covers."""

    consent_id: Uuid
    timestamp: Moment
    data_consumer: _Identified
    data_provider: _Identified
    purpose: _Purpose
    user: _User
    data: _Identified
    permission: _Permission


class _Signature(BodyModel):
    signature: Filled


class ConsentArtifact(BodyModel):
    """The artefact (docs/contracts/apisetu.md section 5)."""

    consent: Consent
    signature: _Signature


def artefact_to_send(artefact: Mapping[str, Any]) -> dict[str, Any]:
    """The artefact with exactly the published members.

    Raises Refused: consent_incomplete where a member is missing or not of its form, consent_altered where
    the recorded text has other members, so that the signature would not cover what is sent, and
    consent_unsigned.
    """
    try:
        given = read_model(ConsentArtifact, artefact)
    except Unreadable as error:
        unsigned = str(error).startswith("signature")
        raise Refused(Source.API_SETU, "consent_unsigned" if unsigned else "consent_incomplete") from None
    return as_recorded(given, artefact)


def as_recorded(given: ConsentArtifact, artefact: Mapping[str, Any]) -> dict[str, Any]:
    """The artefact with exactly the published members; raises Refused with consent_altered."""
    normal = given.model_dump(mode="json", by_alias=True)
    if normal["consent"] != artefact["consent"]:
        raise Refused(Source.API_SETU, "consent_altered")
    return normal


def may_store(artefact: Mapping[str, Any]) -> bool:
    """Whether the consent of a checked artefact allows an answer to be cached."""
    return "STORE" in artefact["consent"]["permission"]["access"].upper()


def ends_at(artefact: Mapping[str, Any]) -> datetime:
    """When the consent of a checked artefact ends."""
    return datetime.fromisoformat(artefact["consent"]["permission"]["dateRange"]["to"])


def canonical(consent: Mapping[str, Any]) -> bytes:
    """The text that a signature covers: sorted keys, no spaces, UTF-8.

    Source: docs/contracts/apisetu.md section 5, INFERRED.
    """
    return json.dumps(consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def signed_by(artefact: Mapping[str, Any], public_key: str) -> bool:
    """Whether the holder of a PEM key signed the consent of a checked artefact: RS256 in Base64 (INFERRED)."""
    try:
        key = serialization.load_pem_public_key(public_key.encode())
        signature = base64.b64decode(artefact["signature"]["signature"], validate=True)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, canonical(artefact["consent"]), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
