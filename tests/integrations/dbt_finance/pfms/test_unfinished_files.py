"""What two attempts write at once, on a real server with real files: never a mixture under the name that PFMS reads."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from domain.kernel import ManualClock
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.settings import SftpSettings
from integrations.dbt_finance.pfms.sftp import BLOCK
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from tests.support.pfms import loopback
from tests.support.remotes import shared_resilience

pytestmark = pytest.mark.integration
NAME = "0905DBTPAYREQ241120261.xml"
CONTENT = b"<DbtPayment/>" * 5_000
"""Two blocks of SFTP."""
FIRST, LAST = 0, BLOCK
"""Where they begin."""


@dataclass
class Held:
    """A write of an attempt, counted from 1, that the server sits on until it is let go."""

    attempt: int
    place: int
    came: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Host:
    """A server of SFTP over a folder of the disk."""

    folder: Path
    port: int = 0
    host_key: str = ""
    client_key: str = ""
    held: list[Held] = field(default_factory=list)
    attempts: list[Any] = field(default_factory=list)
    """The files that were opened to be written, in their order."""
    deletes: bool = True
    clients: list[SftpExchange] = field(default_factory=list)

    def exchange(self, clock: ManualClock) -> SftpExchange:
        """The client of a worker."""
        settings = SftpSettings("127.0.0.1", self.port, "apuni", self.client_key, (self.host_key,))
        self.clients.append(SftpExchange(settings, shared_resilience(clock), loopback))
        return self.clients[-1]

    def file(self) -> bytes | None:
        """What lies under the name."""
        path = self.folder / "out/payment-request" / NAME
        return path.read_bytes() if path.exists() else None

    def names(self) -> list[str]:
        """What lies in the folder."""
        return sorted(path.name for path in (self.folder / "out/payment-request").iterdir())


class Disk(asyncssh.SFTPServer):
    """Real files, of which some writes are held up."""

    def __init__(self, channel: Any, host: Host) -> None:
        super().__init__(channel, chroot=str(host.folder).encode())
        self._host = host

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        file = super().open(path, pflags, attrs)
        if pflags & asyncssh.FXF_WRITE:
            self._host.attempts.append(file)
        return file

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        attempt = next(at for at, each in enumerate(self._host.attempts, 1) if each is file_obj)
        for held in self._host.held:
            if (held.attempt, held.place) == (attempt, offset):
                held.came.set()
                await held.let_go.wait()
        written: Any = super().write(file_obj, offset, data)
        return int(written)

    def remove(self, path: bytes) -> Any:
        if not self._host.deletes:
            raise asyncssh.SFTPPermissionDenied("nothing is deleted here")
        return super().remove(path)


class Door(asyncssh.SSHServer):
    """Lets one key in."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key.convert_to_public()

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key == self._key


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    for folder in ("out", "archive", "failed"):
        (tmp_path / folder / "payment-request").mkdir(parents=True)
    own, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    made = Host(tmp_path, client_key=client.export_private_key().decode(), host_key=own.export_public_key().decode())
    listening = await asyncssh.listen(
        "127.0.0.1",
        0,
        config=None,
        server_host_keys=[own],
        server_factory=lambda: Door(client),
        sftp_factory=lambda channel: Disk(channel, made),
    )
    made.port = listening.get_port()
    yield made
    for held in made.held:
        held.let_go.set()
    for exchange in made.clients:
        await exchange.aclose()
    listening.close()
    await listening.wait_closed()


async def test_the_heir_of_a_worker_that_wakes_up_again_leaves_no_mixture(host: Host, store_clock: ManualClock):
    woken, heir = Held(1, LAST), Held(2, FIRST)
    host.held += [woken, heir]
    one, other = host.exchange(store_clock), host.exchange(store_clock)
    first = asyncio.create_task(one.send(FileKind.PAYMENTS, NAME, CONTENT))
    await woken.came.wait()  # it stands still, its claim runs out
    second = asyncio.create_task(other.send(FileKind.PAYMENTS, NAME, CONTENT))
    await heir.came.wait()
    woken.let_go.set()
    await first
    assert host.file() == CONTENT, "PFMS may take it from now on"
    heir.let_go.set()
    await second
    assert (host.file(), host.names()) == (CONTENT, [NAME])


async def test_an_attempt_that_comes_too_late_finds_the_file_there_and_leaves_nothing(
    host: Host, store_clock: ManualClock
):
    late = Held(1, LAST)
    host.held.append(late)
    one, other = host.exchange(store_clock), host.exchange(store_clock)
    first = asyncio.create_task(one.send(FileKind.PAYMENTS, NAME, CONTENT))
    await late.came.wait()
    await other.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert host.file() == CONTENT
    late.let_go.set()
    await first
    assert (host.file(), host.names()) == (CONTENT, [NAME])


@pytest.mark.parametrize("deletes", [True, False])
async def test_what_a_dead_worker_left_is_taken_away_where_the_host_lets_us(
    host: Host, store_clock: ManualClock, deletes: bool
):
    host.deletes = deletes
    dies, others = Held(1, LAST), host.folder / "out/payment-request" / f"1{NAME}.tmp"
    host.held.append(dies)
    others.write_bytes(b"another file, under way")
    one, other = host.exchange(store_clock), host.exchange(store_clock)
    sending = asyncio.create_task(one.send(FileKind.PAYMENTS, NAME, CONTENT))
    await dies.came.wait()
    sending.cancel()  # as kill -9: the line is cut
    await asyncio.wait([sending])
    await one.aclose()
    dies.let_go.set()
    await other.send(FileKind.PAYMENTS, NAME, CONTENT)
    left = [name for name in host.names() if name not in {NAME, others.name}]
    assert (host.file(), len(left)) == (CONTENT, 0 if deletes else 1)
    assert others.exists()
