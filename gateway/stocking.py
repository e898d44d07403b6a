"""Opens the trusted documents of a gateway process: loaded and warm before its doors open, kept current after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from strawberry.schema import BaseSchema

from gateway.composition import House
from gateway.http.edge import TrustedDocuments
from gateway.http.trusted import TrustedLibrary
from gateway.http.trusted_shelf import FLUSH_SECONDS, POLL_SECONDS, TrustedShelf
from gateway.pulse import repeating
from store.errors import StoreError

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def stocked(house: House, trusted: TrustedDocuments | None, schema: BaseSchema) -> AsyncIterator[None]:
    """Load the published operations, take over changes, keep what was counted. Raises StoreError at the start."""
    if not isinstance(trusted, TrustedLibrary):
        yield
        return
    shelf = TrustedShelf(trusted, schema, house.environment.store, house.environment.keyrings)
    await shelf.poll()
    async with repeating((POLL_SECONDS, shelf.poll), (FLUSH_SECONDS, shelf.flush)):
        try:
            yield
        finally:
            try:
                await shelf.flush()
            except StoreError as error:
                _log.warning("uses_not_kept", kind=type(error).__name__)
