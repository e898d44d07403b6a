"""The UMANG sandbox as caller of a department, like NeGD's adapter: signs and sends calls, checks the answers.

Written from docs/contracts/umang.md section 5; it shares no code with our endpoint. Keys, secret and user ids
are made at the first start and handed over with the onboarding file.
"""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.city.kit import SandboxHome
from sandbox.umang.envelope import decrypt, encrypt, new_pair

DEPTID, AUDIENCE, KID = "905", "in.gov.uk.apunisarkar", "umang-sandbox-1"
SERVICES = {
    "2101": "getApplicationStatus",
    "2102": "getServices",
    "2103": "getMyApplications",
    "2104": "applyService",
    "2105": "getCertificate",
    "2106": "getBenefits",
    "2107": "fileAppeal",
    "2108": "postFeedback",
    "2109": "getServiceDetail",
    "2110": "getForm",
    "2111": "attachDocument",
    "2112": "initiatePayment",
}
SRVIDS = {operation: srvid for srvid, operation in SERVICES.items()}


@dataclass(frozen=True)
class Wanted:
    """One call as it is to be made; each field can be made wrong by itself."""

    operation: str
    parameters: Mapping[str, Any]
    user: Mapping[str, Any] | None
    lang: str = "en"
    srvid: str = ""
    deptid: str = DEPTID
    tracker: str = ""
    request_id: str = ""
    api_key: str = ""
    placement: str = "nested"
    sealed: bool = False
    signed: bool = True
    skew: float = 0.0
    tampered: bool = False
    without: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    token: str | None = None
    raw: bytes | None = None


