"""The exchange of files with PFMS over SFTP with a pinned host key.

A file is written under a name of the attempt and renamed when it is whole; before any write it is looked for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import structlog

from domain.kernel import Source
from integrations.calling.errors import Refused, RemoteError, Unavailable
from integrations.calling.guarded_calls import GuardedCalls, Resilience
from integrations.calling.policies import XML_TYPES, Bulkhead, CallPolicy
from integrations.dbt_finance.pfms.exchange import (
    LARGEST_FILE,
    MOST_LISTED,
    IncomingFile,
    NameTaken,
    check_place,
    for_size,
)
from integrations.dbt_finance.pfms.models import INCOMING, OUTGOING, SELDOM, FileKind
from integrations.dbt_finance.pfms.names import UNFINISHED, is_safe
from integrations.dbt_finance.pfms.settings import Addresses, SftpSettings

if TYPE_CHECKING:
    from integrations.dbt_finance.pfms.sftp import SftpSession

T = TypeVar("T")
log = structlog.get_logger(__name__)

_LANE = Bulkhead(places=4)

SEND = CallPolicy(
    "pfms.sftp_send",
    Source.PFMS,
    total=120.0,
    attempt=60.0,
    body_limit=LARGEST_FILE,
    keyed=True,
    lane=_LANE,
    accepts=XML_TYPES,
)
"""Repeatable because the name of the file is its key; it is looked for before it is written.

