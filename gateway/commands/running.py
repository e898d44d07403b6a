"""The commands `apuni serve`, `worker` and `migrate`.

Each imports what it runs by itself, so that neither process holds what only the other one needs.
"""

import asyncio

from gateway.partial_imports import import_without
from gateway.runtime.expected_failures import check_writable
from gateway.settings.settings import read_settings


def serve() -> None:
    """Run the gateway."""
    _import_libraries()
    from gateway.runtime.serving import serve_gateway

    serve_gateway(read_settings())


def worker() -> None:
    """Run a worker: the outbox, the legal clock, payments and the other jobs."""
    _import_libraries()
    from gateway.worker.process import run_worker

    asyncio.run(run_worker(read_settings()))


def migrate() -> None:
    """Migrate the store's schema to this release."""
    from store.database import crash_points
    from store.database import migrate as migrate_store

    settings = read_settings()
    crash_points.arm(settings.crash_at if settings.demo else None)
    check_writable(settings.home)
    asyncio.run(migrate_store(settings.store_url))


def _import_libraries() -> None:
    """Import without 15 MiB: httpx's own command, which is never used, and redis, which a shared cache loads later."""
    import_without("httpx", "click", "pygments", "rich")
    import_without("aiocache", "redis", "aiomcache")
