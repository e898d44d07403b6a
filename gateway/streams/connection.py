"""graphql-transport-ws over an ASGI websocket: queries, mutations and subscriptions, within limits.

Own and not Strawberry's: its handler parses, validates and executes by itself, past our guard, our errors and our
limits, keeps one context for a whole subscription, and knows neither slow readers nor the end of a session.
"""

import asyncio
from collections import deque
from contextlib import ExitStack, aclosing, suppress
from typing import Any

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from domain.kernel import ErrorCode, NotSignedIn, language_from_header
from gateway.graphql.answers import encode_json
from gateway.graphql.body import parameters_in
from gateway.graphql.pipeline import InvalidDocument
from gateway.graphql.trusted import names_document
from gateway.http.callers import ROUTER, Caller
from gateway.http.calls import RequestFacts
from gateway.http.headers import SESSION_COOKIE, is_foreign_page, is_router
from gateway.http.problems import RequestProblem
from gateway.streams.messages import (
    SUBPROTOCOL,
    CloseCode,
    Closing,
    Handshake,
    bad_message,
    id_of,
    payload_of,
    read_message,
    token_in,
)
from gateway.streams.operations import OperationRequest
from gateway.streams.streams import Dropped, Streaming
from schema.kernel.errors import OURS

log = structlog.get_logger(__name__)
MINUTE = 60.0
LAST_WORD_SECONDS = 1.0
"""How long a reader that takes nothing is given to receive the reason why it is dropped."""


class ClientGone(Exception):
    """The other side closed the socket."""


