"""The SFTP server of the PFMS sandbox: real SSH on loopback, login by key, and connection faults.

Faults go by the routes `/sftp/connect`, `open`, `write`, `rename`, `remove`, `read`, `list` and `stat`: `refuse` and
`blackhole` at the connection, `host_key` for another host's key, `latency`, `silence` and `reset` (`after`: when the
work is done) at an operation, `drip` for slow reading, `oversize` for an endless file, `disk_full` and `read_only`.
"""

import asyncio
import io
import posixpath
import socket
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from sandbox.city.faults import Faults
from sandbox.dbt_finance.pfms.store import IN_KINDS, OUT_KINDS, SealedFiles

_LOGIN_SECONDS = 20
_HUGE = 50_000_000


@dataclass(frozen=True)
class Door:
    """What the server uses. `arrived` is called with every request that got its name, `looked` with every operation."""

    files: SealedFiles
    faults: Faults
    sleep: Callable[[float], Any]
    username: str
    client_key: str
    host_keys: tuple[str, str]
    """The right one and another host's."""
    looked: Callable[[], None]
    arrived: Callable[[str], None]


class SftpService:
    """Listens on a socket that is bound already."""

    def __init__(self, door: Door, place: socket.socket) -> None:
        self._door = door
        self._place = place
        self._accepting: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.connections: set[asyncssh.SSHServerConnection] = set()

    async def start(self) -> None:
        """Take connections."""
        self._place.listen(50)
        self._place.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())

    async def stop(self) -> None:
        """Cut every connection and close the port."""
        for task in (self._accepting, *self._serving):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for connection in list(self.connections):
            connection.abort()
        self._place.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._place)
            task = asyncio.create_task(self._serve(sock))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, sock: socket.socket) -> None:
        faults, route = self._door.faults, "/sftp/connect"
        if faults.match("refuse", route) or faults.match("reset", route):
            sock.close()
            return
        if faults.match("blackhole", route) or faults.match("silence", route):
            await self._drain_until_closed(sock)
            return
        key = self._door.host_keys[1 if faults.match("host_key", route) else 0]
        try:
            connection = await asyncssh.run_server(
                sock,
                config=None,
                server_factory=lambda: _Login(self._door),
                server_host_keys=[asyncssh.import_private_key(key)],
                sftp_factory=lambda channel: _Files(channel, self._door),
                allow_scp=False,
                connect_timeout=_LOGIN_SECONDS,
                login_timeout=_LOGIN_SECONDS,
                compression_algs=["none"],
                gss_kex=False,
                gss_auth=False,
            )
        except (OSError, asyncssh.Error, TimeoutError):
            sock.close()
            return
        self.connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            self.connections.discard(connection)

    async def _drain_until_closed(self, sock: socket.socket) -> None:
        try:
            while await asyncio.get_running_loop().sock_recv(sock, 4096):
                pass
        except OSError:
            pass
        finally:
            sock.close()


