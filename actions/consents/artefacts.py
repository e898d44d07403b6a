"""Builds the consent artefact of a request for a person's document (docs/contracts/apisetu.md section 5)."""

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from actions.kernel import UnitOfWork
from domain.kernel import Citizen
from store.database import KeyMissing, Keyrings

PURPOSE = "Certificates of the citizen in Apuni Sarkar"
KEYRING = "xml"
"""The RSA key that signs artefacts, until the partner gives one for it."""


async def consent_artefact(
    acting: UnitOfWork, citizen: Citizen, publisher: str, doctype: str, until: datetime
) -> Mapping[str, Any]:
    """The artefact for one document of one publisher, signed, to be kept before the first call.

    The signature is RS256 over the canonical JSON of `consent`, in Base64 (INFERRED,
    docs/contracts/apisetu.md section 5).
    """
    now = acting.now
    consent = {
        "consentId": acting.env.ids.key(),
        "timestamp": _instant(now),
        "dataConsumer": {"id": acting.env.rules.issuer_id},
        "dataProvider": {"id": publisher},
        "purpose": {"description": PURPOSE},
        "user": {
            "idType": "MOBILE",
            "idNumber": citizen.mobile or "",
            "mobile": citizen.mobile or "",
            "email": citizen.email or "",
        },
        "data": {"id": doctype},
        "permission": {
            "access": "VIEWSTORE",
            "dateRange": {"from": _instant(now), "to": _instant(until)},
            "frequency": {"unit": "DAY", "value": 1000, "repeats": 1000},
        },
    }
    # In a thread: a module or a signer that holds the key may take seconds.
    signature = await asyncio.to_thread(sign, acting.env.keyrings, consent)
    return {"consent": consent, "signature": {"signature": signature}}


def sign(keyrings: Keyrings, consent: Mapping[str, Any]) -> str:
    """RS256 over the canonical JSON; raises KeyMissing."""
    key = keyrings.active(KEYRING).get_op_key("sign")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyMissing("an RSA key is needed to sign consents")
    text = json.dumps(consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
