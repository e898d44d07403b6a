"""Streaming HTTP responses: server-sent events and multipart.

Answers are written as server-sent events, or as Apollo's multipart:

- graphql-sse, distinct connections mode: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
- multipart subscriptions: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.kernel import ErrorCode, Problem
from gateway.graphql.answers import encode_json
from gateway.http.admission import overload_refusal
from gateway.http.calls import Call, ReadyOperation, RequestContext
from gateway.http.headers import EVERY_ANSWER, VARY, token_of
from gateway.http.problems import RequestProblem
from gateway.streams.operations import SESSION_ENDED, Answer, OperationRequest, final_answer
from gateway.streams.streams import Dropped, Streaming

EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
SPECIFICATION = "subscriptionspec"
_BOUNDARY = b"--graphql"
LONGEST_EVENT_ID = 600
GOING_AWAY = Problem(ErrorCode.OVERLOADED, detail="GOING_AWAY", retry_after=1.0)


@dataclass(frozen=True, slots=True)
class Framing:
    """One way to write a stream: what comes first, each answer, what is said where there is nothing to say, the end."""

    name: str
    media_type: str
    begin: bytes
    answer: Callable[[Answer], bytes]
    alive: bytes
    end: bytes


def _part(content: bytes) -> bytes:
    """A part with the boundary behind it, so that a client can read the part at once."""
    return b"\r\nContent-Type: application/json\r\n\r\n" + content + b"\r\n" + _BOUNDARY


def _event(answer: Answer) -> bytes:
    """An event. Its id is its cursor, so `Last-Event-ID` goes on behind it."""
    identity = f"id: {answer.cursor}\n".encode() if answer.cursor else b""
    return identity + b"event: next\ndata: " + encode_json(answer.body) + b"\n\n"


def _answer_part(answer: Answer) -> bytes:
    """A part. Errors that end the stream are siblings of the payload, errors of one answer are inside it."""
    return _part(encode_json({"payload": None, **answer.body} if answer.over else {"payload": answer.body}))


SERVER_SENT_EVENTS = Framing(
    "sse", f"{EVENT_STREAM}; charset=utf-8", b":\n\n", _event, b":\n\n", b"event: complete\ndata:\n\n"
)
APOLLO_MULTIPART = Framing(
    "multipart",
    'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
    b"\r\n" + _BOUNDARY,
    _answer_part,
    _part(b"{}"),
    b"--\r\n",
)


@lru_cache(256)
def framing_of(accept: str | None) -> Framing | None:
    """The first way that an Accept header asks for by name; None where it asks for no stream.

    A `*/*` is no wish for a stream, and `multipart/mixed` without the specification is another protocol's.
    """
    for part in (accept or "").split(",")[:50]:
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        said = dict(_pair(parameter) for parameter in parameters)
        if said.get("q", "1").strip("0.") == "":
            continue
        if media_type == EVENT_STREAM:
            return SERVER_SENT_EVENTS
        if media_type == MULTIPART and said.get(SPECIFICATION) == "1.0":
            return APOLLO_MULTIPART
    return None


def _pair(parameter: str) -> tuple[str, str]:
    name, _, value = parameter.partition("=")
    return name.strip(), value.strip().strip('"')


class HttpStreams:
    """`gateway.http.edge.Streams` for the endpoint."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming

    def wants(self, accept: str | None) -> bool:
        """Whether an Accept header asks for a stream."""
        return framing_of(accept) is not None

    async def respond(self, call: Call, ready: ReadyOperation) -> Response:
        """Answer an operation in parts. Raises NotSignedIn for a token that does not hold, RequestProblem."""
        framing = framing_of(call.request.headers.get("accept"))
        if framing is None or call.caller is None:
            raise RuntimeError("only a request that asks for a stream comes here")
        context = await call.context()
        edge = self._streaming.edge
        facts = call.facts(token_of(call.request, edge.origins), edge.router_secret)
        resume = call.request.headers.get("last-event-id") or None
        if resume is not None and len(resume) > LONGEST_EVENT_ID:
            resume = None
        asked = OperationRequest(ready, call.caller, facts, call.language, framing.name, resume)
        headers = {"X-Request-Id": call.request_id, "Content-Language": call.language.value}
        return StreamedResponse(self._streaming, asked, framing, headers, context)


class StreamedResponse(Response):
    """A response that is written answer by answer. Raises RequestProblem where there is no room for it.

    It ends by itself where the operation does, the session has ended, the process ends, the reader is too slow or
    has left, or the stream of a stranger gives way.
    """

    def __init__(
        self,
        streaming: Streaming,
        asked: OperationRequest,
        framing: Framing,
        headers: Mapping[str, str],
        context: RequestContext,
    ) -> None:
        told = {**EVERY_ANSWER, "Vary": VARY, "X-Accel-Buffering": "no", **headers}
        super().__init__(None, 200, told, media_type=framing.media_type)
        del self.headers["content-length"]
        self._streaming = streaming
        self._asked = asked
        self._framing = framing
        self._context = context
        self._over = asyncio.Event()
        self._problem = SESSION_ENDED
        self._stream = streaming.enter(asked.caller, self._give_way)
        try:
            streaming.introduce(self._stream, asked.caller)
            streaming.count_operations(self._stream, 1)
        except RequestProblem:
            streaming.leave(self._stream)
            raise

    def _give_way(self) -> None:
        self._problem = overload_refusal().problem
        self._over.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Write until the end."""
        with self._streaming.watch_session(self._context, self._over.set):
            tasks = [asyncio.create_task(self._write(send)), asyncio.create_task(_wait_for_disconnect(receive))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._streaming.leave(self._stream)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._send(send, self._framing.begin)
        async with aclosing(self._parts()) as parts:
            async for part in parts:
                await self._send(send, part)
        await send({"type": "http.response.body", "body": self._framing.end, "more_body": False})

    async def _send(self, send: Send, part: bytes) -> None:
        """Raises TimeoutError where the reader does not take it in time: it is dropped, and may come back."""
        try:
            async with asyncio.timeout(self._streaming.settings.send_seconds):
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except TimeoutError:
            self._streaming.drop(Dropped.UNREAD)
            raise

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        seconds = self._streaming.settings.keep_alive_seconds
        async with aclosing(self._streaming.operations.answers(self._asked)) as answers:
            coming = asyncio.ensure_future(anext(answers, None))
            over = asyncio.ensure_future(self._over.wait())
            stopping = asyncio.ensure_future(self._streaming.stopping.wait())
            try:
                while True:
                    waited = {coming, over, stopping}
                    done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                    if not done:
                        yield self._framing.alive
                        continue
                    answer = self._final_answer() or coming.result()
                    if answer is None:
                        return
                    yield self._framing.answer(answer)
                    if answer.over:
                        return
                    coming = asyncio.ensure_future(anext(answers, None))
            finally:
                left = [coming, over, stopping]
                for each in left:
                    each.cancel()
                await asyncio.gather(*left, return_exceptions=True)

    def _final_answer(self) -> Answer | None:
        """The error sent where the stream is ended from outside."""
        facts, language = self._asked.facts, self._asked.language
        if self._over.is_set():
            return final_answer(self._problem, facts.request_id, language)
        if self._streaming.stopping.is_set():
            return final_answer(GOING_AWAY, facts.request_id, language)
        return None


async def _wait_for_disconnect(receive: Receive) -> None:
    """Come back when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
