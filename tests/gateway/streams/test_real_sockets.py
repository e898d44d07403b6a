"""Streams over real sockets with real clients: a gateway on SQLite. Two are in two_processes.py (`make ws`)."""

import asyncio
import contextlib
import json

import httpx
import pytest
import websockets

from actions.identity.sessions import sign_out, subject_for_token
from domain.kernel import PersonKind, SystemClock, TypeCode
from schema.kernel import node_id
from store.database import Store
from tests.support.gateway_process import a_token, gateway_here
from tests.support.graph import CITIZEN, OFFICER, Down, World, environment, seed
from tests.support.running import free_port

pytestmark = pytest.mark.integration

MINE = """subscription ($since: String) { applicationChanged(since: $since) {
  cursor application { number status } } }"""
DECIDE = """mutation ($input: DecideApplicationInput!) { decideApplication(input: $input) {
  application { status } userErrors { code } } }"""
CHANGES = "{ changes(first: 10) { nextCursor } }"
SECONDS = 60.0
"""Far longer than anything here takes: the machine may be busy with much else."""


class Office:
    """Real sessions in the store that the gateways share."""

    def __init__(self, env):
        self.env = env

    async def prepare(self):
        await seed(self.env)
        self.world = World(None, self.env, None, Down())
        self.application = await self.world.submit()
        self.citizen = await a_token(self.env, CITIZEN)
        self.officer = await a_token(self.env, OFFICER)
        assert CITIZEN.kind is PersonKind.CITIZEN

    def decision(self, verdict="APPROVE"):
        key = node_id(TypeCode.APPLICATION, self.application.id)
        return {"input": {"applicationId": key, "verdict": verdict, "idempotencyKey": verdict}}


@contextlib.asynccontextmanager
async def an_office(url, keyrings, cipher, folder):
    store = await Store.open(url, cipher=cipher, clock=SystemClock())
    office = Office(environment(store, keyrings, SystemClock(), folder / "objects", Down()))
    await office.prepare()
    try:
        yield office
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def a_socket(gateway, token=None):
    async with websockets.connect(
        gateway.socket_url, subprotocols=["graphql-transport-ws"], compression=None
    ) as socket:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


async def subscribe(socket, query=MINE, name="1", **variables):
    """Begin to follow. With `since`, what happens before it is begun is told too, so that nothing can be missed."""
    payload = {"query": query, "variables": variables}
    await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))


async def hear(socket):
    async with asyncio.timeout(SECONDS):
        return json.loads(await socket.recv())


async def ask(gateway, query, token, **variables):
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        answer = await client.post(gateway.url, json={"query": query, "variables": variables}, headers=headers)
    return answer.json()


@pytest.mark.long
async def test_one_gateway_on_sqlite_serves_sockets_events_and_parts(
    sqlite_store, store_keyrings, store_cipher, tmp_path
):
    async with (
        an_office(sqlite_store.url, store_keyrings, store_cipher, tmp_path) as office,
        gateway_here(sqlite_store.url, store_keyrings._folder, free_port()) as gateway,
    ):
        await _everybody_is_told(gateway, office)
        await _a_socket_without_an_introduction_and_a_big_message(gateway)
        await _signing_out_closes(gateway, office)


async def _everybody_is_told(gateway, office):
    since = {"since": (await ask(gateway, CHANGES, office.citizen))["data"]["changes"]["nextCursor"]}
    auth = {"authorization": f"Bearer {office.citizen}"}
    client = httpx.AsyncClient(timeout=SECONDS)
    wanted = {"sse": "text/event-stream", "parts": "multipart/mixed;subscriptionSpec=1.0, application/json"}
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(client)
        socket = await stack.enter_async_context(a_socket(gateway, office.citizen))
        streams = {}
        for name, accept in wanted.items():
            body = {"query": MINE, "variables": since}
            asked = client.stream("POST", gateway.url, json=body, headers={**auth, "accept": accept})
            answer = await stack.enter_async_context(asked)
            assert answer.status_code == 200
            streams[name] = answer.aiter_text()
        await subscribe(socket, **since)
        done = await ask(gateway, DECIDE, office.officer, **office.decision())
        assert done["data"]["decideApplication"]["userErrors"] == []
        assert (await hear(socket))["payload"]["data"]["applicationChanged"]["application"]["status"] == "APPROVED"
        for name, text in streams.items():
            assert "APPROVED" in await until(text, "APPROVED"), name


async def until(text, word):
    seen = ""
    async with asyncio.timeout(SECONDS):
        async for part in text:
            seen += part
            if word in seen:
                break
    return seen


async def _a_socket_without_an_introduction_and_a_big_message(gateway):
    async with websockets.connect(gateway.socket_url, subprotocols=["graphql-transport-ws"]) as socket:
        assert "permessage-deflate" not in str(socket.response.headers)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd.code == 4408
    async with a_socket(gateway) as socket:
        await socket.send(json.dumps({"type": "ping", "payload": {"x": "x" * 70_000}}))
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd.code == 1009


async def _signing_out_closes(gateway, office):
    token = await a_token(office.env, CITIZEN)
    async with a_socket(gateway, token) as socket:
        await subscribe(socket)
        await sign_out(office.env, await subject_for_token(office.env, token))
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await hear(socket)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4403, "Session ended")
