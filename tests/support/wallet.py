"""A wallet for tests: it speaks OpenID4VCI from the specification, by code of its own, and reads SD-JWTs."""

import base64
import hashlib
import json
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


class Wallet:
    """One wallet with one key, at the service of an issuer."""

    def __init__(self, http: httpx.AsyncClient, issuer: str, now: float) -> None:
        self.http, self.issuer, self.now = http, issuer, now
        self.key = ECKey.generate_key("P-256")

    async def token(self, code: str, tx_code: str, **more: str) -> httpx.Response:
        form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": tx_code, **more}
        return await self.http.post("/sign-in/token", data={name: text for name, text in form.items() if text})

    async def nonce(self) -> str:
        return str((await self.http.post("/credentials/nonce")).json()["c_nonce"])

    def proof(self, fresh: str, head: dict[str, Any] | None = None, **claims: Any) -> str:
        public = {name: self.key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
        header = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": public} | (head or {})
        said = {"aud": self.issuer, "iat": int(self.now), "nonce": fresh} | claims
        return str(jwt.encode(header, said, self.key, ["ES256"]))

    async def credential(self, token: str, doctype: str, *proofs: str) -> httpx.Response:
        asked = {"credential_configuration_id": doctype, "proofs": {"jwt": list(proofs)}}
        return await self.http.post("/credentials", json=asked, headers={"Authorization": f"Bearer {token}"})


def read(token: str, keys: Any) -> jwt.Token:
    """A token with a long header, such as one with certificates, once its signature is verified."""
    registry = JWSRegistry(algorithms=["ES256"])
    registry.max_header_length = 16_384
    return jwt.decode(token, keys, registry=registry)


def _digest(disclosure: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(disclosure.encode()).digest()).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def disclosed(credential: str) -> tuple[str, dict[str, str]]:
    """The issuer's JWT and the facts of its disclosures, each of which it names by its digest."""
    token, *disclosures, last = credential.split("~")
    assert last == ""
    claims = json.loads(decode(token.split(".")[1]))
    digests = {
        base64.urlsafe_b64encode(hashlib.sha256(one.encode()).digest()).decode().rstrip("=") for one in disclosures
    }
    assert digests == set(claims["_sd"])
    facts = [json.loads(decode(one)) for one in disclosures]
    assert len({salt for salt, _, _ in facts}) == len(facts)
    return token, {name: text for _, name, text in facts}
