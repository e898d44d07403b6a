"""What the bridge answers to a page (docs/contracts/signatures.md section 3.4): three calls, on loopback alone.

A page of another origin gets nothing. A nonce is good for one call. No PIN comes this way.
"""

import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MOST, NONCE_SECONDS, MOST_NONCES, LARGEST = 200, 120.0, 100, 100_000
"""Hashes in one call, the life of a nonce, how many wait, octets of a body."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CALLS = ("nonce", "certificates", "sign")


@dataclass(frozen=True)
class Signed:
    """What became of one hash: the signature in base64, or why there is none."""

    signature: str | None = None
    error: str | None = None


class Token(Protocol):
    """What holds the officer's key."""

    def certificates(self) -> Sequence[Mapping[str, str]]:
        """The certificates with which it signs, as the contract tells them."""

    def sign(self, certificate: str, hashes: Sequence[str], pin: str) -> Sequence[Signed]:
        """Sign hashes (SHA-256 in hex) by the key of a certificate, named by its SHA-256; one login for all."""


AskPin = Callable[[int], str | None]
"""Asks the officer for her PIN, for so many signatures; None where she does not want to sign."""


@dataclass(frozen=True)
class Answer:
    """A status, and a body that is JSON; none for a preflight."""

    status: int
    body: Mapping[str, Any] | None
    origin: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it; a page may read it only where its origin was taken."""
        found = {"Cache-Control": "no-store", "Vary": "Origin"}
        if self.origin:
            found["Access-Control-Allow-Origin"] = self.origin
        if self.body is None:
            found |= {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "content-type"}
            found |= {"Access-Control-Allow-Private-Network": "true", "Access-Control-Max-Age": "600"}
        return found

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return b"" if self.body is None else json.dumps(self.body).encode()


class Bridge:
    """Answers pages of the `origins`, each as `https://host`, for a token; `hosts` are its own names with its port."""

    def __init__(
        self,
        token: Token,
        ask_pin: AskPin,
        *,
        origins: Collection[str],
        hosts: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token, self._ask_pin, self._clock = token, ask_pin, clock
        self._origins, self._hosts = frozenset(origins), frozenset(hosts)
        self._nonces: dict[str, float] = {}
        self._busy, self._guard = threading.Lock(), threading.Lock()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one request, by its headers with names in lower case."""
        origin = headers.get("origin", "")
        # A name that was pointed here (DNS rebinding) shows in Host, and a page of anybody else in Origin.
        if headers.get("host", "") not in self._hosts or not self._is_ours(origin):
            return Answer(403, {"error": "ORIGIN"})
        call = path.removeprefix("/v1/")
        if not path.startswith("/v1/") or call not in _CALLS:
            return Answer(404, {"error": "NOT_FOUND"}, origin)
        if method == "OPTIONS":
            return Answer(204, None, origin)
        given = _object_of(body) if method == "POST" and _is_json(headers) else None
        return self._called(call, given, origin)

    def _called(self, call: str, given: Mapping[str, Any] | None, origin: str) -> Answer:
        if given is None:
            return Answer(400, {"error": "BAD_REQUEST"}, origin)
        if call == "nonce":
            return Answer(200, {"nonce": self._new_nonce()}, origin)
        if not self._use_nonce(str(given.get("nonce"))):
            return Answer(403, {"error": "NONCE"}, origin)
        if call == "certificates":
            return Answer(200, {"certificates": [dict(one) for one in self._token.certificates()]}, origin)
        return self._sign(given, origin)

    def _sign(self, given: Mapping[str, Any], origin: str) -> Answer:
        items, certificate = given.get("items"), str(given.get("certSha256"))
        right = isinstance(items, list) and 1 <= len(items) <= MOST and all(map(_is_item, items))
        if not right or not _SHA256.fullmatch(certificate):
            return Answer(400, {"error": "BAD_REQUEST"}, origin)
        if not self._busy.acquire(blocking=False):
            return Answer(409, {"error": "BUSY"}, origin)
        try:
            signed = self._signed(certificate, [one["sha256"] for one in items or ()])
        finally:
            self._busy.release()
        told = [
            {"id": one["id"], **({"signature": each.signature} if each.signature else {"error": each.error})}
            for one, each in zip(items or (), signed, strict=True)
        ]
        return Answer(200, {"items": told}, origin)

    def _signed(self, certificate: str, hashes: Sequence[str]) -> Sequence[Signed]:
        if certificate not in {one["sha256"] for one in self._token.certificates()}:
            return [Signed(error="TOKEN_GONE")] * len(hashes)
        pin = self._ask_pin(len(hashes))
        if pin is None:
            return [Signed(error="CANCELLED")] * len(hashes)
        return self._token.sign(certificate, hashes, pin)

    def _is_ours(self, origin: str) -> bool:
        return any(hmac.compare_digest(origin.encode(), one.encode()) for one in self._origins)

    def _new_nonce(self) -> str:
        made, now = secrets.token_urlsafe(32), self._clock()
        with self._guard:
            fresh = [(one, ends) for one, ends in self._nonces.items() if ends > now]
            self._nonces = dict(fresh[-MOST_NONCES + 1 :])
            self._nonces[made] = now + NONCE_SECONDS
        return made

    def _use_nonce(self, given: str) -> bool:
        with self._guard:
            ends = self._nonces.pop(given, None)
        return ends is not None and ends > self._clock()


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _object_of(body: bytes) -> dict[str, Any] | None:
    try:
        given = json.loads(body) if len(body) <= LARGEST else None
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _is_item(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("id"), str) or len(one["id"]) > 100:
        return False
    return _SHA256.fullmatch(str(one.get("sha256"))) is not None
