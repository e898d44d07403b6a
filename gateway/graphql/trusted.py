"""Trusted documents: the operations of published applications, requested by id (docs/clients.md).

An id is the SHA-256 of the document. It comes as `documentId` (GraphQL over HTTP, appendix A, with or without the
prefix `sha256:`), as `id`, or as `extensions.persistedQuery` (Apollo). A document that is sent in full and is that of
a published operation is trusted too. Nothing is ever registered by a request.

They are loaded from the store before a process serves requests and refreshed afterwards; uses are recorded there.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import structlog
from graphql import GraphQLError, parse, specified_rules
from strawberry.schema import BaseSchema
from strawberry.schema.schema import validate_document

from actions.kernel import Environment
from actions.platform.manifests import open_manifest
from domain.kernel import Clock, ErrorCode, Problem, Remedy, Role, ist_date
from domain.platform.manifests import (
    InvalidManifest,
    Manifest,
    Operation,
    PublishedManifest,
    document_id,
    is_document_id,
)
from gateway.graphql.body import GraphQLParameters
from gateway.graphql.documents import PreparedDocument
from gateway.http.calls import OperationRecord, RequestContext, ResolvedDocument
from gateway.http.headers import ROUTER_HEADER
from gateway.http.problems import RequestProblem, bad_request
from gateway.runtime.background import run_periodically
from gateway.settings.limits import DocumentMode
from store.database import Board, Keyrings, Store, StoreError, Transaction
from store.platform import manifests, registered_apps

PREFIX = "sha256:"
NAME_HEADERS = ("x-client-name", "apollographql-client-name")
VERSION_HEADERS = ("x-client-version", "apollographql-client-version")
APOLLO_VERSION = 1

_ID_MEMBERS = ("documentId", "id")
_MAY_OPEN = {
    DocumentMode.DEVELOPERS: ("authorization", "cookie", ROUTER_HEADER, "upgrade"),
    DocumentMode.TRUSTED: (ROUTER_HEADER,),
}
"""What a request must have at least to be let in with a document of its own; without, it is not even parsed.

Over a socket the session comes after the headers, so `upgrade` is enough for a first look.
"""

Version = tuple[str, str]
"""An application and its version."""

POLL_SECONDS = 0.5
"""How often it is asked whether anything was published or retired: of the numbers that the heartbeat reads."""

FLUSH_SECONDS = 30.0
"""How often counted uses are kept; those of a process that is killed in between are lost."""

START_SECONDS = 0.5
WARM_SECONDS = 3.0
"""How long the first look at the store, before the process is ready, and each later one may go on preparing operations;
the rest is prepared at the next ones.

