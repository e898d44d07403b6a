"""A command to a real Valkey that is cancelled, at each step of the event loop that it takes."""

import asyncio

import pytest

from integrations.calling.valkey.connections import client_of

pytestmark = pytest.mark.integration
STEPS = range(40)
"""More than a command takes."""


async def test_a_command_that_is_cancelled_ends_at_whatever_step_it_is(valkey_server):
    client = client_of(valkey_server.url())
    await client.ping()
    lost = []
    for step in STEPS:
        command = asyncio.create_task(client.publish("test", b"1"))
        for _ in range(step):
            await asyncio.sleep(0)
        was_done = command.done()
        command.cancel()
        await asyncio.wait([command])
        if not was_done and not command.cancelled():
            lost.append(step)
    await client.aclose()

    assert lost == []


async def test_after_a_cancelled_command_the_next_one_gets_its_own_answer(valkey_server):
    client = client_of(valkey_server.url())
    await client.set("number", 7)
    for step in STEPS:
        command = asyncio.create_task(client.get("number"))
        for _ in range(step):
            await asyncio.sleep(0)
        command.cancel()
        await asyncio.wait([command])
        assert await client.echo(f"{step}") == f"{step}".encode()
    await client.aclose()
