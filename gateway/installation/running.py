"""The commands `apuni serve`, `worker` and `migrate`.

Each imports what it runs by itself, so that neither process holds what only the other one needs.
"""

import asyncio

from gateway.partial_imports import import_without, import_without_parts
from gateway.runtime.expected_failures import check_writable


def serve() -> None:
    """Run the gateway."""
    _import_libraries()
    from gateway.runtime.serving import serve_gateway
    from gateway.settings.settings import read_settings

    serve_gateway(read_settings())


def worker() -> None:
    """Run a worker: the outbox, the legal clock, payments and the other jobs."""
    _import_libraries()
    from gateway.settings.settings import read_settings
    from gateway.worker.process import run_worker

    asyncio.run(run_worker(read_settings()))


def migrate() -> None:
    """Migrate the store's schema to this release."""
    from gateway.settings.settings import read_settings
    from store.database import crash_points
    from store.database import migrate as migrate_store

    settings = read_settings()
    crash_points.arm(settings.crash_at if settings.demo else None)
    check_writable(settings.home)
    asyncio.run(migrate_store(settings.store_url))


def _import_libraries() -> None:
    """Import without 20 MiB that are never used: commands of httpx and uvicorn, and SQLAlchemy's mapper of objects.

    A shared cache loads redis later.
    """
    import_without_parts("sqlalchemy.ext.asyncio", "sqlalchemy.ext.asyncio.scoping", "sqlalchemy.ext.asyncio.session")
    import_without_parts("uvicorn", "uvicorn.main")
    import_without("httpx", "click", "pygments", "rich")
    import_without("aiocache", "redis", "aiomcache")
