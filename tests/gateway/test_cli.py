"""The command line: every failure that is no defect is one line for each reason, and exit status 1."""

import io
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from starlette.responses import PlainTextResponse

from demo.seeding import shown_progress
from gateway import cli
from gateway.runtime.expected_failures import lines_of
from gateway.runtime.serving import MetricsApart
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import StoreUnavailable
from tests.support.forked import apuni_forked
from tests.support.running import free_port

SECRET = "hunter2-is-secret"


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def migrated(home, migrated_sqlite) -> Path:
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    return home


def apuni(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, with no other setting than these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
    for name in ("METRICS_PORT", "SANDBOX_PORT"):
        kept.pop(name, None)
    return apuni_forked(arguments, kept | {"APUNI_HOME": str(home), "APUNI_PORT": str(free_port())} | variables)


Apuni = Callable[..., list[str]]


@pytest.fixture
def quick(home, monkeypatch, capsys) -> Apuni:
    """The same without a process of its own, for what fails before anything is started."""

    def run(*arguments: str, **variables: str) -> list[str]:
        for name, value in ({"APUNI_HOME": str(home), "APUNI_PORT": str(free_port())} | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["apuni", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (1, "")
        return said.err.splitlines()

    return run


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What a failed command says to a person: the lines of standard error that are no events."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return [line for line in done.stderr.splitlines() if not line.startswith("{")]


@contextmanager
def taken() -> Iterator[int]:
    """A port that another process listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_an_unfit_production_is_refused_with_one_line_for_each_reason(home, command):
    done = apuni(home, command, APUNI_PROFILE="production", APUNI_GRAPHIQL="1")

    assert told(done) == done.stderr.splitlines()
    assert all(line.startswith(("apuni: APUNI_", "apuni: METRICS_PORT: ")) for line in told(done))
    assert "apuni: APUNI_GRAPHIQL: GraphiQL is open; set `0`, or leave it unset" in told(done)
    missing = [f"apuni: APUNI_PARTNERS__{system.upper()} is not set" for system in OUTSIDE_SYSTEMS.required]
    assert told(done)[-len(missing) :] == missing
    assert not home.exists()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_without_the_sandboxes_onboarding_it_is_one_line(migrated, command):
    assert told(apuni(migrated, command)) == [
        f"apuni: {migrated}/run/ports.json is not there; are the sandboxes running?"
    ]


def test_with_a_store_that_is_not_migrated_it_is_one_line(home):
    assert told(apuni(home, "serve")) == ["apuni: the store is not migrated to this release; run `apuni migrate`"]


@pytest.mark.parametrize("command", ["serve", "worker", "seed"])
def test_with_the_store_of_a_later_release_it_is_one_line(migrated, command):
    with sqlite3.connect(migrated / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'later'")
    connection.close()

    assert told(apuni(migrated, command)) == ["apuni: the database was migrated by a later release"]


def test_a_token_without_a_running_gateway_is_one_line(home):
    [line] = told(apuni(home, "token", "--as", "citizen"))

    assert line.endswith("does not answer; is `make run` running?")


def test_a_token_for_an_unknown_role_is_one_line(quick):
    [line] = quick("token", "--as", "wizard")

    assert line.startswith("apuni: there is no role wizard; choose one of citizen, ")


@pytest.mark.parametrize(
    "arguments", [("demo",), ("sandbox",), ("serve",), ("worker",), ("migrate",), ("seed",), ("keys", "init")]
)
def test_a_spoilt_setting_is_one_line_that_names_the_variable_and_not_the_value(quick, arguments):
    [line] = quick(*arguments, APUNI_LIMITS__DEPTH=SECRET)

    assert line.startswith("apuni: APUNI_LIMITS__DEPTH: ")
    assert SECRET not in line


@pytest.mark.parametrize("arguments", [("demo",), ("sandbox",), ("migrate",), ("seed",)])
def test_a_home_that_cannot_be_written_to_is_one_line(tmp_path, quick, arguments):
    (tmp_path / "file").touch()

    assert quick(*arguments, APUNI_HOME=f"{tmp_path}/file/home") == [
        f"apuni: the folder {tmp_path}/file/home cannot be written to (Not a directory); choose another with APUNI_HOME"
    ]


def test_a_file_in_the_place_of_the_home_ends_the_gateway_with_one_line(tmp_path):
    (tmp_path / "file").touch()

    [line] = told(apuni(tmp_path / "file", "serve"))

    assert line.startswith(f"apuni: {tmp_path}/file")
    assert "cannot be used" in line


def test_keys_that_cannot_be_kept_are_one_line(tmp_path, quick):
    (tmp_path / "file").touch()

    assert quick("keys", "init", APUNI_KEYS_DIR=f"{tmp_path}/file/keys") == [
        f"apuni: {tmp_path}/file/keys cannot be used (Not a directory)"
    ]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("demo", "APUNI_PORT"),
        ("sandbox", "SANDBOX_PORT"),
        ("serve", "METRICS_PORT"),
    ],
)
def test_a_taken_port_is_one_line(home, command, setting):
    with taken() as port:
        done = apuni(home, command, **{setting: str(port)})

    assert done.stderr.splitlines() == [
        f"apuni: port {port} on 127.0.0.1: Address already in use; choose another with {setting}"
    ]
    assert done.returncode == 1
    assert done.stdout == ""


def test_a_purpose_without_a_keyring_is_one_line(quick):
    assert quick("keys", "rotate", "nothing") == ["apuni: there is no keyring nothing"]


def test_a_defect_keeps_its_trace_and_is_not_taken_for_a_failure():
    assert lines_of(ValueError("a defect")) == []
    assert lines_of(OSError("no file is named")) == []
    assert lines_of(StoreUnavailable("the database\ndoes not answer")) == ["the database does not answer"]
    assert lines_of(StoreUnavailable()) == ["StoreUnavailable"]


async def status(app: MetricsApart, port: int, path: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        return (await client.get(f"http://127.0.0.1:{port}{path}")).status_code


async def test_with_a_port_of_their_own_the_metrics_are_there_and_nowhere_else():
    app = MetricsApart(PlainTextResponse("found"), 9100)

    assert await status(app, 9100, "/metrics") == 200
    assert await status(app, 9100, "/graphql") == 404
    assert await status(app, 8000, "/graphql") == 200
    assert await status(app, 8000, "/metrics") == 404


async def test_the_port_of_the_metrics_takes_no_websocket():
    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append(scope["server"][1])

    async def send(message):
        sent.append(message["type"])

    for port in (9100, 8000):
        scope = {"type": "websocket", "path": "/graphql", "server": ("127.0.0.1", port)}
        await MetricsApart(app, 9100)(scope, None, send)

    assert (reached, sent) == ([8000], ["websocket.close"])


def test_seeding_without_a_terminal_tells_a_line_for_every_hundred_applications():
    out = io.StringIO()
    with shown_progress(Console(file=out, width=40)) as tell:
        for done in range(50, 520, 50):
            tell(done, 512)
        tell(512, 512)

    assert out.getvalue().splitlines() == [
        *(f"apuni: seeding demo applications {done}/512" for done in (100, 200, 300, 400, 500)),
        "apuni: seeding demo applications 512/512",
    ]


def test_seeding_at_a_terminal_shows_one_bar():
    out = io.StringIO()
    with shown_progress(Console(file=out, force_terminal=True, width=120)) as tell:
        tell(512, 512)

    assert "512/512" in out.getvalue()
