"""Hostile sockets: handshakes, messages out of order, of the wrong form or size, and documents sent over a socket."""

import asyncio
import json
from collections.abc import Sequence
from random import Random  # noqa: TID251 - the set is made from a seed
from typing import Any

import websockets

from tests.hostile.frame import Case, Outcome, Target
from tests.hostile.set_bodies import CANARY

SUBPROTOCOL = "graphql-transport-ws"
INIT = {"type": "connection_init"}
SECONDS = 0.7
STATUSES = {1001: 503, 1013: 429, 1009: 413, 1011: 500, 1007: 400, 1002: 400}
"""What a close code below 4000 comes to among statuses; 4400 and its like are 400 and its like."""


def cases(seed: Random) -> list[Case]:
    """Sizes vary with the seed."""
    return [*_handshakes(), *_orders(), *_forms(seed), *_documents(seed), *_streams()]


def _handshakes() -> list[Case]:
    made = [
        _case(f"subprotocols {offered}", [], subprotocols=offered)
        for offered in ([], ["graphql-ws"], ["soap", "x" * 200], [SUBPROTOCOL, SUBPROTOCOL])
    ]
    made += [
        _case(f"handshake with {name}", [INIT], headers={name: value})
        for name, value in (
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Cookie", f"apuni_session={CANARY}"),
            ("Accept-Language", "x" * 4000),
            ("X-Request-Id", "\u007f" * 10),
        )
    ]
    tokens = ["Bearer " + "a" * 5000, "Bearer a.b.c", "Basic eA==", "", 7, None, ["x"], {"a": 1}, "Bearer " + CANARY]
    return made + [
        _case(f"token {at}", [INIT | {"payload": {"authorization": each}}]) for at, each in enumerate(tokens)
    ]


def _orders() -> list[Case]:
    subscribe = _subscribe("{ sources { name } }")
    return [
        _case("subscribe first", [subscribe]),
        _case("complete first", [{"type": "complete", "id": "1"}, INIT]),
        _case("two introductions", [INIT, INIT]),
        _case("pong and ping first", [{"type": "pong"}, {"type": "ping", "payload": {"x": CANARY}}]),
        _case("the same id twice", [INIT, *[_subscribe("subscription { sourceChanged { cursor } }")] * 2]),
        _case("complete what never was", [INIT, {"type": "complete", "id": "x"}, subscribe]),
        _case("many pings", [INIT, *[{"type": "ping"}] * 120]),
        _case(
            "many operations",
            [INIT, *(_subscribe("subscription { sourceChanged { cursor } }", str(n)) for n in range(12))],
        ),
        _case("close at once", [INIT, subscribe], leave=True),
        _case("server words", [INIT, {"type": "connection_ack"}, {"type": "next", "id": "1", "payload": {}}]),
    ]


def _forms(seed: Random) -> list[Case]:
    size = seed.randrange(66_000, 200_000)
    texts: list[str | bytes] = [
        "",
        " ",
        "null",
        "[]",
        "1",
        '"x"',
        "{",
        "{}",
        '{"type": null}',
        '{"type": ["connection_init"]}',
        '{"type": "' + "x" * 1000 + '"}',
        '{"type": "ping", "payload": [1]}',
        '{"type": "subscribe", "id": {}, "payload": {"query": "{ a }"}}',
        '{"type": "subscribe", "id": "' + "i" * 5000 + '", "payload": {"query": "{ a }"}}',
        '{"type": "subscribe", "id": "1", "payload": "x"}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": "x"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "extensions": []}}',
        '{"type": "ping", "x": NaN}',
        '{"type": "ping", "x": 1e999}',
        '{"type": "ping", "x": ' + "9" * 400 + "}",
        '{"type": "ping", "x": "\\ud800"}',
        '{"type": "ping", "x": "\\u0000"}',
        '{"type": "ping", "x": ' + "[" * 3000 + "]" * 3000 + "}",
        json.dumps({"type": "ping", "x": {str(n): n for n in range(6000)}}),
        "x" * size,
        b"\x00\xff",
        json.dumps(INIT).encode(),
    ]
    return [_case(f"message {at}", [INIT, text]) for at, text in enumerate(texts)]


