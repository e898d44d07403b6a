"""The id_token of the MeriPehchaan sandbox: RS256, changing key ids, claims of docs/contracts/sso.md section 2.1."""

import json
import secrets
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.digilocker.world import World, random_uuid

ISSUER = "https://api.digitallocker.gov.in"
_LIFE_SECONDS = 86400
_ROUTE = "/public/oauth2/2/token"
_PUBLIC = ("kty", "n", "e", "kid", "use", "alg")
_KEYS = 2
"""Keys in use side by side; each token is signed with the next one."""


class IdTokens:
    """Makes and signs id_tokens. Keys live in State, so that they are the same after a restart."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._world.state.get_or_create(
            "key", "id_token", lambda: {"keys": [_new_key() for _ in range(_KEYS)], "turn": 0}
        )

    def jwks(self) -> dict[str, Any]:
        """The public keys, as onboarding hands them over."""
        return {"keys": [{name: key[name] for name in _PUBLIC if name in key} for key in self._key_set()["keys"]]}

    def rotate(self) -> None:
        """Add a new key and drop the oldest."""
        kept = self._key_set()
        self._world.state.put("key", "id_token", {"keys": [*kept["keys"][1:], _new_key()], "turn": kept["turn"]})

    def make(self, owner: Mapping[str, Any], code: Mapping[str, Any]) -> str:
        """The signed token for a citizen who used this code. Faults: signature, skew, foreign (another audience)."""
        faults = self._world.home.faults
        key = self._next_key()
        claims = self._claims(owner, code)
        if faults.match("foreign", _ROUTE):
            claims["aud"] = "ANOTHER1"
        header = {"typ": "JWT", "alg": "RS256", "kid": key["kid"]}
        spoilt = faults.match("signature", _ROUTE)
        moved = spoilt is not None and spoilt.params.get("how") == "moved"
        signing = key if spoilt is None or moved else self._world.state.get_or_create("key", "foreign", _new_key)
        token = jwt.encode(header, claims, _import_key(json.dumps(signing)), algorithms=["RS256"])
        if not moved:
            return token
        other = jwt.encode(header, {**claims, "jti": random_uuid()}, _import_key(json.dumps(key)), algorithms=["RS256"])
        return token.rpartition(".")[0] + "." + other.rpartition(".")[2]

    def _claims(self, owner: Mapping[str, Any], code: Mapping[str, Any]) -> dict[str, Any]:
        issued = int(self._world.skewed_time(_ROUTE).timestamp())
        name = str(owner["key"]).replace("-", ".")
        claims = {
            "iss": ISSUER,
            "sub": f"{name}.dl",
            "aud": self._world.client["client_id"],
            "iat": issued,
            "exp": issued + _LIFE_SECONDS,
            "auth_time": min(code["auth_time"], issued),
            "jti": random_uuid(),
            "user_sso_id": owner["user_sso_id"],
            "given_name": owner["name_en"],
            "preferred_username": f"{name}.dl",
            "email": owner.get("email") or "",
            "phone_number": owner.get("mobile") or "",
            "birthdate": date.fromisoformat(owner["dob"]).strftime("%d/%m/%Y"),
            **_verified_numbers(owner, str(code.get("acr") or "")),
        }
        return {**claims, "nonce": code["nonce"]} if code.get("nonce") else claims

    def _next_key(self) -> dict[str, Any]:
        kept = self._key_set()
        self._world.state.put("key", "id_token", {"keys": kept["keys"], "turn": kept["turn"] + 1})
        key: dict[str, Any] = kept["keys"][kept["turn"] % len(kept["keys"])]
        return key

    def _key_set(self) -> dict[str, Any]:
        kept = self._world.state.get("key", "id_token")
        if kept is None:
            raise AssertionError("the keys were made when the sandbox started")
        return kept


def _verified_numbers(owner: Mapping[str, Any], acr: str) -> dict[str, str]:
    """Masked numbers, only of what was asked for and the citizen has."""
    held = {each["doctype"]: str(each["doc_id"]) for each in owner.get("locker_documents", ())}
    numbers = {
        "aadhaar": ("masked_aadhaar", str(owner.get("aadhaar_last4") or "")),
        "pan": ("pan_number", held.get("PANCR", "")),
        "driving_licence": ("driving_licence", held.get("DRVLC", "")),
    }
    asked = [claim for word, claim in numbers.items() if word in acr]
    return {name: f"xxxxxxx{number[-4:]}" for name, number in asked if number}


@lru_cache(maxsize=16)
def _import_key(jwk: str) -> RSAKey:
    """A key that is checked once: that takes 50 ms."""
    return RSAKey.import_key(json.loads(jwk))


def _new_key() -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(16), "use": "sig", "alg": "RS256"}, private=True)
    return dict(key.as_dict(private=True))
