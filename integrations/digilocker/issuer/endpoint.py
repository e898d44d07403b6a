"""The issuer endpoint: authenticates DigiLocker and answers in XML (docs/contracts/digilocker.md section 7).

Order of the checks: size, HMAC over the raw bytes, XML, keyhash, organisation, time window. A caller
that fails HMAC, keyhash or organisation gets an empty 401 and learns nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock, TemporarilyUnavailable
from integrations.calling import safe_xml
from integrations.calling.incoming_calls import TooLarge, read_body
from integrations.digilocker.digests import HmacEncoding, digests_match, issuer_hmac_hex, issuer_hmac_raw, keyhash
from integrations.digilocker.issuer import inferred, wire
from integrations.digilocker.issuer.models import Envelope, Issuer, IssuerSettings

log = structlog.get_logger(__name__)
_HMACS = {HmacEncoding.RAW: issuer_hmac_raw, HmacEncoding.HEX: issuer_hmac_hex}

Work = Callable[[safe_xml.Element, Envelope], Awaitable[bytes]]


class _NotDigiLocker(Exception):
    """HMAC, keyhash or organisation is wrong."""


def issuer_routes(issuer: Issuer, settings: IssuerSettings, clock: Clock) -> list[Route]:
    """`POST /digilocker/pulluri`, and `/digilocker/pulldoc` where the older contract is switched on."""
    door = _Endpoint(issuer, settings, clock)
    routes = [Route("/digilocker/pulluri", door.pull_uri, methods=["POST"])]
    if settings.pull_doc:
        routes.append(Route("/digilocker/pulldoc", door.pull_doc, methods=["POST"]))
    return routes


class _Endpoint:
    def __init__(self, issuer: Issuer, settings: IssuerSettings, clock: Clock) -> None:
        self._issuer = issuer
        self._settings = settings
        self._clock = clock

    async def pull_uri(self, request: Request) -> Response:
        async def work(root: safe_xml.Element, envelope: Envelope) -> bytes:
            asked = wire.read_pull(root, envelope, self._settings.default_format)
            return wire.write_pull(envelope, asked, await self._issuer.find(asked), self._settings)

        return await self._answer(request, wire.PULL_URI, work)

    async def pull_doc(self, request: Request) -> Response:
        async def work(root: safe_xml.Element, envelope: Envelope) -> bytes:
            asked = wire.read_pull_doc(root, envelope, self._settings.default_format)
            return wire.write_pull_doc(envelope, asked.format, await self._issuer.fetch(asked))

        return await self._answer(request, wire.PULL_DOC, work)

    async def _answer(self, request: Request, kind: str, work: Work) -> Response:
        try:
            body = await read_body(request, self._settings.body_limit)
            self._check_hmac(request, body)
            root = safe_xml.parse(body, limit=self._settings.body_limit, most_markup=inferred.MOST_MARKUP)
            envelope = wire.read_envelope(root, kind)
            self._check_caller(envelope)
            if not self._in_time(envelope):
                log.warning("digilocker_pull_out_of_time", kind=kind)
                return _xml(wire.write_failure(kind, envelope), inferred.OUT_OF_TIME_HTTP)
            return await self._answer_or_later(kind, root, envelope, work)
        except _NotDigiLocker:
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
            failure = _xml(wire.write_failure(kind, envelope), inferred.NOT_NOW_HTTP)
            failure.headers["Retry-After"] = str(inferred.RETRY_AFTER_SECONDS)
            return failure

    def _check_hmac(self, request: Request, body: bytes) -> None:
        expected = _HMACS[self._settings.hmac_encoding](self._settings.api_key, body)
        if not digests_match(expected, request.headers.get("x-digilocker-hmac")):
            raise _NotDigiLocker

    def _check_caller(self, envelope: Envelope) -> None:
        """Keyhash where it is present (specification 1.13 has it, the older OpenAPI not), and organisation."""
        expected = keyhash(self._settings.api_key, envelope.ts)
        if envelope.keyhash is not None and not digests_match(expected, envelope.keyhash.lower()):
            raise _NotDigiLocker
        if not digests_match(self._settings.org_id, envelope.org_id):
            raise _NotDigiLocker

    def _in_time(self, envelope: Envelope) -> bool:
        off = abs(self._clock.now() - wire.instant_of(envelope))
        return off <= timedelta(seconds=self._settings.window_seconds)


def _xml(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/xml", headers={"Cache-Control": "no-store"})
