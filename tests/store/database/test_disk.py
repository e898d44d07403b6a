"""A disk that is full or read-only refuses writes with a code while reads go on; a torn tail loses nothing (5.3)."""

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.platform.alarms import readings
from domain.kernel import ErrorCode
from domain.platform.alarms import AlarmCode, active_alarms
from domain.platform.switches import Switchboard
from gateway.runtime.heartbeat import Heartbeat
from gateway.runtime.process_health import ProcessHealth
from schema.kernel.errors import problem_of
from store.database import FieldCipher, Keyrings, LocalBlobs, Store, StoreUnavailable
from store.identity import people
from tests.store.builders import citizen
from tests.support.sign_in import environment

NOBODY = 65534


def apart(work: Callable[..., Awaitable[str]], *arguments: object) -> str:
    """Run work in a forked process, whose limits and rights are its own, and give what it says."""
    context = get_context("fork")
    ours, theirs = context.Pipe()

    def run() -> None:
        try:
            theirs.send(asyncio.run(work(*arguments)))
        except BaseException as error:  # noqa: BLE001 - told to the test
            theirs.send(f"{type(error).__name__}: {error}")

    process = context.Process(target=run)
    process.start()
    process.join(60)
    assert ours.poll(0), "the process said nothing"
    said: str = ours.recv()
    return said


@pytest.fixture
def path(tmp_path, migrated_sqlite) -> Path:
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    return tmp_path / "store.db"


def opened(path, cipher, clock) -> Awaitable[Store]:
    return Store.open(f"sqlite:///{path}", cipher=cipher, clock=clock)


async def add_many(store: Store, first: int, many: int) -> None:
    async with store.write_transaction() as tx:
        for number in range(first, first + many):
            await people.add_citizen(tx, citizen(f"c{number}"))


async def add_until_refused(store: Store, first: int) -> tuple[int, StoreUnavailable]:
    """Add citizens until the store refuses: the number of the first that is not there, and the refusal."""
    for done in range(first, first + 3_000, 30):
        try:
            await add_many(store, done, 30)
        except StoreUnavailable as error:
            return done, error
    raise AssertionError("nothing was refused")


async def present(store: Store) -> int:
    async with store.read_transaction() as tx:
        return len(await people.citizens(tx, [f"c{number}" for number in range(5_000)]))


async def fill_and_recover(path, cipher, clock) -> str:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = await opened(path, cipher, clock)
    await add_many(store, 0, 10)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 65_536, resource.RLIM_INFINITY))
    done, refused = await add_until_refused(store, 10)
    reads = await present(store)
    with pytest.raises(StoreUnavailable):
        await LocalBlobs(path.parent / "objects").create("x", b"x" * (path.stat().st_size + 1_000_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await add_many(store, done, 30)
    after = await present(store)
    await store.close()
    assert problem_of(refused).code is ErrorCode.OVERLOADED
    assert problem_of(refused).retryable
    return f"{reads - done} {after - done}"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_full_disk_refuses_writes_with_a_code_while_reads_go_on_and_recovers(path, store_cipher, store_clock):
    assert apart(fill_and_recover, path, store_cipher, store_clock) == "0 30"


async def fill_and_tell(path, keyrings, clock) -> str:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = await opened(path, FieldCipher(keyrings), clock)
    health = ProcessHealth("gateway@one", clock, path.parent)
    store.disk_refused = health.disk_refused
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 65_536, resource.RLIM_INFINITY))
    await add_until_refused(store, 0)
    holds = AlarmCode.DISK_LOW in health.own_alarms()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await Heartbeat(environment(store, keyrings, clock, []), Switchboard(), health).beat()
    read = await store.read(lambda tx: readings(tx, clock.now()))
    await store.close()
    return f"{holds} {active_alarms(read).get((AlarmCode.DISK_LOW, 'gateway@one'))}"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_write_that_the_disk_refused_raises_the_alarm_of_the_disk_though_a_heartbeat_still_fits(
    path, store_keyrings, store_clock
):
    assert apart(fill_and_tell, path, store_keyrings, store_clock) == "True 0"


@pytest.mark.integration
async def test_a_full_disk_of_postgresql_is_known_by_its_code(postgres_store):
    refused = []
    postgres_store.disk_refused = lambda: refused.append("once")

    with pytest.raises(StoreUnavailable):
        async with postgres_store.write_transaction() as tx:
            await tx.connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"))

    assert refused == ["once"]


async def read_only(path, keys, cipher, clock) -> str:
    for file in (path, keys, *keys.iterdir(), *path.parent.iterdir()):
        if file.is_file():
            file.chmod(0o444)
    path.parent.chmod(0o777)  # SQLite keeps its shared memory beside the file
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    store = await opened(path, cipher, clock)
    reads = await present(store)
    try:
        await add_many(store, 10, 1)
    except StoreUnavailable:
        return f"{reads} refused"
    finally:
        await store.close()
    return "written"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
async def test_a_read_only_file_refuses_writes_and_answers_reads(path, store_cipher, store_clock):
    # A folder that `nobody` can enter; pytest's own is closed to others.
    folder = Path("/tmp") / f"apuni-read-only-{os.getpid()}"
    folder.mkdir()
    try:
        store = await opened(path, store_cipher, store_clock)
        await add_many(store, 0, 10)
        await store.close()
        shutil.copy(path, folder / "store.db")
        keys = shutil.copytree(store_cipher.keyrings._folder, folder / "keys")
        keys.chmod(0o755)
        said = apart(read_only, folder / "store.db", keys, FieldCipher(Keyrings(keys)), store_clock)
        assert said == "10 refused"
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("cut", [1, 17, 1_000, 4_120])
async def test_a_torn_tail_of_the_log_loses_only_what_was_not_acknowledged(
    path, store_cipher, store_clock, tmp_path, cut
):
    store = await opened(path, store_cipher, store_clock)
    await add_many(store, 0, 10)
    acknowledged = (path.with_name("store.db-wal")).stat().st_size
    await add_many(store, 10, 10)
    torn = tmp_path / "torn"
    torn.mkdir()
    for file in path.parent.glob("store.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, torn / file.name)
    await store.close()
    log = torn / "store.db-wal"
    os.truncate(log, max(log.stat().st_size - cut, acknowledged))

    again = await opened(torn / "store.db", store_cipher, store_clock)
    assert await present(again) == 10
    await add_many(again, 100, 5)
    assert await present(again) == 15
    await again.close()
