"""What the endpoints that outside systems call share: limited bodies, secrets, limits of callers, signed requests."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from domain.kernel import Clock, TemporarilyUnavailable
from domain.kernel.networks import network_of
from integrations.calling.answers import AnswerModel
from integrations.calling.request_counters import RequestCounters

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""The headers of every answer that is nobody else's."""

SKEW_SECONDS, RETRY_SECONDS = 300, 30
_STAMP, _HEX = re.compile(r"\d{9,11}"), re.compile(r"[0-9a-f]{64}")
_WINDOW_SECONDS = 60.0
_log = structlog.get_logger(__name__)


def json_answer(told: AnswerModel, status: int = 200) -> Response:
    """An answer that is nobody else's."""
    return Response(told.to_json(), status, NO_STORE, "application/json")


class TooLarge(Exception):
    """The body of a request is over its limit."""


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises TooLarge as soon as it is over the limit, ClientDisconnect where the caller left early."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def is_listed(address: str | None, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is on the list that was agreed; every one where there is no list."""
    try:
        return not networks or any(ip_address(address or "") in network for network in networks)
    except ValueError:
        return False


def is_same_secret(given: str, expected: str) -> bool:
    """Whether two secrets are equal; both are compared in full, in constant time."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)


def brings_bearer(authorization: str | None, token: str) -> bool:
    """Whether an Authorization header brings the agreed token."""
    scheme, _, given = (authorization or "").partition(" ")
    return is_same_secret(given.strip(), token) & (scheme.lower() == "bearer")


class CallerLimits:
    """Counts what comes with the one credential of a system, and the failures of each address, within a minute.

    An address with too many failures is locked out for the rest of its minute. The credential is named for its keys and
    in the log.
    """

    def __init__(self, credential: str, counters: RequestCounters, *, calls: int, failures: int) -> None:
        self._credential = credential
        self._counters = counters
        self._calls = calls
        self._failures = failures

    async def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None: after too many failures of its own, or too many calls."""
        limits = ((f"{self._credential}@{network_of(address)}", self._failures), (self._credential, self._calls))
        for key, most in limits:
            counted = await self._counters.look(key, _WINDOW_SECONDS)
            if counted.number >= most:
                return max(1, int(counted.seconds_left) + 1)
        return None

    async def count(self, address: str, *, right: bool) -> bool:
        """Count a call by whether its credentials were right; the log says so once the address is locked out."""
        key = self._credential if right else f"{self._credential}@{network_of(address)}"
        counted = await self._counters.add(key, _WINDOW_SECONDS)
        if not right and counted.number == self._failures:
            _log.error(f"{self._credential}.locked_out")
        elif not right:
            _log.warning(f"{self._credential}.credentials_refused")
        return right


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over timestamp, method, path and the SHA-256 of the body, each on a line.

    Source: docs/contracts/right_to_service.md section 6, docs/contracts/hr.md section 2.
    """
    covered = "\n".join((timestamp, method.upper(), path, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), covered.encode(), hashlib.sha256).hexdigest()


def is_fresh(stamp: str, now: datetime) -> bool:
    """Whether a timestamp is within the skew that both contracts allow."""
    return bool(_STAMP.fullmatch(stamp)) and abs(int(stamp) - now.timestamp()) <= SKEW_SECONDS


def is_genuine(secrets: Sequence[str], stamp: str, method: str, path: str, body: bytes, given: str) -> bool:
    """Whether a holder of one of the secrets signed this very request; each is compared in full, in constant time."""
    expected = [signature(secret, stamp, method, path, body) for secret in secrets]
    return bool(_HEX.fullmatch(given)) and any([hmac.compare_digest(one, given) for one in expected])  # noqa: C419


class CallRefused(Exception):
    """A request that is not taken; `more` stands in the answer beside the code."""

    def __init__(self, status: int, code: str, *, wait: int | None = None, **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.wait, self.more = status, code, wait, more


@dataclass(frozen=True)
class SignedCalls:
    """The way in for one system. Each of the secrets may sign; `token` is the bearer of a system that has one.

    Order of the checks: rate, token, age, size, signature. What fails one of them is answered with `{"code": …}` and
    has changed nothing. A wrong token or signature is a failure of its address, and where there is no token so is
    whatever fails after the rate.
    """

    name: str
    secrets: Sequence[str] = field(repr=False)
    clock: Clock
    limits: CallerLimits
    body_limit: int
    token: str | None = field(default=None, repr=False)

    async def let_in(self, request: Request) -> bytes:
        """The body of a request that the system made just now; raises CallRefused for any other."""
        address = request.client.host if request.client else ""
        wait = await self.limits.wait_seconds(address)
        if wait is not None:
            raise CallRefused(429, "TOO_MANY_REQUESTS", wait=wait)
        if self.token is not None:
            right = brings_bearer(request.headers.get("authorization"), self.token)
            if not await self.limits.count(address, right=right):
                raise CallRefused(401, "UNAUTHENTICATED")
        try:
            body = await self.signed_body(request)
        except CallRefused as refused:
            if self.token is None or refused.code == "BAD_SIGNATURE":
                await self.limits.count(address, right=False)
            raise
        if self.token is None:
            await self.limits.count(address, right=True)
        return body

    async def signed_body(self, request: Request) -> bytes:
        """The body, where a holder of a secret signed it just now; raises CallRefused."""
        stamp, given = (request.headers.get(name, "") for name in ("x-timestamp", "x-signature"))
        if not is_fresh(stamp, self.clock.now()):
            raise CallRefused(401, "STALE_TIMESTAMP")
        body = await plain_body(request, self.body_limit)
        if not is_genuine(self.secrets, stamp, request.method, request.url.path, body, given):
            raise CallRefused(401, "BAD_SIGNATURE")
        return body

    async def answer(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """The answer of the work, or why it was refused."""
        try:
            return await work()
        except CallRefused as refused:
            problem = refused
        except TemporarilyUnavailable:
            problem = CallRefused(503, "UNAVAILABLE", wait=RETRY_SECONDS)
        _log.info(f"{self.name}_message_declined", code=problem.code)
        headers = dict(NO_STORE)
        if problem.wait is not None:
            headers["Retry-After"] = str(problem.wait)
        if problem.status == 401 and self.token is not None:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse({"code": problem.code, **problem.more}, problem.status, headers)


async def plain_body(request: Request, limit: int) -> bytes:
    """The raw body; raises CallRefused where it is too large, packed, or where the caller left before its end."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise CallRefused(415, "BAD_ENCODING")
    try:
        return await read_body(request, limit)
    except TooLarge:
        raise CallRefused(413, "TOO_LARGE") from None
    except ClientDisconnect:
        raise CallRefused(400, "BAD_FIELD", field="body") from None
