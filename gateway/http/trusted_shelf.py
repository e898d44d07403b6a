"""Keeps a process's trusted documents those of the store: loaded at start, taken over while it runs, uses told."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import GraphQLError, parse, specified_rules
from strawberry.schema import BaseSchema
from strawberry.schema.schema import validate_document

from actions.manifests import open_manifest
from domain.manifests import Manifest, ManifestRefused, PublishedManifest
from gateway.http.documents import Prepared
from gateway.http.trusted import Held, TrustedLibrary, Version
from store import manifests
from store.engine import Store
from store.keyring import Keyrings

POLL_SECONDS = 2.0
"""How often the store is asked whether anything was published or retired; one row is read."""

FLUSH_SECONDS = 30.0
"""How often counted uses are kept; those of a process that is killed in between are lost."""

WARM_SECONDS = 3.0
"""How long one look at the store may go on preparing operations; the rest is prepared at the next ones.

An operation that is not prepared yet is answered all the same, only as slowly as a document of somebody's own.
"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Warmed:
    """What warming did. `refused` are operations that the graph of this release does not know any more."""

    operations: int
    refused: tuple[str, ...]


class TrustedShelf:
    """The store's side of a library. A manifest whose signature does not hold is left out and told in the log."""

    def __init__(self, library: TrustedLibrary, schema: BaseSchema, store: Store, keyrings: Keyrings) -> None:
        self.library = library
        self._schema = schema
        self._store = store
        self._keyrings = keyrings
        self._mark: manifests.Mark | None = None
        self._opened: dict[Version, tuple[str, Manifest]] = {}

    async def poll(self) -> bool:
        """Take over what changed in the store; True where something did. Raises StoreError, and keeps what it has."""
        changed = await self._take_over()
        warmed = await self.warm()
        if changed or warmed.operations:
            _log.info("trusted_documents", operations=len(self.library), warmed=warmed.operations)
        return changed

    async def warm(self, seconds: float = WARM_SECONDS) -> Warmed:
        """Parse and validate what was not yet, for so many seconds, letting others run in between."""
        clock = self.library.clock
        ends_at = clock.monotonic() + seconds
        refused, count = [], 0
        for held in self.library.cold():
            if clock.monotonic() >= ends_at:
                break
            count += 1
            prepared = self._prepared(held)
            held.broken = bool(prepared.errors)
            if held.broken:
                refused.append(held.operation.name)
            else:
                held.prepared = prepared
            await asyncio.sleep(0)
        if refused:
            _log.error("trusted_documents_invalid", names=sorted(refused)[:20], operations=len(refused))
        return Warmed(count, tuple(refused))

    async def flush(self) -> None:
        """Keep the uses that were counted. Raises StoreError, and keeps the counts for the next time."""
        uses = self.library.take_uses()
        if not uses:
            return
        try:
            await self._store.carry_out(lambda tx: manifests.add_uses(tx, uses))
        except BaseException:
            self.library.give_back(uses)
            raise

    async def _take_over(self) -> bool:
        async with self._store.reading() as tx:
            mark = await manifests.mark(tx)
            if mark == self._mark:
                return False
            found = await manifests.everything(tx)
        self.library.replace(self._open(found))
        self._mark = mark
        return True

    def _open(self, found: list[PublishedManifest]) -> list[Manifest]:
        opened: dict[Version, tuple[str, Manifest]] = {}
        for published in found:
            version = (published.app, published.version)
            known = self._opened.get(version)
            if known is not None and known[0] == published.signed:
                opened[version] = known
                continue
            try:
                manifest = open_manifest(self._keyrings, published.signed)
            except ManifestRefused:
                _log.error("manifest_refused", app=published.app, version=published.version)
                continue
            if (manifest.app, manifest.version) != version:
                _log.error("manifest_refused", app=published.app, version=published.version)
                continue
            opened[version] = (published.signed, manifest)
        self._opened = opened
        return [manifest for _, manifest in opened.values()]

    def _prepared(self, held: Held) -> Prepared:
        """Bounds were checked when it was published, and the text is ours: it is parsed without the guards."""
        schema: Any = self._schema
        try:
            document = parse(held.operation.body)
            errors = validate_document(schema._schema, document, tuple(specified_rules))  # noqa: SLF001 - no public name
        except GraphQLError as error:
            return Prepared(parse("{ __typename }"), (error,))
        return Prepared(document, tuple(errors))
