"""The sandbox of Parichay's variant B: NIC's proxy and the login page that it serves (docs/contracts/sso.md section 4).

Written from the contract alone. INFERRED: the algorithms inside the proxy (HMAC-SHA256, AES-256-CBC), that a handshake
holds five minutes, and the path of the login form. The onboarding of this variant is handed over in a member of its
own, `handshake`, since the demo signs in by variant A.
Own faults: `partial` on `/…/handshake` gives a blank handshake; `foreign` on `/…/decryption` says `failure` beside a
user.
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome
from sandbox.sso import pages
from sandbox.sso.people import Person, random_uuid

_LOGIN = "/pnv1/api/login"
_FORM = "/pnv1/api/enter"
_STALE = timedelta(hours=2)
_HANDSHAKE_MINUTES = 5


class HandshakeSandbox:
    """Parichay and Jan Parichay by handshake: one login page and one proxy for both."""

    def __init__(self, home: SandboxHome, people: Mapping[str, Mapping[str, Person]], slugs: Mapping[str, str]) -> None:
        self._home = home
        self._people = people
        self._slugs = slugs
        self._keys = home.state.get_or_create("key", "handshake", _new_keys)
        self._names = {f"SANDBOX{name.upper().replace('_', '')}": name for name in people}

    def onboarding(self) -> dict[str, dict[str, str]]:
        """What NIC hands over for this variant, by provider."""
        return {
            name: {
                f"{name}_base": self._home.public_url,
                f"{name}_service": service,
                f"{name}_proxy_url": self._home.public_url,
            }
            for service, name in self._names.items()
        }

    def routes(self) -> list[Route]:
        """The login page, its form, and the six calls of the proxy."""
        return [
            Route(_LOGIN, self.login_page, methods=["GET"]),
            Route(_FORM, self.enter, methods=["POST"]),
            Route("/hmac", self.sign, methods=["POST"]),
            Route("/encryption", self.encrypt, methods=["POST"]),
            Route("/decryption", self.decrypt, methods=["POST"]),
            Route("/handshake/{handshake}/{service}", self.handshake, methods=["GET"]),
            Route("/isTokenValid", self.is_valid, methods=["GET"]),
            Route("/logoutAll", self.sign_out, methods=["GET"]),
        ]

    def end_sessions(self, name: str, person: str) -> int:
        """End a person's sessions, as she can do at the provider; says how many there were."""
        kept = self._home.state.values_of(f"handshake-session:{name}")
        return sum(self._end(name, key) for key, session in kept.items() if session["person"] == person)

    async def login_page(self, request: Request) -> Response:
        """The login page, for a request that the service's proxy signed within two hours."""
        query = request.query_params
        name = self._names.get(query.get("sid", ""))
        if name is None:
            return pages.error_page("Parichay", "Unknown service")
        text = f"Parichay{query.get('tid', '')}{self._home.public_url}{_LOGIN}{query['sid']}"
        holds = hmac.compare_digest(self._mac(text), query.get("cs", ""))
        session = self._open(query.get("string", ""))
        if not holds or not session or not self._is_recent(query.get("tid", "")):
            return pages.error_page("Parichay", "invalid_encr")
        asked = secrets.token_urlsafe(24)
        self._home.state.put("handshake-request", asked, {"name": name})
        request.state.ledger_effect = "login page shown"
        shown = [(one.key, one.name, one.detail) for one in self._people[name].values()]
        return pages.login_page("Parichay", asked, shown, action="enter")

    async def enter(self, request: Request) -> Response:
        """The person allowed: a handshake, good once, goes back by the browser, and nothing else."""
        form = await request.form()
        asked = self._home.state.take("handshake-request", str(form.get("request", "")))
        person = str(form.get("person", ""))
        if asked is None or person not in self._people[asked["name"]] or form.get("decision") != "allow":
            return pages.error_page("Parichay", "Login was not completed")
        handshake, name = f"HSK-{random_uuid()}", asked["name"]
        until = (self._home.clock.now() + timedelta(minutes=_HANDSHAKE_MINUTES)).timestamp()
        self._home.state.put(f"handshake:{name}", handshake, {"person": person, "until": until})
        request.state.ledger_effect = "handshake issued"
        back = f"{self._home.gateway_url.rstrip('/')}/sign-in/callback/{self._slugs[name]}"
        return RedirectResponse(
            f"{back}?{urlencode({'string': handshake})}", 302, headers={"Cache-Control": "no-store"}
        )

    async def sign(self, request: Request) -> Response:
        """`/hmac`."""
        return _answer(self._mac(str((await request.json()).get("HmacString", ""))))

    async def encrypt(self, request: Request) -> Response:
        """`/encryption`."""
        return _answer(self._seal(str((await request.json()).get("AESString", ""))))

    async def handshake(self, request: Request) -> Response:
        """The sealed user, once; a blank text where there is none."""
        name = self._names.get(request.path_params["service"])
        kept = self._home.state.take(f"handshake:{name}", request.path_params["handshake"])
        if name is None or kept is None or kept["until"] < self._home.clock.now().timestamp():
            return PlainTextResponse("")
        if self._home.faults.match("partial", request.url.path):
            return PlainTextResponse("")
        return PlainTextResponse(self._seal(json.dumps(self._user(name, kept["person"]))))

    async def decrypt(self, request: Request) -> Response:
        """`/decryption`: the user of a handshake."""
        opened = self._open(str((await request.json()).get("EncryptedString", "")))
        if not opened:
            return JSONResponse({"status": "failure", "message": "Decryption failed", "data": {}})
        status = "failure" if self._home.faults.match("foreign", request.url.path) else "success"
        return JSONResponse({"status": status, "message": "", "data": {"signature": json.loads(opened)}})

    async def is_valid(self, request: Request) -> Response:
        """Whether a session holds."""
        return JSONResponse({"status": "success" if self._session_of(request) else "failure"})

    async def sign_out(self, request: Request) -> Response:
        """End a session everywhere."""
        found = self._session_of(request)
        if found is not None:
            self._end(*found)
            request.state.ledger_effect = "session ended"
        return JSONResponse({"status": "success" if found else "failure"})

    def _session_of(self, request: Request) -> tuple[str, str] | None:
        """The provider's name and the session id of a query whose four ids and service belong together."""
        query = request.query_params
        name, session = self._names.get(query.get("service", "")), query.get("sessionId", "")
        kept = self._home.state.get(f"handshake-session:{name}", session)
        fits = kept is not None and all(
            kept[one] == query.get(one) for one in ("userName", "browserId", "localTokenId")
        )
        return (name, session) if name is not None and fits else None

    def _user(self, name: str, key: str) -> dict[str, str]:
        details = self._people[name][key].details
        ids = {one: f"{one}-{random_uuid()}" for one in ("sessionId", "browserId", "localTokenId")}
        user = {
            "userName": details["MobileNo"],
            **ids,
            "email": details["Email"],
            "firstName": details["FirstName"],
            "fullName": f"{details['FirstName']} {details['LastName']}".strip(),
            "user_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"parichay:{name}:{key}")),
        }
        kept = {"person": key, **{one: user[one] for one in ("userName", "browserId", "localTokenId")}}
        self._home.state.put(f"handshake-session:{name}", ids["sessionId"], kept)
        return user

    def _end(self, name: str, key: str) -> bool:
        return self._home.state.take(f"handshake-session:{name}", key) is not None

    def _is_recent(self, milliseconds: str) -> bool:
        if not milliseconds.isdigit() or len(milliseconds) > 15:
            return False
        return abs(self._home.clock.now().timestamp() - int(milliseconds) / 1000) <= _STALE.total_seconds()

    def _mac(self, text: str) -> str:
        key = self._keys["auth_key"].encode()
        return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()

    def _seal(self, text: str) -> str:
        padder, encryptor = padding.PKCS7(128).padder(), self._cipher().encryptor()
        padded = padder.update(text.encode()) + padder.finalize()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def _open(self, sealed: str) -> str | None:
        decryptor, unpadder = self._cipher().decryptor(), padding.PKCS7(128).unpadder()
        try:
            padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except ValueError:
            return None

    def _cipher(self) -> Cipher[modes.CBC]:
        key = hashlib.sha256(self._keys["auth_key"].encode()).digest()
        return Cipher(algorithms.AES(key), modes.CBC(bytes.fromhex(self._keys["iv"])))


def _answer(signature: str) -> JSONResponse:
    return JSONResponse({"status": "success", "message": "", "data": {"signature": signature}})


def _new_keys() -> dict[str, Any]:
    return {"auth_key": secrets.token_urlsafe(24), "iv": secrets.token_hex(16)}
