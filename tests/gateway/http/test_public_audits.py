"""The public audits of GraphQL over HTTP, against the endpoint on a real port."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn

from gateway.graphql.endpoint import Edge
from gateway.http.protocol import server_options
from gateway.settings.limits import Server
from tests.gateway.http.conftest import application
from tests.support.node import run_node

AUDITS = 61
"""What graphql-http 1.23.1 asks."""


@pytest.fixture
async def url(edge: Edge) -> AsyncIterator[str]:
    config = uvicorn.Config(application(edge), port=0, lifespan="off", **server_options(Server()))
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    server.should_exit = True
    await task


@pytest.mark.integration
async def test_every_public_audit_passes(url: str):
    lines = (await run_node("audit.mjs", url, seconds=60)).splitlines()

    results = [json.loads(line) for line in lines]
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
