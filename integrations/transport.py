"""The HTTP client of a system: one for the life of the process, no environment, no redirects."""

import httpx

POOL_SIZE = 20
"""Connections to one system; the bulkhead in front keeps a queue from forming in the pool."""


def open_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client with connect 1 s, read 3 s and a bounded pool (RELIABILITY.md section 4)."""
    limits = httpx.Limits(max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE, keepalive_expiry=20.0)
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(10.0, connect=1.0, pool=1.0),
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "apuni-sarkar-gateway"},
    )
