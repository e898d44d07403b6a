"""The issuer endpoint: authenticates DigiLocker and answers in XML (docs/contracts/digilocker.md section 7).

Order of the checks: lock-out, size, HMAC over the raw bytes, XML, keyhash, organisation, time window. A caller
that fails HMAC, keyhash or organisation gets an empty 401 and learns nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock, TemporarilyUnavailable
from integrations.calling import safe_xml
from integrations.calling.caller_authentication import CallerAuthentication
from integrations.calling.incoming_calls import TooLarge, read_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.digilocker.digests import HmacEncoding, digests_match, issuer_hmac_hex, issuer_hmac_raw, keyhash
from integrations.digilocker.issuer import inferred, wire
from integrations.digilocker.issuer.models import Envelope, Issuer, IssuerSettings

log = structlog.get_logger(__name__)
_HMACS = {HmacEncoding.RAW: issuer_hmac_raw, HmacEncoding.HEX: issuer_hmac_hex}

Work = Callable[[safe_xml.Element, Envelope], Awaitable[bytes]]


class _NotDigiLocker(Exception):
    """HMAC, keyhash or organisation is wrong."""


def issuer_routes(
    issuer: Issuer, settings: IssuerSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """`POST /digilocker/pulluri`, and `/digilocker/pulldoc` where the older contract is switched on.

    `tallies` None counts failures in this process alone.
    """
    counters = tallies or LocalRequestCounters(clock)
    callers = CallerAuthentication("digilocker", counters, failures=settings.failures_a_minute)
    door = _Endpoint(issuer, settings, clock, callers)
    routes = [Route("/digilocker/pulluri", door.pull_uri, methods=["POST"])]
    if settings.pull_doc:
        routes.append(Route("/digilocker/pulldoc", door.pull_doc, methods=["POST"]))
    return routes


@dataclass(frozen=True)
class _Endpoint:
    issuer: Issuer
    settings: IssuerSettings
    clock: Clock
    callers: CallerAuthentication

    async def pull_uri(self, request: Request) -> Response:
        async def work(root: safe_xml.Element, envelope: Envelope) -> bytes:
            asked = wire.read_pull(root, envelope, self.settings.default_format)
            return wire.write_pull(envelope, asked, await self.issuer.find(asked), self.settings)

        return await self._answer(request, wire.PULL_URI, work)

    async def pull_doc(self, request: Request) -> Response:
        async def work(root: safe_xml.Element, envelope: Envelope) -> bytes:
            asked = wire.read_pull_doc(root, envelope, self.settings.default_format)
            return wire.write_pull_doc(envelope, asked.format, await self.issuer.fetch(asked))

        return await self._answer(request, wire.PULL_DOC, work)

    async def _answer(self, request: Request, kind: str, work: Work) -> Response:
        wait = await self.callers.wait_seconds(request)
        if wait is not None:
            return _later(kind, None, wait)
        try:
            body = await read_body(request, self.settings.body_limit)
            self._check_hmac(request, body)
            root = safe_xml.parse(body, limit=self.settings.body_limit, most_markup=inferred.MOST_MARKUP)
            envelope = wire.read_envelope(root, kind)
            self._check_caller(envelope)
            if not self._in_time(envelope):
                log.warning("digilocker_pull_out_of_time", kind=kind)
                return _xml(wire.write_failure(kind, envelope), inferred.OUT_OF_TIME_HTTP)
            return await self._answer_or_later(kind, root, envelope, work)
        except _NotDigiLocker:
            await self.callers.count(request, right=False)
            log.warning("digilocker_pull_not_authentic", kind=kind)
            return Response(status_code=401)
        except TooLarge:
            return _xml(wire.write_failure(kind, None), inferred.TOO_LARGE_HTTP)
        except wire.BadRequest as error:
            return _xml(wire.write_failure(kind, error.envelope), 400)
        except (safe_xml.UnsafeXml, ClientDisconnect):
            return _xml(wire.write_failure(kind, None), 400)

    async def _answer_or_later(self, kind: str, root: safe_xml.Element, envelope: Envelope, work: Work) -> Response:
        try:
            return _xml(await work(root, envelope))
        except TemporarilyUnavailable:
            return _later(kind, envelope, inferred.RETRY_AFTER_SECONDS)

    def _check_hmac(self, request: Request, body: bytes) -> None:
        expected = _HMACS[self.settings.hmac_encoding](self.settings.api_key, body)
        if not digests_match(expected, request.headers.get("x-digilocker-hmac")):
            raise _NotDigiLocker

    def _check_caller(self, envelope: Envelope) -> None:
        """Keyhash where it is present (specification 1.13 has it, the older OpenAPI not), and organisation."""
        expected = keyhash(self.settings.api_key, envelope.ts)
        if envelope.keyhash is not None and not digests_match(expected, envelope.keyhash.lower()):
            raise _NotDigiLocker
        if not digests_match(self.settings.org_id, envelope.org_id):
            raise _NotDigiLocker

    def _in_time(self, envelope: Envelope) -> bool:
        off = abs(self.clock.now() - wire.instant_of(envelope))
        return off <= timedelta(seconds=self.settings.window_seconds)


def _later(kind: str, envelope: Envelope | None, seconds: int) -> Response:
    failure = _xml(wire.write_failure(kind, envelope), inferred.NOT_NOW_HTTP)
    failure.headers["Retry-After"] = str(seconds)
    return failure


def _xml(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/xml", headers={"Cache-Control": "no-store"})
