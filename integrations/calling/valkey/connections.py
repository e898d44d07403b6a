"""Connections to Redis or Valkey that wait no longer than a cache may."""

import redis.asyncio
import redis.exceptions

CACHE_SECONDS = 0.25
"""A cache that answers later than this is treated as a miss."""

CACHE_FAULTS = (redis.exceptions.RedisError, TimeoutError, OSError)
"""What is raised when it is not there."""


def client_of(url: str) -> redis.asyncio.Redis:
    """A client whose connections and answers may take no longer than a cache may."""
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url, socket_connect_timeout=CACHE_SECONDS, socket_timeout=CACHE_SECONDS
    )
    return client
