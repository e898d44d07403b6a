"""The endpoint that UMANG calls for its users, short of our records (docs/contracts/umang.md section 5).

Order of the checks: switch, address, lock-out, key, rate, size, signature over the raw bytes, routing headers,
assertion, its single use, envelope, body, tracker. A caller that fails one of them has changed nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock, Language, TemporarilyUnavailable, language_from_header
from domain.kernel.secret_comparison import is_any_secret
from integrations.calling.caller_authentication import CallerAuthentication
from integrations.calling.incoming_calls import NO_STORE, TooLarge, read_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.umang import door_answers as wire
from integrations.umang.caller_authentication import Authenticity, Bucket, NotAuthentic
from integrations.umang.door_models import (
    HEADERS,
    KEY,
    OPERATIONS,
    PUBLIC,
    REQUEST_ID,
    SIGNATURE,
    USER,
    Desk,
    UmangCall,
    UmangEndpointSettings,
    UmangReply,
    UserAssertion,
)
from integrations.umang.envelope import Envelope, NoEnvelope, WrongEnvelope, looks_sealed

PATH = "/umang/ws1/{operation}"
RETRY_SECONDS = 30

log = structlog.get_logger(__name__)
OTHER = "other"
"""How an operation that there is not is called in metrics and logs."""

Observe = Callable[[str, str, float], None]
"""Called with each answer: the operation, the result code, and the seconds it took."""


def _observe_nothing(_operation: str, _code: str, _seconds: float) -> None:
    """Nobody wants to know."""


def endpoint_routes(
    desk: Desk,
    settings: UmangEndpointSettings,
    clock: Clock,
    *,
    shut: Callable[[], int | None] = lambda: None,
    observe: Observe = _observe_nothing,
    tallies: RequestCounters | None = None,
) -> list[Route]:
    """The route of all operations. `shut` gives the seconds to wait while the endpoint is switched off.

    `tallies` None counts calls in this process alone.
    """
    counters = tallies or LocalRequestCounters(clock)
    return [Route(PATH, _Endpoint(desk, settings, clock, counters, shut, observe).call, methods=["POST"])]


class _CallProblem(Exception):
    """The call ends here with an answer."""

    def __init__(self, answer: UmangReply) -> None:
        super().__init__(answer.code)
        self.answer = answer


@dataclass(slots=True)
class _Course:
    """What is known of one request while it is looked at."""

    operation: str
    language: Language
    sealed: bool = False


class _Endpoint:
    def __init__(
        self,
        desk: Desk,
        settings: UmangEndpointSettings,
        clock: Clock,
        counters: RequestCounters,
        shut: Callable[[], int | None],
        observe: Observe,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._shut = shut
        self._observe = observe
        failures, networks = settings.failures_a_minute, settings.networks
        self._callers = CallerAuthentication("umang", counters, failures=failures, networks=networks)
        self._authenticity = Authenticity(settings, clock)
        self._bucket = Bucket(settings, clock, counters)
        self._envelope = Envelope(settings.envelope) if settings.envelope else None

    async def call(self, request: Request) -> Response:
        """Answer one call, whatever it is."""
        began, asked = self._clock.monotonic(), request.path_params["operation"]
        language = language_from_header(request.headers.get("accept-language"))
        course = _Course(asked if asked in OPERATIONS else OTHER, language)
        try:
            answer = await self._answer(request, course)
        except _CallProblem as problem:
            answer = problem.answer
        except TemporarilyUnavailable:
            answer = wire.failure(wire.SOURCE_AWAY, course.language, status=503, wait=RETRY_SECONDS)
        seconds = self._clock.monotonic() - began
        log.info("umang_door", operation=course.operation, code=answer.code, ms=round(seconds * 1000))
        self._observe(course.operation, answer.code, seconds)
        return self._response(answer, course)

    def _response(self, answer: UmangReply, course: _Course) -> Response:
        content = wire.write(answer)
        if course.sealed and self._envelope is not None and answer.status == 200:
            content = self._envelope.seal(content)
        headers = {**NO_STORE, **({"Retry-After": str(answer.wait)} if answer.wait is not None else {})}
        return Response(content, answer.status, headers, "application/json")

    async def _answer(self, request: Request, course: _Course) -> UmangReply:
        await self._let_in(request, course)
        body = await self._body(request, course)
        try:
            self._authenticity.check_signature(request.headers.get(SIGNATURE), body)
            srvid = self._check_route(request, course)
            user = self._user(request, course, srvid)
        except NotAuthentic as error:
            raise self._stranger(course, str(error)) from None
        if user is not None and not await self._desk.spend(user):
            raise self._stranger(course, "assertion_replayed")
        try:
            call = self._read(request, course, srvid, user, self._open_body(body, course))
        except wire.NotUnderstood as error:
            fields = {"fields": list(error.fields)}
            raise _CallProblem(wire.failure(wire.BAD_PARAMETER, course.language, payload=fields)) from None
        return await self._desk.answer(call)

    async def _let_in(self, request: Request, course: _Course) -> None:
        closed = self._shut()
        if closed is not None:
            raise _CallProblem(wire.failure(wire.SOURCE_AWAY, course.language, status=503, wait=closed))
        if not self._callers.admits(request):
            raise self._stranger(course, "address")
        wait = await self._callers.wait_seconds(request)
        right = is_any_secret(request.headers.get(KEY, ""), self._settings.api_keys)
        if wait is None and not await self._callers.count(request, right=right):
            raise self._stranger(course, "key")
        wait = await self._bucket.wait() if wait is None else wait
        if wait is not None:
            raise _CallProblem(wire.failure(wire.TOO_MANY, course.language, status=429, wait=wait))

    async def _body(self, request: Request, course: _Course) -> bytes:
        try:
            return await read_body(request, self._settings.body_limit)
        except TooLarge:
            wrong = {"fields": [wire.field("body", "TOO_LARGE")]}
            raise _CallProblem(wire.failure(wire.BAD_PARAMETER, course.language, payload=wrong, status=413)) from None
        except ClientDisconnect:
            raise _CallProblem(wire.failure(wire.BAD_PARAMETER, course.language, status=400)) from None

    def _check_route(self, request: Request, course: _Course) -> str:
        """The service id, which stands for the operation in the path; the copies in the body do not route."""
        missing = [name for name in HEADERS if not request.headers.get(name)]
        if missing:
            fields = {"fields": [wire.field(name, "MISSING") for name in missing]}
            raise _CallProblem(wire.failure(wire.BAD_PARAMETER, course.language, payload=fields))
        srvid = request.headers["srvid"]
        ours = request.headers["deptid"] == self._settings.deptid
        if not ours or self._settings.services.get(srvid) != course.operation:
            raise _CallProblem(wire.failure(wire.NOT_SUBSCRIBED, course.language))
        return srvid

    def _user(self, request: Request, course: _Course, srvid: str) -> UserAssertion | None:
        token = request.headers.get(USER)
        if token is None and course.operation in PUBLIC:
            return None
        return self._authenticity.assertion(token or "", srvid=srvid)

    def _open_body(self, body: bytes, course: _Course) -> bytes:
        """The body in clear. An answer to a sealed body is sealed too."""
        if self._envelope is None or not looks_sealed(body):
            if self._settings.sealed_only:
                raise wire.NotUnderstood(wire.field("body", "NOT_SEALED"))
            return body
        try:
            opened = self._envelope.open(body)
        except (NoEnvelope, WrongEnvelope):
            raise wire.NotUnderstood(wire.field("body", "ENVELOPE")) from None
        course.sealed = True
        return opened

    def _read(
        self, request: Request, course: _Course, srvid: str, user: UserAssertion | None, body: bytes
    ) -> UmangCall:
        fields = wire.read_body(body)
        if "lang" in fields:
            course.language = wire.language_of(fields["lang"])
        tracker = wire.tracker_of(fields, request.headers.get(REQUEST_ID))
        subject = user.subject if user else ""
        parameters = wire.parameters_of(fields, course.operation)
        wire.refuse_hidden_text(parameters, course.language)
        return UmangCall(
            operation=course.operation,
            srvid=srvid,
            tracker=tracker,
            language=course.language.value,
            parameters=parameters,
            body_hash=wire.hash_of(fields, course.operation, srvid, subject),
            user=user,
        )

    def _stranger(self, course: _Course, why: str) -> _CallProblem:
        log.warning("umang_door_refused", operation=course.operation, why=why)
        return _CallProblem(wire.failure(wire.NOT_AUTHENTIC, course.language, status=401))