class _Login(asyncssh.SSHServer):
    """Lets one user in, by one key."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._key = asyncssh.import_private_key(door.client_key).convert_to_public()

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._door.username and key == self._key


@dataclass
class _Open:
    """A file that a caller holds open."""

    path: str
    content: io.BytesIO
    writes: bool
    huge: bool = field(default=False)


class _Files(asyncssh.SFTPServer):
    """The folders as a caller may use them: write requests, read everything, move answers away.

    Nothing is deleted but what of a request was never given its name.
    """

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], door: Door) -> None:
        super().__init__(channel)
        self._channel = channel
        self._door = door

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        del attrs
        await self._begin("open")
        name = _plain(path)
        if pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND):
            self._may_write(name)
            return _Open(name, io.BytesIO(), writes=True)
        content = self._door.files.get(name)
        if content is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        huge = self._door.faults.match("oversize", "/sftp/read") is not None
        return _Open(name, io.BytesIO(content), writes=False, huge=huge)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._begin("read")
        slow = self._door.faults.match("drip", "/sftp/read")
        if slow is not None:
            await self._door.sleep(float(slow.params.get("seconds", 0.4)))
            size = min(size, 512)
        held = _require_open(file_obj)
        if held.huge:
            return b"\x20" * max(0, min(size, _HUGE - offset))
        held.content.seek(offset)
        return held.content.read(size)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._begin("write")
        if self._door.faults.match("disk_full", "/sftp/write"):
            raise asyncssh.SFTPNoSpaceOnFilesystem("no space left")
        held = _require_open(file_obj)
        held.content.seek(offset)
        return held.content.write(data)

    async def close(self, file_obj: object) -> None:
        held = _require_open(file_obj)
        if held.writes:
            self._door.files.put(held.path, held.content.getvalue())

    async def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        held = _require_open(file_obj)
        return _file_attributes(_HUGE if held.huge else len(held.content.getbuffer()))

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        await self._begin("stat")
        name = _plain(path)
        size = self._door.files.size(name)
        if size is not None:
            return _file_attributes(size)
        if self._door.files.is_folder(name):
            return asyncssh.SFTPAttrs(type=asyncssh.FILEXFER_TYPE_DIRECTORY, permissions=stat.S_IFDIR | 0o750)
        raise asyncssh.SFTPNoSuchFile("no such file")

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return await self.lstat(path)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        await self._begin("list")
        folder = _plain(path)
        if not self._door.files.is_folder(folder):
            raise asyncssh.SFTPNoSuchFile("no such folder")
        for name in self._door.files.names(folder):
            size = self._door.files.size(f"{folder}/{name}") or 0
            yield asyncssh.SFTPName(name.encode(), attrs=_file_attributes(size))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        after = await self._begin("rename", late=True)
        old, new = _plain(oldpath), _plain(newpath)
        self._may_move(old, new)
        if self._door.files.size(old) is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        try:
            self._door.files.move(old, new)
        except FileExistsError:
            raise asyncssh.SFTPFailure("there is such a file") from None
        if new.startswith("/out/"):
            self._door.arrived(new)
        if after:
            await self._cut()

    async def remove(self, path: bytes) -> None:
        await self._begin("remove")
        name = _plain(path)
        if not _is_unfinished(name) or self._door.faults.match("read_only", "/sftp/remove"):
            raise asyncssh.SFTPPermissionDenied("not allowed")
        if self._door.files.size(name) is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        self._door.files.remove(name)

    async def fsync(self, file_obj: object) -> None:
        held = _require_open(file_obj)
        self._door.files.put(held.path, held.content.getvalue())

    async def realpath(self, path: bytes) -> bytes:
        return _plain(path).encode()

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        del path, attrs

    async def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        del file_obj, attrs

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    def _refuse_operation(self, *given: object) -> Any:
        del given
        raise asyncssh.SFTPPermissionDenied("not allowed")

    mkdir: Any = _refuse_operation
    rmdir: Any = _refuse_operation
    readlink: Any = _refuse_operation
    symlink: Any = _refuse_operation
    link: Any = _refuse_operation
    lsetstat: Any = _refuse_operation
    statvfs: Any = _refuse_operation
    fstatvfs: Any = _refuse_operation

    async def _begin(self, operation: str, *, late: bool = False) -> bool:
        """Let the world catch up and the faults of an operation act; True where the line is to be cut afterwards."""
        self._door.looked()
        route, faults = f"/sftp/{operation}", self._door.faults
        slow = faults.match("latency", route)
        if slow is not None:
            await self._door.sleep(float(slow.params.get("seconds", 1)))
        if faults.match("silence", route):
            await self._channel.get_connection().wait_closed()
            raise asyncssh.SFTPConnectionLost("gone")
        cut = faults.match("reset", route)
        if cut is None:
            return False
        if late and cut.params.get("after"):
            return True
        return await self._cut()

    async def _cut(self) -> bool:
        self._channel.get_connection().abort()
        raise asyncssh.SFTPConnectionLost("cut")

    def _may_write(self, name: str) -> None:
        parts = name.strip("/").split("/")
        if len(parts) != 3:
            raise asyncssh.SFTPPermissionDenied("not allowed")
        folder, kind, file = parts
        reason = folder == "failed" and kind in IN_KINDS and (file.endswith(".reason") or ".reason." in file)
        if not (_is_unfinished(name) or reason) or self._door.faults.match("read_only", "/sftp/open"):
            raise asyncssh.SFTPPermissionDenied("not allowed")

    def _may_move(self, old: str, new: str) -> None:
        source, target = posixpath.split(old), posixpath.split(new)
        finishing = old.startswith(f"{new}.") and old.endswith(".tmp")
        kind = posixpath.basename(source[0])
        leaving = source[0] == f"/in/{kind}" and target[0] in {f"/archive/{kind}", f"/failed/{kind}"}
        if not finishing and not (leaving and source[1] == target[1]):
            raise asyncssh.SFTPPermissionDenied("not allowed")


def _plain(path: bytes) -> str:
    return posixpath.normpath("/" + path.decode("utf-8", "replace").lstrip("/"))


def _is_unfinished(name: str) -> bool:
    """Whether a path is of a request that has not its own name yet."""
    folder, _, kind = posixpath.dirname(name).strip("/").partition("/")
    return folder == "out" and kind in OUT_KINDS and name.endswith(".tmp")


def _require_open(file_obj: object) -> _Open:
    if not isinstance(file_obj, _Open):
        raise asyncssh.SFTPInvalidHandle("no such file is open")
    return file_obj


def _file_attributes(size: int) -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(type=asyncssh.FILEXFER_TYPE_REGULAR, size=size, permissions=stat.S_IFREG | 0o640)