def _documents(seed: Random) -> list[Case]:
    queries = [
        "{ __schema { types { name } } }",
        "{" + "a " * 2000 + "}",
        "{" + " ".join(f"a{n}: sources {{ name }}" for n in range(200)) + "}",
        "{ node(id: " + '"' + CANARY + '") { id } }',
        "query { " + "a {" * 200 + " b " + "}" * 201,
        "fragment A on Query { ...B } fragment B on Query { ...A } { ...A }",
        "subscription { sourceChanged { cursor } two: sourceChanged { cursor } }",
        'subscription { sourceChanged(since: "' + "x" * seed.randrange(10, 2000) + '") { cursor } }',
        'subscription { applicationChanged(applicationId: "QVA6eA") { cursor } }',
        "subscription { applicationChanged { cursor } }",
        "subscription { officerQueueChanged { cursor } }",
        "subscription { nothing }",
        "mutation { withdrawApplication { x } }",
        "query A { sources { name } } query B { sources { name } }",
    ]
    return [_case(f"document {at}", [INIT, _subscribe(query)]) for at, query in enumerate(queries)]


def _streams() -> list[Case]:
    """Subscriptions of those who may not follow."""

    def signed_in(name: str, role: str, query: str) -> Case:
        async def send(target: Target) -> Outcome:
            token = getattr(target, role)
            return await _talk(target, [INIT | {"payload": {"authorization": f"Bearer {token}"}}, _subscribe(query)])

        return Case(f"websocket: {name}", send, may_close=True)

    return [
        signed_in("a citizen follows a queue", "citizen", "subscription { officerQueueChanged { cursor } }"),
        signed_in("an officer follows all of hers", "officer", "subscription { applicationChanged { cursor } }"),
        signed_in("a cursor made up", "citizen", 'subscription { applicationChanged(since: "AAAA") { cursor } }'),
    ]


def _subscribe(query: str, name: str = "1") -> dict[str, Any]:
    return {"type": "subscribe", "id": name, "payload": {"query": query}}


def _case(name: str, messages: Sequence[Any], **options: Any) -> Case:
    # Where nothing is wrong the server says nothing more, and we leave: that is an answer.
    return Case(
        f"websocket: {name}", lambda target: _talk(target, messages, **options), may_close=True, most_seconds=3.0
    )


async def _talk(
    target: Target,
    messages: Sequence[Any],
    *,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    headers: dict[str, str] | None = None,
    leave: bool = False,
) -> Outcome:
    """Say everything and give the last thing heard, the close code before all."""
    url = f"ws://{target.host}:{target.port}/graphql"
    last = Outcome(200)
    try:
        async with websockets.connect(
            url, subprotocols=list(subprotocols), additional_headers=headers, user_agent_header=None
        ) as socket:
            for message in messages:
                await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
            if leave:
                return last
            async with asyncio.timeout(SECONDS):
                while True:
                    last = _heard(json.loads(await socket.recv()), last)
    except TimeoutError:
        return last
    except websockets.ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1000
        status = code - 4000 if code >= 4000 else STATUSES.get(code, 200)
        return Outcome(status, json.dumps({"code": f"CLOSED_{code}"}).encode())
    except websockets.InvalidStatus as refused:
        status = refused.response.status_code
        return Outcome(status, json.dumps({"code": f"HANDSHAKE_{status}"}).encode())
    except websockets.InvalidHandshake:
        return Outcome(400, b'{"code": "HANDSHAKE"}')


def _heard(message: dict[str, Any], last: Outcome) -> Outcome:
    if message["type"] == "error":
        return Outcome(400, json.dumps({"errors": message["payload"]}).encode())
    if message["type"] == "next":
        return Outcome(200, json.dumps(message["payload"]).encode())
    return last