@dataclass(frozen=True)
class Prepared:
    """A call that is signed and ready to be sent, as often as one likes."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Callers:
    """Starts calls by action. `transport` replaces the network in tests."""

    def __init__(self, home: SandboxHome, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._home = home
        self._transport = transport
        self._own = home.state.get_or_create("caller", "own", new_caller)
        self._sealing = home.state.get_or_create("keys", "caller", new_pair)
        self._portal = home.state.get_or_create("keys", "door", new_pair)
        self._key = _private_key(self._own["private_key"])
        self._lines = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        people = home.demo.get("people", [])
        self._users = {person["key"]: _user(person) for person in people if person.get("mobile")}

    def onboarding_data(self) -> dict[str, Any]:
        """What onboarding hands over to the department."""
        return {
            "api_keys": [self._own["api_key"]],
            "secrets": [self._own["secret"]],
            "user_keys": {KID: self._own["public_key"]},
            "deptid": DEPTID,
            "services": SERVICES,
            "audience": AUDIENCE,
            "envelope": {
                "key_id": "door-sandbox-1",
                "private_key": self._portal["private"],
                "public_key": self._sealing["public"],
            },
        }

    def parse_call(self, arguments: Mapping[str, Any]) -> Wanted:
        """A call from an action's arguments. KeyError for a person who is not there."""
        names = {name: arguments[name] for name in arguments if name in _PLAIN}
        person = arguments.get("person")
        operation = str(arguments["operation"])
        user = self._users[person] if person is not None else None
        return Wanted(
            operation,
            dict(arguments.get("parameters", {})),
            {**user, **dict(arguments.get("user", {}))} if user else arguments.get("user"),
            **{"srvid": SRVIDS.get(operation, "1"), **names},
        )

    def prepare(self, wanted: Wanted) -> Prepared:
        """Sign a call: the body over its bytes, and whom UMANG vouches for."""
        now = self._home.clock.now().timestamp() + wanted.skew
        tracker = wanted.tracker or f"z{int(now * 1000)}{secrets.randbelow(10**4):04d}"
        body = wanted.raw if wanted.raw is not None else _compact(_fields(wanted, tracker))
        if wanted.sealed:
            body = encrypt(self._portal["public"], body)
        headers = {
            "x-api-key": wanted.api_key or self._own["api_key"],
            "deptid": wanted.deptid,
            "srvid": wanted.srvid,
            "subsid": "0",
            "subsid2": "0",
            "formtrkr": "0",
            "x-request-id": wanted.request_id or tracker,
            "Content-Type": "application/json",
        }
        if wanted.signed:
            headers["x-umang-signature"] = self._signature(int(now), body)
        token = wanted.token or (self.assertion(wanted.user, wanted.srvid, wanted.claims) if wanted.user else None)
        if token is not None:
            headers["x-umang-user"] = token
        kept = {name: value for name, value in headers.items() if name not in wanted.without}
        if wanted.tampered:
            body = body.replace(b'"', b' "', 1)
        return Prepared(f"/umang/ws1/{wanted.operation}", kept, body)

    def assertion(self, user: Mapping[str, Any], srvid: str | None, claims: Mapping[str, Any]) -> str:
        """A compact JWS (RS256) that names the user. `claims` overwrite, None leaves one out."""
        now = int(self._home.clock.now().timestamp())
        made = {"iat": now, "exp": now + 300, "jti": secrets.token_hex(16), "aud": AUDIENCE, "srvid": srvid, **user}
        told = {name: value for name, value in {**made, **claims}.items() if value is not None}
        head = _part(_compact({"alg": "RS256", "kid": KID, "typ": "JWT"}))
        text = f"{head}.{_part(_compact(told))}"
        return f"{text}.{_part(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    async def send(self, prepared: Prepared) -> httpx.Response:
        """Send a call to the department."""
        async with httpx.AsyncClient(transport=self._transport, timeout=29, verify=self._lines) as client:
            return await client.post(
                self._home.gateway_url + prepared.path, headers=dict(prepared.headers), content=prepared.body
            )

    async def call(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `call`: ask the department as UMANG does, and give UMANG's view of the answer.

        Arguments: operation, parameters, person (key of a demo person) or user (claims); optional lang, srvid, deptid,
        tracker, request_id, api_key, placement (nested, flat), sealed, signed, skew (seconds), tampered, without
        (headers), claims (of the assertion), times (send the same bytes so often).
        """
        prepared = self.prepare(self.parse_call(arguments))
        seen = [self.view(await self.send(prepared)) for _ in range(int(arguments.get("times", 1)))]
        return {**seen[0], "tracker": prepared.headers.get("x-request-id"), "again": seen[1:]}

    async def sign(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `sign`: a call that is signed and not sent, for tests that send it themselves."""
        wanted = self.parse_call(arguments)
        if "body" in arguments:
            wanted = replace(wanted, raw=str(arguments["body"]).encode("utf-8", "surrogatepass"))
        prepared = self.prepare(wanted)
        return {
            "path": prepared.path,
            "headers": dict(prepared.headers),
            "body": prepared.body.decode("utf-8", "replace"),
        }

    def hand_over(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `hand_over`: the address that the app opens for a person. Arguments: person, target, claims."""
        now = int(self._home.clock.now().timestamp())
        claims = {"exp": now + 120, **dict(arguments.get("claims", {}))}
        token = self.assertion(self._users[str(arguments["person"])], None, claims)
        query = httpx.QueryParams({"token": token, "target": str(arguments.get("target", "/sign-in/accounts"))})
        return {"url": f"{self._home.gateway_url}/umang/handoff?{query}"}

    def user_details(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `who`: the UMANG id and mobile number of a demo person."""
        return dict(self._users[str(arguments["person"])])

    def view(self, answer: httpx.Response) -> dict[str, Any]:
        """An answer as UMANG reads it: `rs` decides, and a sealed one is opened first."""
        content, sealed = answer.content, False
        if b":" in content and not content.lstrip().startswith(b"{"):
            opened = decrypt(self._sealing["private"], content)
            content, sealed = opened or b"", True
        seen: dict[str, Any] = {
            "status": answer.status_code,
            "sealed": sealed,
            "sha256": hashlib.sha256(content).hexdigest(),
            "retry_after": answer.headers.get("retry-after"),
        }
        try:
            told = json.loads(content)
        except ValueError:
            return {**seen, "readable": False}
        return {**seen, "readable": set(told) == {"rs", "rc", "rd", "pd"}, **{name: told.get(name) for name in _FOUR}}

    def _signature(self, stamp: int, body: bytes) -> str:
        text = f"{stamp}.".encode() + body
        return f"t={stamp},v1={hmac.new(self._own['secret'].encode(), text, hashlib.sha256).hexdigest()}"


_FOUR = ("rs", "rc", "rd", "pd")
_WRONG = ("request_id", "api_key", "signed", "skew", "tampered", "without", "claims", "token")
_PLAIN = frozenset(("lang", "srvid", "deptid", "tracker", "placement", "sealed", *_WRONG))


def _fields(wanted: Wanted, tracker: str) -> dict[str, Any]:
    """The common fields of docs/contracts/umang.md section 3.2, with the parameters nested or flat."""
    common: dict[str, Any] = {
        "tkn": "",
        "trkr": tracker.removeprefix("z"),
        "apitrkr": tracker,
        "lang": wanted.lang,
        "lat": "30.31",
        "lon": "78.03",
        "lac": "90",
        "usag": "90",
        "usrid": str((wanted.user or {}).get("sub", "09")),
        "mode": "app",
        "pltfrm": "android",
        "did": None,
        "deptid": wanted.deptid,
        "srvid": wanted.srvid,
        "subsid": "0",
        "subsid2": "0",
        "formtrkr": "0",
    }
    if wanted.placement == "flat":
        return {**common, **wanted.parameters}
    return {**common, wanted.operation: dict(wanted.parameters)}


def _user(person: Mapping[str, Any]) -> dict[str, Any]:
    """A UMANG user id of ten digits, the same for a person at each start."""
    number = int(hashlib.sha256(str(person["key"]).encode()).hexdigest(), 16) % 10**9
    return {"sub": f"4{number:09d}", "mobile": str(person["mobile"])[-10:], "name": str(person["name_en"])}


def new_caller() -> dict[str, str]:
    """Api key, secret and RSA key pair of a caller."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "api_key": f"sandbox-{secrets.token_hex(20)}",
        "secret": f"sandbox-{secrets.token_hex(24)}",
        "private_key": private.decode(),
        "public_key": public.decode(),
    }


def _private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    return key


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
