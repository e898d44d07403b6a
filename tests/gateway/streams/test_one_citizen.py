"""One citizen who opens all that she can, at the rates of production: she has her share, and others lose nothing."""

import asyncio
import contextlib
import json

import pytest
import websockets

from gateway.settings.limits import Rates
from gateway.settings.subscriptions import Streams
from tests.gateway.streams.test_real_sockets import SECONDS, an_office, ask
from tests.support.gateway_process import gateway_here
from tests.support.running import free_port

pytestmark = pytest.mark.integration

SOCKETS, SUBSCRIPTIONS, ALIASES = 25, 10, 10
SMALLEST = "{ viewer { __typename } }"


class Sockets:
    """Her sockets, and what came by them."""

    def __init__(self, gateway, token):
        self.gateway, self.token = gateway, token
        self.acknowledged, self.closed, self.refused, self.events = 0, [], 0, 0

    async def open_one(self, number, stack):
        url = self.gateway.socket_url
        opened = websockets.connect(url, subprotocols=["graphql-transport-ws"], compression=None, ping_interval=None)
        socket = await stack.enter_async_context(opened)
        payload = {"authorization": f"Bearer {self.token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        try:
            await socket.recv()
        except websockets.ConnectionClosed:
            self.closed.append(socket.close_code)
            return None
        self.acknowledged += 1
        for place in range(SUBSCRIPTIONS):
            query = f"subscription S{number}x{place} {{ applicationChanged {{ application {{ status }} }} }}"
            await socket.send(json.dumps({"id": str(place), "type": "subscribe", "payload": {"query": query}}))
        return asyncio.create_task(self.listen(socket))

    async def listen(self, socket):
        async for text in socket:
            kind = json.loads(text)["type"]
            self.refused += kind == "error"
            self.events += kind == "next"


async def save_drafts(gateway, token, request):
    given = 'serviceCode: "ES09", district: "49"'
    fields = [
        f'a{n}: saveDraft(input: {{{given}, idempotencyKey: "{request}.{n}"}}) {{ userErrors {{ code }} }}'
        for n in range(ALIASES)
    ]
    said = await ask(gateway, f"mutation {{ {' '.join(fields)} }}", token)
    return [error["code"] for one in said["data"].values() for error in one["userErrors"]]


async def test_one_citizen_has_her_share_and_an_officer_each_answer(
    sqlite_store, store_keyrings, store_cipher, tmp_path
):
    keys, streams = store_keyrings._folder, Streams()
    async with (
        an_office(sqlite_store.url, store_keyrings, store_cipher, tmp_path) as office,
        gateway_here(sqlite_store.url, keys, free_port(), rates=Rates()) as gateway,
        contextlib.AsyncExitStack() as stack,
    ):
        hers = Sockets(gateway, office.citizen)
        listening = [await hers.open_one(number, stack) for number in range(SOCKETS)]
        async with asyncio.timeout(SECONDS):
            while hers.refused < hers.acknowledged * SUBSCRIPTIONS - streams.subscriptions_per_caller:
                await asyncio.sleep(0.01)
        codes, answers = [], []
        for request in range(3):
            codes += await save_drafts(gateway, office.citizen, request)
            answers.append(await ask(gateway, SMALLEST, office.officer))
        for task in filter(None, listening):
            task.cancel()

    assert (hers.acknowledged, hers.closed) == (streams.per_caller, [4429] * (SOCKETS - streams.per_caller))
    assert codes == ["ALREADY_APPLIED"] * (3 * ALIASES - 1)
    assert [answer["data"]["viewer"]["__typename"] for answer in answers] == ["Officer"] * 3
