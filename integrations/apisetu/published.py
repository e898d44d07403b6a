"""The endpoints of our published API, in API Setu's shape (docs/contracts/apisetu.md sections 2 to 6 and 8).

Order of the checks: keys, path, subscription, size, form of the call, consent. Every fault is answered by a row of
docs/contracts/apisetu.md section 6; a certificate that must not be shown is answered as one that is not there.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import CallerError, Clock, ErrorCode
from integrations.apisetu import published_wire as wire
from integrations.apisetu.published_document import ROOT, document
from integrations.apisetu.published_models import PublishedSettings, Publisher, ServicesAnswer, Statement
from integrations.calling.incoming_calls import NO_STORE, TooLarge, json_answer, read_body

log = structlog.get_logger(__name__)
_CODES = {ErrorCode.IDEMPOTENCY_KEY_REUSED: "invalid_txnid", ErrorCode.CONSENT_REQUIRED: "invalid_parameter"}
_CODES |= dict.fromkeys((ErrorCode.QR_NOT_GENUINE, ErrorCode.NUMBER_MISTYPED), "invalid_parameter")
"""The codes of docs/contracts/apisetu.md section 6 for our own; for all others, `service_unavailable`."""

RETRY_SECONDS = 30


def published_routes(publisher: Publisher, settings: PublishedSettings, clock: Clock, url: str) -> list[Route]:
    """The document for everybody, the catalogue and the certificates for consumers with a subscription."""
    door = _Endpoint(publisher, settings, clock, url)
    return [
        Route(f"{ROOT}/openapi.json", door.openapi_document, methods=["GET"]),
        Route(f"{ROOT}/services", door.services, methods=["GET"]),
        Route(f"{ROOT}/verify", door.verify, methods=["POST"]),
        Route(f"{ROOT}/certificate/v3/{{publisher}}/{{doctype}}", door.certificate, methods=["POST"]),
        Route(f"{ROOT}/{{publisher}}/v3/{{doctype}}/certificate", door.certificate, methods=["POST"]),
        Route(f"{ROOT}/{{path:path}}", door.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    ]


class _Endpoint:
    def __init__(self, publisher: Publisher, settings: PublishedSettings, clock: Clock, url: str) -> None:
        self._publisher = publisher
        self._settings = settings
        self._clock = clock
        self._url = url

    async def openapi_document(self, _request: Request) -> Response:
        """The OpenAPI document: it holds nothing that is not public."""

        async def work() -> Response:
            own = self._publisher
            made = document(self._url, self._settings.publisher, await own.documents(), await own.services())
            return _json(made, {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"})

        return await _answer_or_problem(work)

    async def services(self, request: Request) -> Response:

        async def work() -> Response:
            wire.consumer_of(self._settings, request.headers)
            return json_answer(ServicesAnswer(services=await self._publisher.services()))

        return await _answer_or_problem(work)

    async def verify(self, request: Request) -> Response:
        """Whether a certificate holds: a JWT that our published keys verify."""

        async def work() -> Response:
            consumer = wire.consumer_of(self._settings, request.headers)
            text, nonce = wire.read_verification(await self._body(request))
            statement = await self._publisher.verify(consumer.client_id, text, nonce)
            if statement is None:
                raise wire.CallProblem("record_not_found")
            return json_answer(Statement(statement=statement))

        return await _answer_or_problem(work)

    async def certificate(self, request: Request) -> Response:
        """One certificate call, in either path style."""

        async def work() -> Response:
            asked = await self._authorise_request(request)
            call = wire.read_call(self._settings, asked, await self._body(request), self._clock.now())
            content = await self._publisher.find(call)
            if content is None:
                raise wire.CallProblem("record_not_found")
            log.info("apisetu_published", consumer=call.client_id, doctype=call.doctype, txn=call.transaction_id)
            return Response(content, 200, NO_STORE, f"application/{call.format}")

        return await _answer_or_problem(work)

    async def unknown(self, _request: Request) -> Response:
        """Any other path below ours."""
        return _problem_response(wire.CallProblem("url_not_found"))

    async def _authorise_request(self, request: Request) -> wire.Asked:
        consumer = wire.consumer_of(self._settings, request.headers)
        doctype = request.path_params["doctype"]
        offered = {each.doctype for each in await self._publisher.documents()}
        if request.path_params["publisher"] != self._settings.publisher or doctype != doctype.lower():
            raise wire.CallProblem("url_not_found")
        if doctype.upper() not in offered:
            raise wire.CallProblem("url_not_found")
        if doctype.upper() not in consumer.documents:
            raise wire.CallProblem("invalid_authorization")
        return wire.Asked(consumer, doctype.upper())

    async def _body(self, request: Request) -> bytes:
        try:
            return await read_body(request, self._settings.body_limit)
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
    wait = {"Retry-After": str(RETRY_SECONDS)} if problem.status == 503 else {}
    return JSONResponse(problem.body, problem.status, {**NO_STORE, **wait})


def _json(body: Any, headers: dict[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), 200, headers, "application/json")
