"""A sandbox consumer at API Setu: a portal that reads this state's certificates with consent.

Written from docs/contracts/apisetu.md sections 2, 4 and 5: it makes and signs the consent artefact with its own key and
calls the endpoint that the gateway publishes, in either path style.
"""

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.city import SandboxHome
from sandbox.city.papers import private_key

CONSUMER_ID, PUBLISHER, PROVIDER = "in.gov.example.scholarships", "apunisarkar", "in.gov.uk.apunisarkar"
STYLES = {"newer": "/apisetu/certificate/v3/{p}/{d}", "older": "/apisetu/{p}/v3/{d}/certificate"}
DOCUMENTS = ("INCER", "CTCER", "DMCER", "BTCER", "CHCER", "EWCER", "SMCER", "BACER", "SLCER", "MNCER", "COPRG")
"""What the consumer subscribed to; the publisher approved all of it."""


class ConsumerCalls:
    """Starts calls by action. `transport` replaces the network in tests."""

    def __init__(self, home: SandboxHome, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._home = home
        self._transport = transport
        self._own = home.state.get_or_create("consumer", "own", _new_consumer)

    def subscription(self) -> dict[str, Any]:
        """What the publisher receives of the subscription when it approves it."""
        consumer = {
            "api_keys": [self._own["api_key"]],
            "documents": list(DOCUMENTS),
            "consent_keys": [self._own["public_key"]],
        }
        return {"publisher": PUBLISHER, "provider_id": PROVIDER, "consumers": {CONSUMER_ID: consumer}}

    async def call(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `call_published`: ask the gateway for a certificate of its own.

        Arguments: doctype, parameters, mobile; optional format (pdf), style (newer, older), txn, consent_id,
        repeats (1), minutes (60), unsigned, api_key. Returns the consumer's view of the answer.
        """
        doctype = str(arguments["doctype"])
        body = {
            "txnId": str(arguments.get("txn") or uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            "format": str(arguments.get("format", "pdf")),
            "certificateParameters": dict(arguments["parameters"]),
            "consentArtifact": self._artefact(doctype, arguments),
        }
        path = STYLES[str(arguments.get("style", "newer"))].format(p=PUBLISHER, d=doctype.lower())
        headers = {
            "X-APISETU-CLIENTID": CONSUMER_ID,
            "X-APISETU-APIKEY": str(arguments.get("api_key") or self._own["api_key"]),
            "Accept": "*/*",
        }
        async with httpx.AsyncClient(transport=self._transport, timeout=35) as client:
            answer = await client.post(self._home.gateway_url + path, headers=headers, json=body)
        return _view(answer, body)

    def _artefact(self, doctype: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        now = self._home.clock.now()
        mobile = str(arguments["mobile"])
        consent = {
            "consentId": str(arguments.get("consent_id") or uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            "timestamp": _instant(now),
            "dataConsumer": {"id": CONSUMER_ID},
            "dataProvider": {"id": PROVIDER},
            "purpose": {"description": "Scholarship application"},
            "user": {"idType": "MOBILE", "idNumber": mobile, "mobile": mobile, "email": ""},
            "data": {"id": doctype.upper()},
            "permission": {
                "access": "VIEW",
                "dateRange": {
                    "from": _instant(now - timedelta(minutes=1)),
                    "to": _instant(now + timedelta(minutes=float(arguments.get("minutes", 60)))),
                },
                "frequency": {"unit": "HOUR", "value": 1, "repeats": int(arguments.get("repeats", 1))},
            },
        }
        signature = "bm9ib2R5" if arguments.get("unsigned") else self._sign_consent(consent)
        return {"consent": consent, "signature": {"signature": signature}}

    def _sign_consent(self, consent: Mapping[str, Any]) -> str:
        """RS256 over the canonical JSON, in Base64 (INFERRED, docs/contracts/apisetu.md section 5)."""
        key = private_key(self._own["private_key"])
        text = json.dumps(consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def _new_consumer() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"api_key": secrets.token_urlsafe(24), "private_key": private.decode(), "public_key": public.decode()}


def _view(answer: httpx.Response, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the consumer sees; the file itself stays out of the control route's answer."""
    seen: dict[str, Any] = {
        "status": answer.status_code,
        "media_type": answer.headers.get("content-type", "").partition(";")[0],
        "txn": body["txnId"],
        "consent_id": body["consentArtifact"]["consent"]["consentId"],
    }
    if answer.status_code == 200:
        return {**seen, "sha256": hashlib.sha256(answer.content).hexdigest(), "bytes": len(answer.content)}
    try:
        given = answer.json()
    except ValueError:
        return seen
    return {**seen, "error": given.get("error"), "error_description": given.get("errorDescription")}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
