"""The sandbox of a file checks a signature, a field and a token of WS-Security by code of its own, as its file says."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from domain.kernel import ManualClock
from sandbox.connectors.server import sandbox_of
from sandbox.connectors.usernames import PROFILE, WSSE, WSU
from tests.support.connecting import FILE, NOON, SPECIMEN, Partner, partner_of

SIGNED = {
    "type": "hmac",
    "header": "X-Signature",
    "secret": "key",
    "parts": ["method", "path", "query", "timestamp", "nonce", "body_sha256"],
    "timestamp_header": "X-Time",
    "nonce_header": "X-Nonce",
}
EMPTY = hashlib.sha256(b"").hexdigest()
NOW = int(NOON.timestamp())
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture
def open_partner(tmp_path: Path) -> Iterator[Callable[..., Partner]]:
    opened: list[Partner] = []

    def make(file: Path, *auth: dict[str, Any]) -> Partner:
        content = yaml.load(file.read_bytes(), Loader=yaml.BaseLoader) | {"auth": list(auth)}
        changed = tmp_path / file.name
        changed.write_text(yaml.dump(content, allow_unicode=True))
        opened.append(partner_of(sandbox_of(changed), file.stem, tmp_path, ManualClock(NOON)))
        return opened[-1]

    yield make
    for partner in opened:
        partner.sandbox.close()


async def signed(partner: Partner, encode: Callable[[bytes], str] = bytes.hex, **other: str) -> httpx.Response:
    """Ask for the machines of district 49 with a signature; `other` are parts that are signed otherwise than sent."""
    stamp = other.pop("sent_at", str(NOW))
    parts = {"method": "GET", "path": "/api/machines", "query": "district=49", "timestamp": stamp, "nonce": "n1"}
    text = "\n".join((parts | {"body": EMPTY} | other).values())
    proof = encode(hmac.digest(partner.given["key"].encode(), text.encode(), "sha256"))
    headers = {"X-Signature": proof, "X-Time": stamp, "X-Nonce": "n1"}
    return await partner.client.get("/api/machines?district=49", headers=headers)


async def test_a_signature_over_all_parts_of_the_file_is_let_in(open_partner: Callable[..., Partner]):
    assert (await signed(open_partner(SPECIMEN, SIGNED))).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        {"method": "POST"},
        {"path": "/api/other"},
        {"query": "district=50"},
        {"timestamp": str(NOW + 1)},
        {"nonce": "n2"},
        {"body": hashlib.sha256(b"x").hexdigest()},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_a_signature_over_another_request_is_refused(open_partner: Callable[..., Partner], other: dict[str, str]):
    partner = open_partner(SPECIMEN, SIGNED)

    answer = await signed(partner, **other)

    assert (answer.status_code, partner.effects()) == (401, ["refused signature"])


@pytest.mark.parametrize("sent_at", [str(NOW - 301), str(NOW + 301), "yesterday"])
async def test_a_signature_of_another_time_is_refused(open_partner: Callable[..., Partner], sent_at: str):
    partner = open_partner(SPECIMEN, SIGNED)

    answer = await signed(partner, sent_at=sent_at)

    assert (answer.status_code, partner.effects()) == (401, ["refused timestamp"])


async def test_a_signature_is_in_the_encoding_of_the_file(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN, SIGNED | {"encoding": "base64"})

    right = await signed(partner, lambda digest: base64.b64encode(digest).decode())
    wrong = await signed(partner)

    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_a_key_is_checked_in_a_field_and_the_rest_is_the_request(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN, {"type": "api_key", "field": "api_key", "secret": "key"})

    async def status(**query: str) -> int:
        return (await partner.client.get("/api/machines", params={"district": "49", **query})).status_code

    asked = [await status(api_key=key) for key in (partner.given["key"], "guessed")]
    assert [*asked, await status()] == [200, 401, 401]


async def soap(partner: Partner, token: str) -> httpx.Response:
    """Ask for the holding of the first example with a token in the header."""
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header><w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}">{token}</w:Security>'
        f'</s:Header><s:Body><GetKhata xmlns="http://land.example/"><Key>{partner.given["key"]}</Key>'
        "<VCode>800123</VCode><KhataNo>71</KhataNo></GetKhata></s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"http://land.example/GetKhata"'}
    return await partner.client.post("/ws/Khata.asmx", content=body.encode(), headers=headers)


def username_token(password: str, kind: str, rest: str = "") -> str:
    return (
        "<w:UsernameToken><w:Username>apuni</w:Username>"
        f'<w:Password Type="{PROFILE}{kind}">{password}</w:Password>{rest}</w:UsernameToken>'
    )


def digest_token(password: str, *, minute: int = 0) -> str:
    nonce, created = b"0123456789abcdef", f"2026-11-24T06:{30 + minute:02d}:00Z"
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    rest = f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
    return username_token(base64.b64encode(digest).decode(), "PasswordDigest", rest)


async def test_a_token_of_text_is_let_in_by_its_password(open_partner: Callable[..., Partner]):
    partner = open_partner(FILE["land"], {"type": "ws_security", "token": "text", "secret": "user"})
    password = partner.given["user"]["password"]
    tokens = [
        username_token(password, "PasswordText"),
        username_token("guessed", "PasswordText"),
        digest_token(password),
    ]

    assert [(await soap(partner, token)).status_code for token in tokens] == [200, 401, 401]


async def test_a_token_of_a_digest_is_let_in_once_and_while_it_is_fresh(open_partner: Callable[..., Partner]):
    partner = open_partner(FILE["land"], {"type": "ws_security", "token": "digest", "secret": "user"})
    password = partner.given["user"]["password"]
    tokens = [
        digest_token(password, minute=6),
        digest_token("guessed"),
        "",
        digest_token(password),
        digest_token(password),
    ]

    assert [(await soap(partner, token)).status_code for token in tokens] == [401, 401, 401, 200, 401]
