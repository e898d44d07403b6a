"""The samples of docs/subscriptions.md do what they say."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from graphql import parse, validate

from gateway.settings.settings import Retention
from gateway.settings.subscriptions import Streams
from gateway.streams.messages import CloseCode
from tests.gateway.streams.test_real_sockets import DECIDE, SECONDS, an_office, ask
from tests.support.built import built
from tests.support.gateway_process import gateway_here
from tests.support.running import free_port

DOCUMENT = Path(__file__).parents[3] / "docs" / "subscriptions.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def samples(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


async def first(events):
    async with asyncio.timeout(SECONDS):
        async for event in events:
            return event
    raise AssertionError("nothing came")


async def following(gateway, many):
    """Wait until so many follow the feed of the gateway."""
    async with asyncio.timeout(SECONDS):
        while gateway.feed.followers < many:
            await asyncio.sleep(0.01)


@pytest.mark.integration
async def test_the_programs_run(sqlite_store, store_keyrings, store_cipher, tmp_path):
    names: dict = {}
    for program in samples("python"):
        exec(compile(program, str(DOCUMENT), "exec"), names)  # our own document
    async with (
        an_office(sqlite_store.url, store_keyrings, store_cipher, tmp_path) as office,
        gateway_here(sqlite_store.url, store_keyrings._folder, free_port()) as gateway,
    ):
        base = gateway.url.removesuffix("/graphql")
        told = [
            asyncio.create_task(first(names["follow"](base, office.citizen))),
            asyncio.create_task(first(names["desk"](base.replace("http", "ws"), office.officer))),
        ]
        (query,) = samples("graphql")
        copy = (await ask(gateway, query, office.citizen))["data"]["changes"]
        assert copy["complete"]
        assert len(copy["present"]) == 1
        await following(gateway, len(told))
        await ask(gateway, DECIDE, office.officer, **office.decision())
        event, desk = await asyncio.gather(*told)
        assert json.loads(event)["data"]["applicationChanged"]["application"]["status"] == "APPROVED"
        assert desk["data"]["officerQueueChanged"]["inQueue"] is False


def test_the_operations_are_valid():
    graph = built()._schema
    queries = [*samples("graphql"), *re.findall(r'(subscription \{.*?\} \} \})"', TEXT)]
    assert len(queries) >= 4
    for query in queries:
        assert validate(graph, parse(query)) == []


def test_the_numbers_are_those_of_the_code():
    streams = Streams()
    for number, words in (
        (streams.subscriptions, "operations may be open"),
        (streams.pending_events, "events wait"),
        (f"{streams.keep_alive_seconds:.0f}", "seconds says"),
        (f"{streams.init_seconds:.0f}", "seconds | connect"),
        (f"{streams.send_seconds:.0f}", "seconds | connect again with"),
        (streams.messages_a_minute, "messages in a minute"),
        (Retention().change_days, "days) or belongs"),
    ):
        assert re.search(rf"\b{number}\s+{re.escape(words)}", TEXT), words
    for code in CloseCode:
        assert str(code.value) in TEXT or code is CloseCode.INTERNAL