class Connection:
    """Serves one accepted socket. `messages` counts what the client sent."""

    def __init__(self, streaming: Streaming, receive: Receive, send: Send, handshake: Handshake) -> None:
        """Raises RequestProblem where there is no room for one more."""
        self._streaming = streaming
        self._receive = receive
        self._send_raw = send
        self._handshake = handshake
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._times: deque[float] = deque(maxlen=streaming.settings.messages_a_minute)
        self._sending = asyncio.Lock()
        self._end: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._stack = ExitStack()
        self._begun = False
        self._caller: Caller | None = None
        self._token: str | None = None
        self._language: str | None = handshake.language
        self._patience: asyncio.Timeout | None = None
        self._stream = streaming.enter(self._find_caller(handshake.cookie), self._give_way)
        self.messages = 0

    async def serve(self) -> Closing | None:
        """Serve until the socket is closed; gives why we closed it, None where the client did."""
        conversation, process = asyncio.create_task(self._converse()), asyncio.create_task(self._watch_the_process())
        waited: set[asyncio.Future[Any]] = {conversation, process, self._end}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            closing = self._reason(conversation)
        finally:
            self._streaming.leave(self._stream)
            self._stack.close()
            left = [conversation, process, *self._operations.values()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if closing is not None:
            if closing.code is CloseCode.TOO_SLOW:
                self._streaming.drop(Dropped.UNREAD)
            with suppress(Exception):  # the other side may be gone, and in any case nothing more is owed to it
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._send_raw(
                        {"type": "websocket.close", "code": closing.code.value, "reason": closing.reason}
                    )
        return closing

    def end(self, closing: Closing) -> None:
        """Let the socket end; the first reason is kept."""
        if not self._end.done():
            self._end.set_result(closing)

    def _give_way(self) -> None:
        self.end(Closing(CloseCode.TRY_AGAIN_LATER, "Try again later"))

    def _reason(self, conversation: "asyncio.Task[None]") -> Closing | None:
        if self._end.done():
            return self._end.result()
        error = conversation.exception() if conversation.done() else None
        if isinstance(error, Closing):
            return error
        return None if isinstance(error, ClientGone) else Closing(CloseCode.INTERNAL, "Internal error")

    async def _watch_the_process(self) -> None:
        await self._streaming.stopping.wait()
        self.end(Closing(CloseCode.GOING_AWAY, "Going away"))

    async def _converse(self) -> None:
        """Take message after message. Raises Closing or ClientGone."""
        try:
            async with asyncio.timeout(self._streaming.settings.init_seconds) as self._patience:
                while True:
                    await self._take(await self._next_message())
        except TimeoutError:
            if self._caller is None:
                raise Closing(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout") from None
            raise Closing(CloseCode.NORMAL, "Idle") from None
        finally:
            self._patience = None

    def _note_operations(self) -> None:
        """Count the operations, and let the socket end after a while where there are none.

        Raises RequestProblem where they are too many.
        """
        if self._patience is not None:
            idle_at = asyncio.get_running_loop().time() + self._streaming.settings.idle_seconds
            self._patience.reschedule(None if self._operations else idle_at)
        self._streaming.count_operations(self._stream, len(self._operations))

    async def _next_message(self) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise ClientGone
        self.messages += 1
        now = self._streaming.edge.clock.monotonic()
        if len(self._times) == self._times.maxlen and now - self._times[0] < MINUTE:
            raise Closing(CloseCode.TOO_MANY, "Too many messages")
        self._times.append(now)
        text = message.get("text")
        if text is None:
            raise bad_message()
        return read_message(text, self._streaming.settings.message_bytes, self._streaming.edge.limits)

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                await self._begin(payload_of(message) or {})
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(id_of(message), payload_of(message))
            case "complete":
                task = self._operations.get(id_of(message))
                if task is not None:
                    task.cancel()
                    self._forget(id_of(message))
            case _:
                raise bad_message()

    async def _begin(self, payload: dict[str, Any]) -> None:
        """Find out who it is. A token that does not hold ends the socket: with a new one, it may come again."""
        if self._begun:
            raise Closing(CloseCode.TOO_MANY, "Too many initialisation requests")
        self._begun = True
        given = token_in(payload)
        self._token = self._handshake.cookie if given is None else given
        language = payload.get("acceptLanguage")
        self._language = language if isinstance(language, str) else self._language
        pipeline = self._streaming.operations.pipeline
        caller = self._find_caller(self._token)
        try:
            await pipeline.spend(caller)
            self._streaming.introduce(self._stream, caller)
            async with asyncio.timeout(self._streaming.settings.init_seconds):
                context = await pipeline.context(self._facts())
        except RequestProblem as refused:
            if refused.problem.retryable:
                raise Closing(CloseCode.TRY_AGAIN_LATER, "Rate limited") from None
            raise Closing(CloseCode.TOO_MANY, "Too many streams") from None
        except NotSignedIn:
            raise Closing(CloseCode.FORBIDDEN, "Forbidden") from None
        except OURS:
            raise Closing(CloseCode.INTERNAL, "Try again later") from None
        ended = Closing(CloseCode.FORBIDDEN, "Session ended")
        self._stack.enter_context(self._streaming.watch_session(context, lambda: self.end(ended)))
        self._caller = caller
        self._note_operations()
        await self._send({"type": "connection_ack"})

    def _find_caller(self, token: str | None) -> Caller:
        """The caller with this token, at the address of the socket."""
        caller = self._streaming.operations.pipeline.caller(token, self._handshake.client)
        return ROUTER if not caller.signed_in and self._router else caller

    def _subscribe(self, name: str, payload: dict[str, Any] | None) -> None:
        if self._caller is None:
            raise Closing(CloseCode.UNAUTHORIZED, "Unauthorized")
        if name in self._operations:
            raise Closing(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {name} already exists"[:120])
        query = payload.get("query") if payload is not None else None
        if payload is None or not (isinstance(query, str) or (query is None and names_document(payload))):
            raise bad_message()
        self._operations[name] = asyncio.create_task(self._operate(name, payload, self._caller))

    async def _operate(self, name: str, payload: dict[str, Any], caller: Caller) -> None:
        task = asyncio.current_task()
        try:
            await self._answer(name, payload, caller)
        except Closing as closing:
            self.end(closing)
        except ClientGone:
            pass  # the conversation ends by itself
        except Exception as error:  # noqa: BLE001 - one operation must not leave a socket half dead
            log.error("socket_fault", exception=type(error).__name__)  # noqa: TRY400 - no trace
            self.end(Closing(CloseCode.INTERNAL, "Internal error"))
        finally:
            if self._operations.get(name) is task:
                self._forget(name)

    async def _answer(self, name: str, payload: dict[str, Any], caller: Caller) -> None:
        operations = self._streaming.operations
        try:
            self._note_operations()
            pipeline = self._streaming.operations.pipeline
            standing = await pipeline.spend(caller)
            ready = await pipeline.ready(parameters_in(payload), self._handshake.headers, caller)
            facts = self._facts(standing)
            asked = OperationRequest(ready, caller, facts, language_from_header(self._language), "websocket")
        except (RequestProblem, InvalidDocument) as refused:
            language = language_from_header(self._language)
            await self._finish(name, {"type": "error", "payload": operations.client_errors(refused, language=language)})
            return
        async with aclosing(operations.answers(asked)) as answers:
            async for answer in answers:
                if answer.over:
                    await self._finish(name, {"type": "error", "payload": answer.body["errors"]})
                    return
                await self._send({"id": name, "type": "next", "payload": answer.body})
        await self._finish(name, {"type": "complete"})

    def _facts(self, standing: Any = None) -> RequestFacts:
        edge, client = self._streaming.edge, self._handshake.client
        return RequestFacts(edge.ids.key(), self._token, self._language, None, client, standing, self._router)

    @property
    def _router(self) -> bool:
        return is_router(self._handshake.headers, self._streaming.edge.router_secret)

    async def _finish(self, name: str, message: dict[str, Any]) -> None:
        """The last message of an operation; its id is free before the client receives it."""
        self._forget(name)
        await self._send({"id": name, **message})

    def _forget(self, name: str) -> None:
        self._operations.pop(name, None)
        with suppress(RequestProblem):  # that of another operation, which is told itself
            self._note_operations()

    async def _send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises Closing where the reader does not take it in time, ClientGone where it left.

        Nothing is kept for a slow reader but this one message: the server's buffer is full at 64 KiB, and then waits.
        """
        text = encode_json(message).decode()
        try:
            async with asyncio.timeout(self._streaming.settings.send_seconds), self._sending:
                await self._send_raw({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise Closing(CloseCode.TOO_SLOW, ErrorCode.READER_TOO_SLOW.value) from None
        except OSError:
            raise ClientGone from None


class SocketEndpoint:
    """An ASGI application for a WebSocketRoute."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        await receive()  # websocket.connect
        request = HTTPConnection(scope)
        if is_foreign_page(request.headers, self._streaming.edge.origins):
            await send(_close(CloseCode.FORBIDDEN, ""))  # before the handshake is done, so it is answered with 403
            return
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send(_close(CloseCode.SUBPROTOCOL, "Subprotocol not acceptable"))
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        try:
            connection = Connection(self._streaming, receive, send, _handshake(request))
        except RequestProblem:
            await send(_close(CloseCode.TRY_AGAIN_LATER, "Try again later"))
            return
        closing = await connection.serve()
        log.info("socket", code=closing.code if closing else None, messages=connection.messages)


def _handshake(request: HTTPConnection) -> Handshake:
    """What the handshake says; without an Origin nobody vouches for the cookie."""
    by_page = request.headers.get("origin") is not None
    return Handshake(
        request.headers,
        request.cookies.get(SESSION_COOKIE) if by_page else None,
        request.headers.get("accept-language"),
        request.client.host if request.client else None,
    )


def _close(code: CloseCode, reason: str) -> dict[str, object]:
    return {"type": "websocket.close", "code": code.value, "reason": reason}