The size of the file gives it more time (pfms_exchange.for_size), as it does to FETCH.
"""
SENT = CallPolicy("pfms.sftp_sent", Source.PFMS, lane=_LANE, accepts=XML_TYPES)
LIST = CallPolicy("pfms.sftp_list", Source.PFMS, total=30.0, attempt=15.0, lane=_LANE, accepts=XML_TYPES)
FETCH = replace(SEND, name="pfms.sftp_fetch", keyed=False)
MOVE = replace(SENT, name="pfms.sftp_move", changes=True)
"""A file that was read, to the archive or, with a reason beside it, to `failed`. A second time changes nothing."""
POLICIES = (SEND, SENT, LIST, FETCH, MOVE)


class SftpExchange:
    """A FileExchange over SFTP with a pinned host key.

    Two connections are kept and opened anew when they broke: what is sent goes one after the other by a line of its
    own, so that a question which waits in vain behind a large file on a slow line does not cut that off.
    """

    def __init__(self, settings: SftpSettings, shared: Resilience, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._calls = GuardedCalls(Source.PFMS, shared)
        self._opened: SftpSession | None = None
        self._opened_to_send: SftpSession | None = None
        self._sending = asyncio.Lock()

    async def send(self, kind: FileKind, name: str, content: bytes) -> None:
        check_place(kind, name, OUTGOING)
        if len(content) > LARGEST_FILE:
            raise ValueError("a file is too large to be sent")
        naming: list[bool] = []

        async def put() -> None:
            if await self._same_is_there(kind, name, content):
                return
            target = self._path("out", kind, name)
            named = await self._upload_session.put(target, content, lambda: naming.append(True))
            if not named and not await self._same_is_there(kind, name, content):
                raise Unavailable(Source.PFMS, "not_renamed")
            await self._remove_leftovers(kind, name)

        try:
            async with self._sending:
                await self._run(for_size(SEND, len(content)), put)
        except RemoteError as error:
            error.nothing_arrived = not naming
            raise

    async def is_sent(self, kind: FileKind, name: str) -> bool:
        check_place(kind, name, OUTGOING)

        async def look() -> bool:
            return await self._find_request(kind, name) is not None

        return await self._run(SENT, look)

    async def is_taken(self, kind: FileKind, name: str) -> bool:
        check_place(kind, name, OUTGOING)

        async def look() -> bool:
            # A PFMS without the folders `archive` and `failed` shows only that the file has left ours.
            return await self._find_request(kind, name) in {None, self._path("archive", kind, name)}

        return await self._run(SENT, look)

    async def list_incoming(self) -> list[IncomingFile]:
        async def list_all_kinds() -> list[IncomingFile]:
            return [each for kind in INCOMING for each in await self._list_files(kind)]

        return await self._run(LIST, list_all_kinds)

    async def fetch(self, kind: FileKind, name: str, size: int = 0) -> bytes:
        check_place(kind, name, INCOMING)

        async def read() -> bytes:
            return await self._read(self._path("in", kind, name))

        return await self._run(for_size(FETCH, size), read)

    async def archive(self, kind: FileKind, name: str) -> None:
        check_place(kind, name, INCOMING)
        await self._run(MOVE, lambda: self._move_answer(kind, name, "archive"))

    async def refuse(self, kind: FileKind, name: str, reason: str) -> None:
        check_place(kind, name, INCOMING)

        async def write_reason_and_move() -> None:
            beside = f"{self._path('failed', kind, name)}.reason"
            if await self._session.size(beside) is None:
                await self._session.put(beside, f"{reason}\n".encode())
            await self._move_answer(kind, name, "failed")

        await self._run(MOVE, write_reason_and_move)

    async def aclose(self) -> None:
        opened = [line for line in (self._opened, self._opened_to_send) if line is not None]
        self._opened = self._opened_to_send = None
        for line in opened:
            await line.aclose()

    async def _run(self, policy: CallPolicy, work: Callable[[], Awaitable[T]]) -> T:
        return await self._calls.run(policy, lambda _held: work())

    @property
    def _session(self) -> "SftpSession":
        if self._opened is None:
            self._opened = self._new_session()
        return self._opened

    @property
    def _upload_session(self) -> "SftpSession":
        if self._opened_to_send is None:
            self._opened_to_send = self._new_session()
        return self._opened_to_send

    def _new_session(self) -> "SftpSession":
        from integrations.dbt_finance.pfms.sftp import SftpSession  # asyncssh is heavy: the worker alone loads it

        return SftpSession(self._settings, self._addresses)

    def _path(self, folder: str, kind: FileKind, name: str = "") -> str:
        place = f"{folder}/{kind.value}"
        return f"{self._settings.root}/{self._settings.folders.get(place, place)}" + (f"/{name}" if name else "")

    async def _find_request(self, kind: FileKind, name: str) -> str | None:
        """The path of a request at the other side, looked for in the order of its travel, as it may move meanwhile."""
        for folder in ("out", "archive", "failed"):
            path = self._path(folder, kind, name)
            if await self._session.size(path) is not None:
                return path
        return None

    async def _same_is_there(self, kind: FileKind, name: str, content: bytes) -> bool:
        path = await self._find_request(kind, name)
        if path is None:
            return False
        if await self._session.size(path) != len(content) or await self._session.read(path, LARGEST_FILE) != content:
            # it may have moved between the two questions; where it lies now decides
            path = await self._find_request(kind, name)
            if path is None or await self._session.read(path, LARGEST_FILE) != content:
                raise NameTaken(Source.PFMS, "name_taken")
        return True

    async def _remove_leftovers(self, kind: FileKind, name: str) -> None:
        """Take away what attempts left of a file that is there, if PFMS lets us; one that is still at it finds it."""
        line, folder = self._upload_session, self._path("out", kind)
        try:
            entries = await line.entries(folder, MOST_LISTED)
            for each, _ in entries or ():
                if each.startswith(f"{name}.") and each.endswith(UNFINISHED):
                    await line.remove(f"{folder}/{each}")
        except RemoteError as error:
            log.info("pfms_unfinished_file_left", kind=kind.value, code=error.code)

    async def _list_files(self, kind: FileKind) -> list[IncomingFile]:
        entries = await self._session.entries(self._path("in", kind), MOST_LISTED)
        if entries is None:
            if kind not in SELDOM:
                raise Refused(Source.PFMS, "no_such_folder")
            return []
        plain = sorted((name, size) for name, size in entries if is_safe(name))
        odd = sum(not is_safe(name) and not name.endswith((UNFINISHED, ".reason")) for name, _ in entries)
        if odd:
            log.warning("pfms_files_with_odd_names", kind=kind.value, count=odd)
        return [IncomingFile(kind, name, size) for name, size in plain]

    async def _read(self, path: str) -> bytes:
        content = await self._session.read(path, LARGEST_FILE)
        if content is None:
            raise Refused(Source.PFMS, "no_such_file")
        return content

    async def _move_answer(self, kind: FileKind, name: str, folder: str) -> None:
        """Move a file out of `in`; where it is gone from there it must lie in the folder already."""
        target = self._path(folder, kind, name)
        if await self._session.move(self._path("in", kind, name), target):
            return
        if await self._session.size(target) is None:
            raise Refused(Source.PFMS, "no_such_file")
        if await self._session.size(self._path("in", kind, name)) is not None:
            raise NameTaken(Source.PFMS, "name_taken")
