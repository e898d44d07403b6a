"""Makes docs/partners/umang/samples: each call as it goes over the line, and the octets that the door answers.

The door is the real one over a store of its own, with a clock that stands still and keys that are for this alone, so
that the same release makes the same octets. Nothing here runs in a gateway.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import RSAKey
from starlette.applications import Starlette

from domain.kernel import NumberKind, parse_number
from integrations.umang import UmangEndpointSettings
from tools.reference.sample_files import FOLDER
from tools.reference.umang_sample_calls import APPLICATION, SAMPLES, USERS, Sample
from tools.reference.umang_sample_world import NOW, URL, SampleWorld, sample_world

KEYS = Path(__file__).resolve().parents[2] / "docs" / "partners" / "umang" / "keys"
KID, AUDIENCE = "umang-test-only-1", "in.gov.uk.apunisarkar"
API_KEY, SECRET = "test-only-api-key-0123456789abcdef012345", "test-only-secret-0123456789abcdef0123456789"
_STAMP = int(NOW.timestamp())


def test_settings() -> UmangEndpointSettings:
    """The door's settings that the samples are signed for."""
    public = (KEYS / "test_only_public_key.pem").read_text(encoding="ascii")
    given = {"api_keys": [API_KEY], "secrets": [SECRET], "user_keys": {KID: public}, "burst": 1000}
    return UmangEndpointSettings.from_onboarding({"door": given})


async def make_samples() -> dict[str, bytes]:
    """Every file of the folder by its name."""
    files: dict[str, bytes] = {}
    with TemporaryDirectory(prefix="apuni-samples-") as folder:
        async with sample_world(Path(folder), test_settings()) as world:
            number = ""
            for place, sample in enumerate(SAMPLES, start=1):
                if sample.decided:
                    await world.decide()
                request, answer = await _record_call(world, replace(sample, parameters=_fill_number(sample, number)))
                name = f"{FOLDER}/{place:02d}-{sample.name}"
                files[f"{name}.http"], files[f"{name}.answer"] = request, answer
                number = number or _number(answer)
    return files


async def _record_call(world: SampleWorld, sample: Sample) -> tuple[bytes, bytes]:
    path, headers, body = _signed_request(sample)
    transport = httpx.ASGITransport(app=Starlette(routes=world.routes))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        answer = await client.post(path, headers=dict(headers), content=body)
    lines = [f"POST {path} HTTP/1.1", "Host: gateway.example", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
    told = f"HTTP/1.1 {answer.status_code}\r\nContent-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    return head + body, told + answer.content


def _signed_request(sample: Sample) -> tuple[str, Mapping[str, str], bytes]:
    srvid = next(srvid for srvid, name in test_settings().services.items() if name == sample.operation)
    tracker = sample.tracker or f"z-{sample.name}"
    body = _body(sample, srvid, tracker)
    stamp = _STAMP - 600 if sample.spoilt == "stale" else _STAMP
    headers = {
        "x-api-key": API_KEY,
        "deptid": "905",
        "srvid": srvid,
        "subsid": "0",
        "subsid2": "0",
        "formtrkr": "0",
        "x-request-id": tracker,
        "x-umang-signature": signature(stamp, body),
        "Content-Type": "application/json",
    }
    if sample.user is not None:
        headers["x-umang-user"] = assertion(USERS[sample.user], srvid, sample.jti or f"sample-{sample.name}")
    if sample.spoilt == "unsigned":
        del headers["x-umang-signature"]
    if sample.spoilt == "tampered":
        body = body.replace(b'"lang":"en"', b'"lang":"hi"')
    return f"/umang/ws1/{sample.operation}", {**headers, **sample.headers}, body


def signature(stamp: int, body: bytes) -> str:
    """`x-umang-signature` over the raw body."""
    made = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={made}"


def assertion(user: Mapping[str, str], srvid: str, jti: str) -> str:
    """`x-umang-user` for a service; the signature of RS256 is the same each time."""
    key = RSAKey.import_key((KEYS / "test_only_private_key.pem").read_text(encoding="ascii"))
    claims = {**user, "iat": _STAMP, "exp": _STAMP + 300, "jti": jti, "aud": AUDIENCE, "srvid": srvid}
    return jws.serialize_compact({"alg": "RS256", "kid": KID}, _compact(claims), key, algorithms=["RS256"])


def _body(sample: Sample, srvid: str, tracker: str) -> bytes:
    fields: dict[str, Any] = {
        "tkn": "",
        "trkr": tracker,
        "apitrkr": tracker,
        "lang": sample.lang,
        "usrid": USERS[sample.user]["sub"] if sample.user else "",
        "mode": "app",
        "pltfrm": "android",
        "did": None,
        "deptid": "905",
        "srvid": srvid,
        sample.operation: dict(sample.parameters),
    }
    return _compact(fields)


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _fill_number(sample: Sample, number: str) -> Mapping[str, Any]:
    return {name: number if value == APPLICATION else value for name, value in sample.parameters.items()}


def _number(answer: bytes) -> str:
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    number = (told["pd"] or {}).get("applicationId") if told["rs"] == "S" else None
    return parse_number(number, NumberKind.APPLICATION) if number else ""
