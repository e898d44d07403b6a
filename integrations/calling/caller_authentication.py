"""Authenticates the systems that call us: agreed networks, lock-out, rate, and bearer token, secret or signature."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import TypeAlias

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.kernel import Clock, TemporarilyUnavailable
from domain.kernel.networks import address_of, network_of
from domain.kernel.secret_comparison import is_any_secret, is_same_secret
from integrations.calling.incoming_calls import NO_STORE, CallRefused, plain_body
from integrations.calling.request_counters import RequestCounters

FAILURES_A_MINUTE = 20
"""Wrong credentials by address, where the contract of a system names no other number."""

SKEW_SECONDS, RETRY_SECONDS = 300, 30
_STAMP = re.compile(r"[0-9]{9,11}")
_WINDOW_SECONDS = 60.0
_log = structlog.get_logger(__name__)

Credential: TypeAlias = Callable[[Request], bool]
"""Whether a request brings the right credential."""


class CallerAuthentication:
    """Counts what comes with the one credential of a system, and the failures of each address, within a minute.

    An address with too many failures is locked out for the rest of its minute. The credential is named for its keys and
    in the log. Without `networks` every address may call, without `calls` as often as it likes.
    """

    def __init__(
        self,
        credential: str,
        counters: RequestCounters,
        *,
        failures: int = FAILURES_A_MINUTE,
        calls: int | None = None,
        networks: Sequence[str] = (),
    ) -> None:
        self._credential = credential
        self._counters = counters
        self._failures = failures
        self._calls = calls
        self._networks = tuple(map(ip_network, networks))

    def admits(self, request: Request) -> bool:
        """Whether the request comes from one of the networks that were agreed."""
        address = address_of(_host(request))
        return not self._networks or (address is not None and any(address in each for each in self._networks))

    async def wait_seconds(self, request: Request) -> int | None:
        """How long the address must wait, or None: after too many failures of its own, or too many calls."""
        for key, most in ((self._key_of(request), self._failures), (self._credential, self._calls)):
            counted = await self._counters.look(key, _WINDOW_SECONDS) if most is not None else None
            if counted is not None and most is not None and counted.number >= most:
                return max(1, int(counted.seconds_left) + 1)
        return None

    async def count(self, request: Request, *, right: bool) -> bool:
        """Count a call by whether its credentials were right; the log says so once the address is locked out."""
        if not right:
            counted = await self._counters.add(self._key_of(request), _WINDOW_SECONDS)
            if counted.number == self._failures:
                _log.error(f"{self._credential}.locked_out")
            else:
                _log.warning(f"{self._credential}.credentials_refused")
        elif self._calls is not None:
            await self._counters.add(self._credential, _WINDOW_SECONDS)
        return right

    def _key_of(self, request: Request) -> str:
        return f"{self._credential}@{network_of(_host(request))}"


def _host(request: Request) -> str | None:
    return request.client.host if request.client else None


def bearer_token(token: str) -> Credential:
    """The credential of a system that sends an agreed token in the Authorization header (RFC 6750 section 2.1)."""

    def is_right(request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return is_same_secret(given.strip(), token) & (scheme.lower() == "bearer")

    return is_right


@dataclass(frozen=True, slots=True)
class Signature:
    """How a contract signs a request: whether a body is signed, and the header with its time, in seconds since 1970."""

    is_right: Callable[[Request, bytes], bool]
    time_header: str | None = None


def line_signature(secrets: Sequence[str]) -> Signature:
    """The signature by `signature` in `X-Signature`, with the time in `X-Timestamp`; each of the secrets may sign."""

    def is_right(request: Request, body: bytes) -> bool:
        covered = request.headers.get("x-timestamp", ""), request.method, request.url.path, body
        return is_any_secret(request.headers.get("x-signature", ""), [signature(one, *covered) for one in secrets])

    return Signature(is_right, "x-timestamp")


def body_signature(header: str, secrets: Sequence[str], *, forms: Sequence[str] = ("sha256=",)) -> Signature:
    """Hex HMAC-SHA256 over the raw body alone, after one of `forms`; each of the secrets may sign."""

    def is_right(request: Request, body: bytes) -> bool:
        made = [hmac.new(one.encode(), body, hashlib.sha256).hexdigest() for one in secrets]
        return is_any_secret(request.headers.get(header, "").lower(), [form + one for form in forms for one in made])

    return Signature(is_right)


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over timestamp, method, path and the SHA-256 of the body, each on a line.

    Source: docs/contracts/right_to_service.md section 6, docs/contracts/hr.md section 2.
    """
    covered = "\n".join((timestamp, method.upper(), path, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), covered.encode(), hashlib.sha256).hexdigest()


def is_fresh(stamp: str, now: datetime) -> bool:
    """Whether a timestamp is within the skew that the contracts allow."""
    return bool(_STAMP.fullmatch(stamp)) and abs(int(stamp) - now.timestamp()) <= SKEW_SECONDS


@dataclass(frozen=True)
class AuthenticatedCalls:
    """The way in for one system, by a credential, a signature or both.

    Order of the checks: rate, credential, age, size, signature. What fails one of them is answered with `{"code": …}`
    and has changed nothing. A wrong credential, which is answered by `refusal`, or signature is a failure of its
    address, and where there is no credential so is whatever fails after the rate.
    """

    name: str
    callers: CallerAuthentication
    clock: Clock
    body_limit: int = 0
    credential: Credential | None = None
    signature: Signature | None = None
    refusal: tuple[int, str] = (401, "UNAUTHENTICATED")

    async def let_in(self, request: Request) -> bytes:
        """The body that the system signed, unread without signature; raises CallRefused for any other request."""
        wait = await self.callers.wait_seconds(request)
        if wait is not None:
            raise CallRefused(429, "TOO_MANY_REQUESTS", wait=wait)
        if self.credential is not None and not await self.callers.count(request, right=self.credential(request)):
            raise CallRefused(*self.refusal)
        if self.signature is None:
            return b""
        try:
            body = await self._signed_body(request, self.signature)
        except CallRefused as refused:
            if self.credential is None or refused.code == "BAD_SIGNATURE":
                await self.callers.count(request, right=False)
            raise
        if self.credential is None:
            await self.callers.count(request, right=True)
        return body

    async def _signed_body(self, request: Request, signed: Signature) -> bytes:
        header = signed.time_header
        if header is not None and not is_fresh(request.headers.get(header, ""), self.clock.now()):
            raise CallRefused(401, "STALE_TIMESTAMP")
        body = await plain_body(request, self.body_limit)
        if not signed.is_right(request, body):
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
        if problem.status == 401 and self.credential is not None:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse({"code": problem.code, **problem.more}, problem.status, headers)
