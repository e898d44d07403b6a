"""The endpoints of our published API, in API Setu's shape (docs/contracts/apisetu.md sections 2 to 6 and 8).

Order of the checks: lock-out, keys, path, subscription, size, form of the call, consent. Every fault is answered by a
row of docs/contracts/apisetu.md section 6; a certificate that must not be shown is answered as one that is not there.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import CallerError, Clock, ErrorCode
from domain.kernel.secret_comparison import is_any_secret
from integrations.apisetu import published_wire as wire
from integrations.apisetu.published_document import ROOT, document
from integrations.apisetu.published_models import Consumer, PublishedSettings, Publisher, ServicesAnswer, Statement
from integrations.calling.caller_authentication import CallerAuthentication
from integrations.calling.incoming_calls import NO_STORE, TooLarge, json_answer, read_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters

log = structlog.get_logger(__name__)
_CODES = {ErrorCode.IDEMPOTENCY_KEY_REUSED: "invalid_txnid", ErrorCode.CONSENT_REQUIRED: "invalid_parameter"}
_CODES |= dict.fromkeys((ErrorCode.QR_NOT_GENUINE, ErrorCode.NUMBER_MISTYPED), "invalid_parameter")
"""The codes of docs/contracts/apisetu.md section 6 for our own; for all others, `service_unavailable`."""


def published_routes(
    publisher: Publisher, settings: PublishedSettings, clock: Clock, url: str, tallies: RequestCounters | None = None
) -> list[Route]:
    """The document for everybody, the catalogue and the certificates for consumers with a subscription.

    `tallies` None counts failures in this process alone.
    """
    door = _Endpoint(publisher, settings, clock, url, tallies or LocalRequestCounters(clock))
    return [
        Route(f"{ROOT}/openapi.json", door.openapi_document, methods=["GET"]),
        Route(f"{ROOT}/services", door.services, methods=["GET"]),
        Route(f"{ROOT}/verify", door.verify, methods=["POST"]),
        Route(f"{ROOT}/certificate/v3/{{publisher}}/{{doctype}}", door.certificate, methods=["POST"]),
        Route(f"{ROOT}/{{publisher}}/v3/{{doctype}}/certificate", door.certificate, methods=["POST"]),
        Route(f"{ROOT}/{{path:path}}", door.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    ]


@dataclass(frozen=True)
class _Endpoint:
    publisher: Publisher
    settings: PublishedSettings
    clock: Clock
    url: str
    counters: RequestCounters

    async def openapi_document(self, _request: Request) -> Response:
        """The OpenAPI document: it holds nothing that is not public."""

        async def work() -> Response:
            own = self.publisher
            made = document(self.url, self.settings.publisher, await own.documents(), await own.services())
            return _json(made, {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"})

        return await _answer_or_problem(work)

    async def services(self, request: Request) -> Response:

        async def work() -> Response:
            await self._consumer(request)
            return json_answer(ServicesAnswer(services=await self.publisher.services()))

        return await _answer_or_problem(work)

    async def verify(self, request: Request) -> Response:
        """Whether a certificate holds: a JWT that our published keys verify."""

        async def work() -> Response:
            consumer = await self._consumer(request)
            text, nonce = wire.read_verification(await self._body(request))
            statement = await self.publisher.verify(consumer.client_id, text, nonce)
            if statement is None:
                raise wire.CallProblem("record_not_found")
            return json_answer(Statement(statement=statement))

        return await _answer_or_problem(work)

    async def certificate(self, request: Request) -> Response:
        """One certificate call, in either path style."""

        async def work() -> Response:
            asked = await self._authorise_request(request)
            call = wire.read_call(self.settings, asked, await self._body(request), self.clock.now())
            content = await self.publisher.find(call)
            if content is None:
                raise wire.CallProblem("record_not_found")
            log.info("apisetu_published", consumer=call.client_id, doctype=call.doctype, txn=call.transaction_id)
            return Response(content, 200, NO_STORE, f"application/{call.format}")

        return await _answer_or_problem(work)

    async def unknown(self, _request: Request) -> Response:
        """Any other path below ours."""
        return _problem_response(wire.CallProblem("url_not_found"))

    async def _consumer(self, request: Request) -> Consumer:
        """Whose headers both are, on every call; one that fails locks out no other that comes from its address."""
        client_id, key = (request.headers.get(f"x-apisetu-{part}", "") for part in ("clientid", "apikey"))
        known = self.settings.consumers.get(client_id)
        name, failures = f"apisetu.{client_id if known else 'unknown'}", self.settings.failures_a_minute
        callers = CallerAuthentication(name, self.counters, failures=failures)
        wait = await callers.wait_seconds(request)
        if wait is not None:
            raise wire.CallProblem("service_unavailable", wait)
        right = is_any_secret(key, known.api_keys if known else ("",)) and known is not None
        if not await callers.count(request, right=right) or known is None:
            raise wire.CallProblem("invalid_authentication")
        return known

    async def _authorise_request(self, request: Request) -> wire.Asked:
        consumer = await self._consumer(request)
        doctype = request.path_params["doctype"]
        offered = {each.doctype for each in await self.publisher.documents()}
        if request.path_params["publisher"] != self.settings.publisher or doctype != doctype.lower():
            raise wire.CallProblem("url_not_found")
        if doctype.upper() not in offered:
            raise wire.CallProblem("url_not_found")
        if doctype.upper() not in consumer.documents:
            raise wire.CallProblem("invalid_authorization")
        return wire.Asked(consumer, doctype.upper())

    async def _body(self, request: Request) -> bytes:
        try:
            return await read_body(request, self.settings.body_limit)
        except (TooLarge, ClientDisconnect) as error:
            raise wire.CallProblem("invalid_parameter") from error


async def _answer_or_problem(work: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await work()
    except wire.CallProblem as problem:
        return _problem_response(problem)
    except CallerError as error:
        log.warning("apisetu_published_not_answered", code=error.code.value)
        return _problem_response(wire.CallProblem(_CODES.get(error.code, "service_unavailable")))


def _problem_response(problem: wire.CallProblem) -> Response:
    log.info("apisetu_published_declined", code=problem.code)
    wait = {"Retry-After": str(problem.wait)} if problem.status == 503 else {}
    return JSONResponse(problem.body, problem.status, {**NO_STORE, **wait})


def _json(body: Any, headers: dict[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), 200, headers, "application/json")
