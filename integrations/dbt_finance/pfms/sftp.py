"""The one module that uses SFTP: a connection to one host with a pinned key, its operations, and its errors.

Errors of asyncssh hold paths and user names, so none leaves this module as it is.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncssh

from domain.kernel import Source
from integrations.calling.errors import Garbled, IntegrityFailure, NeverSent, NotLetIn, RemoteError, Unavailable
from integrations.dbt_finance.pfms.names import UNFINISHED
from integrations.dbt_finance.pfms.settings import Addresses, SftpSettings

T = TypeVar("T")

LOGIN_SECONDS = 10.0
KEEPALIVE_SECONDS = 30.0
BLOCK, WINDOW = 32_768, 16
"""Bytes of one message of SFTP, and how many are under way at once."""
LETTING_GO_SECONDS = 1.0
"""How long a question that was given up may take to end once its line is cut."""
_SOURCE = Source.PFMS
_NO_FILE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_FULL = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_SPOILT = (asyncssh.SFTPBadMessage, asyncssh.ProtocolError, asyncssh.MACError, asyncssh.CompressionError)


class SftpSession:
    """One connection, opened when it is needed. Paths are absolute."""

    def __init__(self, settings: SftpSettings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses
        self._opening = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""

        async def ask(client: asyncssh.SFTPClient) -> int | None:
            try:
                return (await client.lstat(path)).size or 0
            except _NO_FILE:
                return None

        return await self._run(ask)

    async def read(self, path: str, limit: int) -> bytes | None:
        """A file whole; None where there is none. Raises Garbled(too_large) and, where it was cut, Unavailable."""

        async def ask(client: asyncssh.SFTPClient) -> bytes | None:
            try:
                async with client.open(path, "rb", block_size=0) as file:
                    size = (await file.stat()).size or 0
                    if size > limit:
                        raise Garbled(_SOURCE, "too_large")
                    content = await _read_blocks(file, size)
            except _NO_FILE:
                return None
            if len(content) != size:
                raise Unavailable(_SOURCE, "cut_short")
            return content

        return await self._run(ask)

    async def put(self, path: str, content: bytes, before_naming: Callable[[], None] = lambda: None) -> bool:
        """Write a file under another name and give it its own when it is whole; False where the name is taken.

        `before_naming` is called before the file is to get its own name: until then it is certainly not there.

        The other name is of this attempt alone. Under one that attempts shared, a worker that stood still until its
        claim had passed on would cut off or fill in what its heir writes, and give a mixture the file's own name.
        """
        unfinished = f"{path}.{secrets.token_hex(4)}{UNFINISHED}"

        async def ask(client: asyncssh.SFTPClient) -> bool:
            async with client.open(unfinished, "wb", block_size=0) as file:
                for start in range(0, len(content), BLOCK * WINDOW):
                    places = range(start, min(len(content), start + BLOCK * WINDOW), BLOCK)
                    await asyncio.gather(*(file.write(content[place : place + BLOCK], place) for place in places))
                with contextlib.suppress(asyncssh.SFTPOpUnsupported):  # an old server; the size is compared below
                    await file.fsync()
            if (await client.lstat(unfinished)).size != len(content):
                raise Unavailable(_SOURCE, "cut_short")
            before_naming()
            return await _try_rename(client, unfinished, path)

        return await self._run(ask)

    async def remove(self, path: str) -> None:
        """Delete a file; nothing happens where there is none."""

        async def ask(client: asyncssh.SFTPClient) -> None:
            with contextlib.suppress(*_NO_FILE):
                await client.remove(path)

        await self._run(ask)

    async def move(self, path: str, target: str) -> bool:
        """Rename; False where there is no such file or the other name is taken."""

        async def ask(client: asyncssh.SFTPClient) -> bool:
            try:
                return await _try_rename(client, path, target)
            except _NO_FILE:
                return False

        return await self._run(ask)

    async def entries(self, path: str, most: int) -> list[tuple[str, int]] | None:
        """Name and size of the plain files of a folder, `most` at once; None where there is no such folder."""

        async def ask(client: asyncssh.SFTPClient) -> list[tuple[str, int]] | None:
            found: list[tuple[str, int]] = []
            try:
                async for entry in client.scandir(path):
                    if entry.attrs.type in {asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN}:
                        found.append((str(entry.filename), entry.attrs.size or 0))
                    if len(found) >= most:
                        break
            except _NO_FILE:
                return None
            return found

        return await self._run(ask)

    async def aclose(self) -> None:
        client, connection = self._client, self._connection
        self._client = self._connection = None
        if client is not None:
            client.exit()
        if connection is not None:
            connection.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LETTING_GO_SECONDS):
                    await connection.wait_closed()
            connection.abort()

    async def _run(self, ask: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        client = await self._ready()
        asking = asyncio.ensure_future(ask(client))
        try:
            return await asyncio.shield(asking)
        except (OSError, asyncssh.Error) as error:
            told, broken = _classify_error(error)
            if broken:
                self._drop(client)
            raise told from None
        except asyncio.CancelledError:
            # Cut first: a silent host would not let go even of what is only to be closed. And answers to what was
            # given up must not be taken for those to the next question.
            self._drop(client)
            asking.add_done_callback(_retrieve_exception)
            asking.cancel()
            await asyncio.wait({asking}, timeout=LETTING_GO_SECONDS)
            raise

    async def _ready(self) -> asyncssh.SFTPClient:
        async with self._opening:
            if self._client is not None and self._connection is not None and not self._connection.is_closed():
                return self._client
            self._connection = self._client = None
            opening = asyncio.ensure_future(self._open_client())
            try:
                connection, client = await asyncio.shield(opening)
            except asyncio.CancelledError:
                # Never handed on as it is: asyncssh connects within asyncio.wait_for, which in Python 3.11 forgets that
                # it was cancelled if the connection is made in that very moment. The question would then go on without
                # its time-out, for ever at a silent host.
                opening.add_done_callback(_hung_up)
                opening.cancel()
                await asyncio.wait({opening}, timeout=LETTING_GO_SECONDS)
                raise
            self._connection, self._client = connection, client
            return client

    async def _open_client(self) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        connection = await self._open_connection()
        try:
            return connection, await connection.start_sftp_client()
        except (OSError, asyncssh.Error) as error:
            connection.abort()
            raise _classify_error(error)[0] from None
        except BaseException:
            connection.abort()
            raise

    async def _open_connection(self) -> asyncssh.SSHClientConnection:
        try:
            return await self._connect(await self._addresses(self._settings.host, self._settings.port))
        except asyncssh.HostKeyNotVerifiable:
            raise IntegrityFailure(_SOURCE, "host_key") from None
        except asyncssh.PermissionDenied:
            raise NotLetIn(_SOURCE, "login_refused") from None
        except (OSError, asyncssh.Error):
            raise NeverSent(_SOURCE, "connection_failed") from None

    async def _connect(self, addresses: Sequence[str]) -> asyncssh.SSHClientConnection:
        own, pinned = self._settings, [asyncssh.import_public_key(key) for key in self._settings.host_keys]
        return await asyncssh.connect(
            addresses[0],
            own.port,
            config=None,
            username=own.username,
            client_keys=[asyncssh.import_private_key(own.client_key)],
            known_hosts=(pinned, [], []),
            preferred_auth="publickey",
            encryption_algs="^aes256-gcm@openssh.com",  # a fifth of the processor's time of ChaCha20
            disable_trivial_auth=True,
            password=None,
            agent_path=None,
            gss_kex=False,
            gss_auth=False,
            x509_trusted_certs=None,
            compression_algs=["none"],
            connect_timeout=LOGIN_SECONDS,
            login_timeout=LOGIN_SECONDS,
            keepalive_interval=KEEPALIVE_SECONDS,
        )

    def _drop(self, client: asyncssh.SFTPClient) -> None:
        if client is self._client and self._connection is not None:
            self._connection.abort()
            self._connection = self._client = None


def _classify_error(error: Exception) -> tuple[RemoteError, bool]:
    """What an error means to a caller, and whether the connection is of no use any more."""
    if isinstance(error, asyncssh.SFTPPermissionDenied):
        return NotLetIn(_SOURCE, "permission"), False
    if isinstance(error, _FULL):
        return Unavailable(_SOURCE, "disk_full"), False
    if isinstance(error, _SPOILT):
        return Garbled(_SOURCE, "protocol"), True
    if isinstance(error, asyncssh.SFTPError) and not isinstance(error, _LOST):
        return Unavailable(_SOURCE, "sftp_failure"), False
    return Unavailable(_SOURCE, "connection_lost"), True


async def _read_blocks(file: asyncssh.SFTPClientFile, size: int) -> bytes:
    """The bytes of a file, several blocks at once. asyncssh's own way leaves failures of tasks that nobody awaits."""
    parts: list[bytes] = []
    for start in range(0, size, BLOCK * WINDOW):
        places = range(start, min(size, start + BLOCK * WINDOW), BLOCK)
        parts += await asyncio.gather(*(_block(file, place, min(BLOCK, size - place)) for place in places))
    return b"".join(parts)


async def _block(file: asyncssh.SFTPClientFile, place: int, size: int) -> bytes:
    """A block whole, however little the server gives at once; shorter where the file ends."""
    block = b""
    while len(block) < size:
        part = await file.read(size - len(block), place + len(block))
        if not part:
            break
        block += part if isinstance(part, bytes) else part.encode()
    return block


def _hung_up(opened: "asyncio.Task[tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]]") -> None:
    """Cut a connection that was made after all, though nobody waits for it any more."""
    if not opened.cancelled() and opened.exception() is None:
        opened.result()[0].abort()


def _retrieve_exception(asked: "asyncio.Task[Any]") -> None:
    """Take notice of how a question ended that nobody waits for any more."""
    if not asked.cancelled():
        asked.exception()


async def _try_rename(client: asyncssh.SFTPClient, path: str, target: str) -> bool:
    """Rename without writing over; version 3 of the protocol tells a taken name as a plain failure."""
    try:
        await client.rename(path, target)
    except asyncssh.SFTPFileAlreadyExists:
        return False
    except asyncssh.SFTPFailure:
        if await client.exists(target):
            return False
        raise
    return True
