"""Connections to Redis or Valkey that wait no longer than a cache may, to one server or as Sentinel names it."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio
import redis.exceptions
from redis.asyncio.connection import ConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

CACHE_SECONDS = 0.25
"""A cache that answers later than this is treated as a miss."""

CACHE_FAULTS = (redis.exceptions.RedisError, TimeoutError, OSError)
"""What is raised when it is not there."""

SENTINEL = "+sentinel"
"""Ends the scheme of an address that names Sentinels: `redis+sentinel://:password@one:26379,two:26379/name/0`."""

_SENTINEL_PORT = 26379


def client_of(url: str) -> redis.asyncio.Redis:
    """A client whose connections and answers may take no longer than a cache may."""
    return redis.asyncio.Redis.from_pool(pool_of(url, CACHE_SECONDS, CACHE_SECONDS))


def pool_of(url: str, connect_seconds: float, answer_seconds: float) -> ConnectionPool:
    """Connections to the server of an address, or to the primary that its Sentinels name; none is open yet.

    Login, database and options of an address with Sentinels are those of the server; Sentinels are asked without a
    login, and by TLS where the server is.
    """
    pool = _pool(url, connect_seconds, answer_seconds)
    pool.connection_class = _cancellable(pool.connection_class)  # type: ignore[arg-type]
    return pool


def _pool(url: str, connect_seconds: float, answer_seconds: float) -> ConnectionPool:
    bounds = {"socket_connect_timeout": connect_seconds, "socket_timeout": answer_seconds}
    parts = urlsplit(url)
    if not parts.scheme.endswith(SENTINEL):
        return ConnectionPool.from_url(url, **bounds)
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    scheme = parts.scheme.removesuffix(SENTINEL)
    options: dict[str, Any] = {**parse_url(f"{scheme}://{login}@-/{database}?{parts.query}"), **bounds}
    tls = options.pop("connection_class", None) is not None
    del options["host"]
    of_tls = {"ssl": tls, **{key: value for key, value in options.items() if key.startswith("ssl_")}}
    asking = {**of_tls, **bounds, "retry": Retry(NoBackoff(), 0)}
    named = (each.partition(":") for each in hosts.split(","))
    addresses = [(host, int(port or _SENTINEL_PORT)) for host, _, port in named]
    sentinels = Sentinel(addresses, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    return _PrimaryPool(name, sentinels, ssl=tls, **options)  # type: ignore[no-untyped-call]


@lru_cache
def _cancellable(kind: Callable[..., Any]) -> Any:
    """A connection whose sender can be cancelled at each moment.

    redis-py sends by `asyncio.wait_for`, which up to Python 3.11 answers a cancellation with the result where the
    octets have gone out at that moment (CPython issue 86296). A loop that was to end would then go on for ever.
    """

    class Cancellable(kind):  # type: ignore[misc,valid-type]
        async def send_packed_command(self, *command: Any, **options: Any) -> None:
            task = asyncio.current_task()
            before = task.cancelling() if task else 0
            await super().send_packed_command(*command, **options)
            if task and task.cancelling() > before:
                await self.disconnect(nowait=True)  # the answer would be taken for that of the next command
                raise asyncio.CancelledError

    return Cancellable


class _PrimaryPool(SentinelConnectionPool):
    """Asks the Sentinels once for all who wait.

    It goes on where one of them gives up: else those who wait shortly would never get past a Sentinel that is lost.
    """

    _discovery: asyncio.Task[Any] | None = None

    async def get_master_address(self) -> Any:
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.create_task(super().get_master_address())  # type: ignore[no-untyped-call]
        return await asyncio.shield(self._discovery)

    async def aclose(self) -> None:
        if self._discovery is not None:
            self._discovery.cancel()
        await super().aclose()
        await self.sentinel_manager.aclose()