An operation that is not prepared yet is answered all the same, only as slowly as a document of somebody's own.
"""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TrustedOperation:
    """A published operation. `holders` are the versions whose manifest has it; `prepared` is there once it is warm.

    `broken` is one that the graph of this release does not know any more: it is answered with what is wrong.
    """

    operation: Operation
    holders: set[Version] = field(default_factory=set)
    prepared: PreparedDocument | None = None
    broken: bool = False


class TrustedLibrary:
    """The published operations of this process, and who may send others. They are `Edge.trusted`."""

    def __init__(self, mode: DocumentMode, clock: Clock) -> None:
        self._mode = mode
        self.clock = clock
        self._held: dict[str, TrustedOperation] = {}
        self._versions: frozenset[Version] = frozenset()
        self._uses: Counter[tuple[str, str, date]] = Counter()
        self._errors: Counter[tuple[str, str, str, date]] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def names(self) -> frozenset[str]:
        """The names of the operations."""
        return frozenset(held.operation.name for held in self._held.values())

    def unprepared_operations(self) -> list[TrustedOperation]:
        """The operations that were not prepared yet, those of the newest publication first."""
        return [held for held in reversed(self._held.values()) if held.prepared is None and not held.broken]

    def replace(self, manifests: Iterable[Manifest]) -> None:
        """Hold the operations of these manifests and no others; what was prepared stays so."""
        held: dict[str, TrustedOperation] = {}
        versions: set[Version] = set()
        for manifest in manifests:
            version = (manifest.app, manifest.version)
            versions.add(version)
            for operation in manifest.operations:
                kept = held.get(operation.id) or self._carry_over(operation)
                kept.holders.add(version)
                held[operation.id] = kept
        self._held, self._versions = held, frozenset(versions)

    def resolve(self, parameters: GraphQLParameters, headers: Mapping[str, str]) -> ResolvedDocument:
        """The document that is meant, trusted or the caller's own.

        Raises RequestProblem: PERSISTED_DOCUMENT_NOT_FOUND for an id that is not published, BAD_INPUT for parameters
        that contradict each other, FORBIDDEN where no documents but trusted ones are taken.
        """
        wanted = wanted_id(parameters)
        query = parameters.query
        if wanted is None and query is None:
            raise bad_request("QUERY_MISSING")
        named = wanted if query is None else document_id(query)
        if wanted is not None and wanted != named:
            raise bad_request("DOCUMENT_ID_MISMATCH")
        held = self._held.get(named or "")
        if held is not None:
            apps, name = self._count(held, headers), held.operation.name
            return ResolvedDocument(held.operation.body, trusted=True, name=name, prepared=held.prepared, apps=apps)
        if query is None:
            raise _not_found()
        wanted_headers = _MAY_OPEN.get(self._mode)
        if wanted_headers is not None and not any(name in headers for name in wanted_headers):
            raise _free_document_refusal()
        return ResolvedDocument(query)

    def allow(self, resolved: ResolvedDocument, context: RequestContext) -> None:
        """Raise RequestProblem with FORBIDDEN where this caller may not send a document of its own."""
        if resolved.trusted or self._mode is DocumentMode.OPEN or getattr(context, "router", False):
            return
        subject: Any = getattr(context, "subject", None)
        if self._mode is DocumentMode.DEVELOPERS and subject is not None and Role.DEVELOPER in subject.roles:
            return
        raise _free_document_refusal()

    def take_uses(self) -> dict[tuple[str, str, date], int]:
        """What was counted since the last time, by application, version and day in India."""
        taken, self._uses = dict(self._uses), Counter()
        return taken

    def restore_uses(self, uses: Mapping[tuple[str, str, date], int]) -> None:
        """Count again what could not be kept."""
        self._uses.update(uses)

    def count_errors(self, record: OperationRecord) -> None:
        """Count the errors of a published operation; names of ours alone, which bounds the counter."""
        day = ist_date(self.clock.now())
        self._errors.update((app, record.name or "", code, day) for app in record.apps for code in set(record.codes))

    def take_errors(self) -> dict[tuple[str, str, str, date], int]:
        """What was counted since the last time, by application, operation, code and day in India."""
        taken, self._errors = dict(self._errors), Counter()
        return taken

    def restore_errors(self, errors: Mapping[tuple[str, str, str, date], int]) -> None:
        """Count again what could not be kept."""
        self._errors.update(errors)

    def _carry_over(self, operation: Operation) -> TrustedOperation:
        known = self._held.get(operation.id)
        return (
            TrustedOperation(operation)
            if known is None
            else TrustedOperation(operation, prepared=known.prepared, broken=known.broken)
        )

    def _count(self, held: TrustedOperation, headers: Mapping[str, str]) -> tuple[str, ...]:
        """Count a use for the version that the application says, else for all that have the operation.

        Gives the applications for which it was counted.

        So a version whose application does not say its name is never thought unused. Only published versions count,
        which bounds the counter.
        """
        said = (_first_header(headers, NAME_HEADERS), _first_header(headers, VERSION_HEADERS))
        day = ist_date(self.clock.now())
        versions = [said] if said in self._versions else held.holders
        for app, version in versions:
            self._uses[app, version, day] += 1
        return tuple(sorted({app for app, _ in versions}))


def names_document(given: Mapping[str, Any]) -> bool:
    """Whether the members of a request name a document by an id, of whatever form."""
    extensions = given.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    return any(named is not None for named in (*map(given.get, _ID_MEMBERS), persisted))


def wanted_id(parameters: GraphQLParameters) -> str | None:
    """The id that a request names, None where it names none. Raises RequestProblem where it has no form of an id."""
    given = parameters.given
    named = [given[name] for name in _ID_MEMBERS if given.get(name) is not None]
    persisted = parameters.extensions.get("persistedQuery")
    if persisted is not None:
        if not isinstance(persisted, Mapping) or persisted.get("version") != APOLLO_VERSION:
            raise bad_request("PERSISTED_QUERY_VERSION")
        named.append(persisted.get("sha256Hash"))
    ids = {_plain(text) for text in named}
    if len(ids) > 1:
        raise bad_request("DOCUMENT_ID_MISMATCH")
    return ids.pop() if ids else None


def _plain(text: Any) -> str:
    if not isinstance(text, str):
        raise bad_request("DOCUMENT_ID")
    plain = text.removeprefix(PREFIX)
    if not is_document_id(plain):
        raise _not_found() if 0 < len(plain) <= 256 else bad_request("DOCUMENT_ID")
    return plain


def _first_header(headers: Mapping[str, str], names: Iterable[str]) -> str:
    return next((headers[name] for name in names if name in headers), "")


def _not_found() -> RequestProblem:
    problem = Problem(ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND)
    return RequestProblem(400, problem, document=True)


def _free_document_refusal() -> RequestProblem:
    return RequestProblem(403, Problem(ErrorCode.FORBIDDEN, action=Remedy.NONE, detail="FREE_DOCUMENT"), document=True)


class TrustedDocumentLoader:
    """The store's side of a library. A manifest with an invalid signature is left out and logged."""

    def __init__(self, library: TrustedLibrary, schema: BaseSchema, store: Store, keyrings: Keyrings) -> None:
        self.library = library
        self._schema = schema
        self._store = store
        self._keyrings = keyrings
        self._version: int | None = None
        self._mark: tuple[manifests.Mark, tuple[str | None, ...]] | None = None
        self._opened: dict[Version, tuple[str, Manifest]] = {}

    async def poll(self, seconds: float = WARM_SECONDS) -> bool:
        """Take over what changed in the store; True where something did. Raises StoreError, and keeps what it has."""
        changed = await self._take_over()
        warmed = await self.warm(seconds)
        if changed or warmed:
            _log.info("trusted_documents", operations=len(self.library), warmed=warmed)
        return changed

    async def warm(self, seconds: float = WARM_SECONDS) -> int:
        """Parse and validate what was not yet, for so many seconds, letting others run in between; how many it was."""
        clock = self.library.clock
        ends_at = clock.monotonic() + seconds
        refused, count = [], 0
        for held in self.library.unprepared_operations():
            if clock.monotonic() >= ends_at:
                break
            count += 1
            prepared = self._prepare_document(held)
            held.broken = bool(prepared.errors)
            if held.broken:
                refused.append(held.operation.name)
            else:
                held.prepared = prepared
            await asyncio.sleep(0)
        if refused:
            _log.error("trusted_documents_invalid", names=sorted(refused)[:20], operations=len(refused))
        return count

    async def flush(self) -> None:
        """Keep the uses and errors that were counted. Raises StoreError, and keeps the counts for the next time."""
        uses, errors = self.library.take_uses(), self.library.take_errors()
        if not uses and not errors:
            return

        async def keep(tx: Transaction) -> None:
            await manifests.add_uses(tx, uses)
            await registered_apps.add_errors(tx, errors)

        try:
            await self._store.carry_out(keep)
        except BaseException:
            self.library.restore_uses(uses)
            self.library.restore_errors(errors)
            raise

    async def _take_over(self) -> bool:
        version = self._store.kept.version(Board.MANIFESTS)
        kids = tuple(key.kid for key in self._keyrings.keys("manifest"))
        if version is not None and version == self._version and self._mark is not None and self._mark[1] == kids:
            return False
        async with self._store.read_transaction() as tx:
            mark = await manifests.mark(tx), kids
            self._version = version
            if mark == self._mark:
                return False
            found = await manifests.all_manifests(tx)
        if self._mark is not None and mark[1] != self._mark[1]:
            self._opened = {}  # a key may have been distrusted
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
            manifest = self._open_manifest(published)
            if manifest is None or (manifest.app, manifest.version) != version:
                _log.error("manifest_refused", app=published.app, version=published.version)
                continue
            opened[version] = (published.signed, manifest)
        self._opened = opened
        return [manifest for _, manifest in opened.values()]

    def _open_manifest(self, published: PublishedManifest) -> Manifest | None:
        try:
            return open_manifest(self._keyrings, published.signed)
        except InvalidManifest:
            return None

    def _prepare_document(self, held: TrustedOperation) -> PreparedDocument:
        """Bounds were checked when it was published, and the text is ours: it is parsed without the guards."""
        schema: Any = self._schema
        try:
            document = parse(held.operation.body)
            errors = validate_document(schema._schema, document, tuple(specified_rules))  # noqa: SLF001 - no public name
        except GraphQLError as error:
            return PreparedDocument(parse("{ __typename }"), (error,))
        return PreparedDocument(document, tuple(errors))


@asynccontextmanager
async def open_trusted_documents(
    env: Environment, trusted: TrustedLibrary | None, schema: BaseSchema
) -> AsyncIterator[None]:
    """Load the published operations, take over changes, keep what was counted. Raises StoreError at the start."""
    if trusted is None:
        yield
        return
    shelf = TrustedDocumentLoader(trusted, schema, env.store, env.keyrings)
    await shelf.poll(START_SECONDS)
    async with run_periodically((POLL_SECONDS, shelf.poll), (FLUSH_SECONDS, shelf.flush)):
        try:
            yield
        finally:
            try:
                await shelf.flush()
            except StoreError as error:
                _log.warning("uses_not_kept", kind=type(error).__name__)
