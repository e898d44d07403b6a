"""An officer's token in Python alone, behind the bridge's wire (docs/contracts/signatures.md section 3.4).

Written from the contract a second time: it shares no code with the bridge. The PIN is an argument of the sandbox's own
actions, never of the wire.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome
from sandbox.trust_services.authority import FLAWS, Authority, new_key, pem_of, pem_of_key, read_key

MOST, NONCE_LIFE, TRIES = 200, timedelta(minutes=2), 3
FATES = ("well", "wrong_pin", "locked", "pulled", "other_certificate", "bad_signature", "cancelled")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class TokenBridge:
    """A bridge with tokens in it; each nonce is good for one call."""

    def __init__(self, home: SandboxHome, authority: Authority) -> None:
        self._home, self._state, self._authority = home, home.state, authority
        parts = urlsplit(home.gateway_url)
        self._origins = {f"{parts.scheme}://{parts.netloc}"}
        self._nonces: dict[str, datetime] = {}
        self.fate: dict[str, Any] = {"fate": "well", "at": 0}

    def routes(self) -> list[Route]:
        """The bridge's three calls, with their preflight."""
        calls = {"nonce": self.nonce, "certificates": self.certificates, "sign": self.sign}
        return [Route(f"/bridge/v1/{name}", call, methods=["POST", "OPTIONS"]) for name, call in calls.items()]

    def insert(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Put a token in: `{name, flaw?}`; the certificate on it."""
        flaw, key = str(arguments.get("flaw") or ""), new_key()
        if flaw and flaw not in FLAWS:
            raise KeyError(flaw)
        certificate = self._authority.issue(str(arguments["name"]), key.public_key(), flaw)
        der = certificate.public_bytes(serialization.Encoding.DER)
        sha256 = hashlib.sha256(der).hexdigest()
        self._state.put("token", sha256, {"key": pem_of_key(key), "certificate": pem_of(certificate), "flaw": flaw})
        serial = f"{certificate.serial_number:x}"
        return {"sha256": sha256, "serial": serial, "certificate": base64.b64encode(der).decode()}

    def set_fate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What becomes of the next signatures: `{fate, at?}`, the place from which a token is pulled or wrong."""
        if arguments["fate"] not in FATES:
            raise KeyError(arguments["fate"])
        self.fate = {"fate": arguments["fate"], "at": int(arguments.get("at") or 0)}
        return dict(self.fate)

    async def nonce(self, request: Request) -> Response:
        """A nonce, good for one call within two minutes."""
        refused = self._refuse(request)
        if refused is not None:
            return refused
        made = secrets.token_urlsafe(32)
        self._nonces[made] = self._home.clock.now() + NONCE_LIFE
        return self._answer(request, {"nonce": made})

    async def certificates(self, request: Request) -> Response:
        """The certificates with which the tokens sign."""
        refused, _ = await self._admit(request)
        if refused is not None:
            return refused
        found = [self._description_of(each["certificate"]) for _, each in self._state.values_of("token").items()]
        return self._answer(request, {"certificates": [one for one in found if one]})

    async def sign(self, request: Request) -> Response:
        """Signatures over hashes, one entry of the PIN for all of them."""
        refused, body = await self._admit(request)
        if refused is not None:
            return refused
        items, known = body.get("items"), self._state.get("token", str(body.get("certSha256")))
        if not isinstance(items, list) or not 1 <= len(items) <= MOST or not all(map(_is_item, items)):
            return self._answer(request, {"error": "BAD_REQUEST"}, 400)
        fate, at = self.fate["fate"], self.fate["at"]
        whole = {"wrong_pin": "PIN_WRONG", "locked": "PIN_LOCKED", "cancelled": "CANCELLED"}.get(fate)
        if known is None or whole:
            error = whole or "TOKEN_GONE"
            return self._answer(request, {"items": [{"id": one["id"], "error": error} for one in items]})
        if fate == "other_certificate":
            others = [each for key, each in self._state.values_of("token").items() if key != body["certSha256"]]
            known = others[0] if others else {"key": pem_of_key(new_key())}
        key, told = read_key(known["key"]), []
        for place, one in enumerate(items):
            if fate == "pulled" and place >= at:
                told.append({"id": one["id"], "error": "TOKEN_GONE"})
                continue
            digest = bytes.fromhex(one["sha256"])
            if fate == "bad_signature" and place == at:
                digest = hashlib.sha256(digest).digest()
            signature = key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
            told.append({"id": one["id"], "signature": base64.b64encode(signature).decode()})
        request.state.ledger_effect = f"signed {len(items)}"
        return self._answer(request, {"items": told})

    async def _admit(self, request: Request) -> tuple[Response | None, dict[str, Any]]:
        """Refuse a foreign page, and a nonce that was not given or was used."""
        refused = self._refuse(request)
        if refused is not None:
            return refused, {}
        try:
            body = dict(await request.json())
        except (ValueError, TypeError):
            return self._answer(request, {"error": "BAD_REQUEST"}, 400), {}
        ends = self._nonces.pop(str(body.get("nonce")), None)
        if ends is None or ends <= self._home.clock.now():
            return self._answer(request, {"error": "NONCE"}, 403), {}
        return None, body

    def _refuse(self, request: Request) -> Response | None:
        """The preflight's answer, or the refusal of a page of another origin; None where the call goes on."""
        origin = request.headers.get("origin", "")
        if not any(hmac.compare_digest(origin.encode(), one.encode()) for one in self._origins):
            return JSONResponse({"error": "ORIGIN"}, 403)
        return self._answer(request, None, 204) if request.method == "OPTIONS" else None

    def _answer(self, request: Request, body: Mapping[str, Any] | None, status: int = 200) -> Response:
        headers = {
            "Access-Control-Allow-Origin": request.headers["origin"],
            "Vary": "Origin",
            "Cache-Control": "no-store",
        }
        if body is None:
            headers |= {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "content-type"}
            headers |= {"Access-Control-Allow-Private-Network": "true"}
            return Response(None, status, headers)
        return JSONResponse(body, status, headers)

    @staticmethod
    def _description_of(pem: str) -> dict[str, str] | None:
        """What is told of a certificate; None for one that is not for signing."""
        certificate = x509.load_pem_x509_certificate(pem.encode())
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature and usage.content_commitment):
            return None
        der = certificate.public_bytes(serialization.Encoding.DER)
        return {
            "sha256": hashlib.sha256(der).hexdigest(),
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}",
            "notBefore": certificate.not_valid_before_utc.isoformat(),
            "notAfter": certificate.not_valid_after_utc.isoformat(),
            "certificate": base64.b64encode(der).decode(),
        }


def _is_item(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("id"), str)
        and _SHA256.fullmatch(str(one.get("sha256"))) is not None
    )
