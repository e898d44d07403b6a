"""The demo's supervisor with small real processes in place of the gateway's commands."""

import asyncio
import io
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.console import Console

from demo import supervisor as demo
from demo.runfiles import log_file
from demo.supervisor import DemoFailed, Supervisor
from gateway.runtime.ports import PortTaken
from gateway.settings.settings import Settings
from integrations.registry import OUTSIDE_SYSTEMS
from tests.support.running import free_port

pytestmark = pytest.mark.integration

STAND_IN = """
import http.server, json, os, pathlib, sys, time, urllib.request

name, home = sys.argv[-1], pathlib.Path(os.environ["APUNI_HOME"])
with (home / "started").open("a") as file:
    file.write(name + "\\n")
for level in ("info", "warning", "error"):
    print(json.dumps({"event": f"{name} tells", "level": level}), file=sys.stderr)
if name == os.environ.get("FAILS"):
    print("no event, and no end of a line", end="", file=sys.stderr)
    sys.exit(3)
if name == "seed":
    if os.environ.get("APUNI_CLOCK") == "sandbox":
        port = json.loads((home / "run" / "ports.json").read_text())["sandbox"]
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_control/clock").close()
    sys.exit(0)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


def serve(port):
    server = http.server.HTTPServer(("127.0.0.1", port), Page)
    if name == "sandbox":
        (home / "run").mkdir(exist_ok=True)
        (home / "run" / "ports.json").write_text(json.dumps({"sandbox": server.server_port, "proxies": {}}))
    server.serve_forever()


if name in ("sandbox", "serve"):
    serve(int(os.environ["APUNI_PORT"]) if name == "serve" else 0)
while not (home / ("kill " + name)).exists():
    time.sleep(0.01)
if os.environ.get("ONCE"):
    (home / ("kill " + name)).unlink()
sys.exit(4)
"""


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("APUNI_HOME", str(folder))
    monkeypatch.setenv("APUNI_PORT", str(free_port()))
    return folder


@pytest.fixture
def supervisor(home, tmp_path) -> Supervisor:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    return Supervisor(Settings(), Console(file=io.StringIO(), width=60), command=(sys.executable, "-S", str(script)))


async def told(supervisor: Supervisor, greet: Callable[[], Awaitable[None]]) -> str:
    await asyncio.wait_for(supervisor.run(greet), 30)
    return said(supervisor)


def said(supervisor: Supervisor) -> str:
    file = supervisor.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def started(home: Path) -> list[str]:
    path = home / "started"
    return path.read_text().split() if path.exists() else []


def all_ended(supervisor: Supervisor) -> bool:
    return all(child.process.returncode is not None for child in supervisor.children.values())


async def nobody() -> None:
    raise AssertionError("the demo came up")


async def test_everything_is_started_in_order_and_stopped_together(supervisor, home):
    async def greet() -> None:
        while len(started(home)) < 4:  # readiness is the gateway's; the worker may still be starting
            await asyncio.sleep(0.01)
        supervisor.stopping.set()

    assert "stopping" in await told(supervisor, greet)
    assert started(home)[:2] == ["sandbox", "seed"]
    assert sorted(started(home)[2:]) == ["serve", "worker"]
    assert all_ended(supervisor)


async def test_events_are_kept_in_a_file_and_the_terminal_shows_those_that_tell_of_something_wrong(
    supervisor, home, monkeypatch, capsys
):
    monkeypatch.setenv("FAILS", "seed")
    with pytest.raises(DemoFailed):
        await told(supervisor, nobody)
    kept, shown = log_file(home).read_text(), capsys.readouterr().err
    of_seed = [json.dumps({"event": "seed tells", "level": level}) for level in ("info", "warning", "error")]
    last = "no event, and no end of a line"
    assert [line for line in kept.splitlines() if "seed" in line or line == last] == [*of_seed, last]
    assert [line for line in shown.splitlines() if "seed" in line or line == last] == [
        "apuni: error: seed tells; the log says more",
        last,
    ]


async def test_a_line_that_is_longer_than_any_event_does_not_hold_a_child_up(supervisor, home, capsys):
    lines = asyncio.StreamReader(limit=100)
    lines.feed_data(b"x" * 1000 + b"\nnext\n")
    lines.feed_eof()
    await supervisor._listen(lines)
    assert log_file(home).read_text().splitlines()[-1] == "next"
    assert "next" in capsys.readouterr().err


async def test_a_later_run_that_goes_by_the_clock_of_the_sandboxes_waits_for_it_before_it_seeds(
    supervisor, home, monkeypatch
):
    monkeypatch.setenv("APUNI_CLOCK", "sandbox")
    supervisor.settings = Settings()
    (home / "onboarding").mkdir()
    (home / "run").mkdir()
    for name in OUTSIDE_SYSTEMS.sandboxes:
        (home / "onboarding" / f"{name}.json").write_text("{}")
    (home / "run" / "ports.json").write_text(json.dumps({"sandbox": free_port(), "proxies": {}}))

    async def greet() -> None:
        supervisor.stopping.set()

    assert "stopping" in await told(supervisor, greet)


async def test_a_child_that_dies_once_is_started_again(supervisor, home, monkeypatch):
    monkeypatch.setenv("ONCE", "1")

    async def greet() -> None:
        (home / "kill worker").touch()
        asyncio.get_running_loop().create_task(stop_after_the_second_start())

    async def stop_after_the_second_start() -> None:
        while started(home).count("worker") < 2:
            await asyncio.sleep(0.01)
        supervisor.stopping.set()

    assert "worker died; starting it again" in await told(supervisor, greet)
    assert started(home).count("worker") == 2
    assert all_ended(supervisor)


async def test_a_child_that_dies_twice_ends_the_demo(supervisor, home):
    async def greet() -> None:
        (home / "kill worker").touch()

    with pytest.raises(DemoFailed, match="worker died twice; stopping"):
        await told(supervisor, greet)

    assert started(home).count("worker") == 2
    assert all_ended(supervisor)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sandbox", "sandbox ended while starting; its last lines are above"),
        ("seed", "seed failed; its last lines are above"),
        ("serve", "serve ended while starting; its last lines are above"),
        ("worker", "worker ended while starting; its last lines are above"),
    ],
)
async def test_a_child_that_ends_while_starting_ends_the_demo_in_one_line(supervisor, home, monkeypatch, name, reason):
    monkeypatch.setenv("FAILS", name)
    if name == "worker":  # let the gateway come up no earlier than the worker has ended
        monkeypatch.setattr(Supervisor, "_gateway_up", _never)

    with pytest.raises(DemoFailed) as failed:
        await told(supervisor, nobody)

    assert str(failed.value) == reason
    assert all_ended(supervisor)


async def test_a_gateway_that_does_not_come_up_in_time_ends_the_demo_in_one_line(supervisor, monkeypatch):
    monkeypatch.setattr(Supervisor, "_gateway_up", _never)
    monkeypatch.setattr(demo, "START_SECONDS", 1.0)

    with pytest.raises(DemoFailed, match="the gateway did not come up within 1 seconds"):
        await told(supervisor, nobody)

    assert all_ended(supervisor)


async def test_a_child_that_does_not_stop_is_killed(supervisor, home, monkeypatch, tmp_path):
    script = tmp_path / "stand_in.py"
    script.write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STAND_IN)
    monkeypatch.setattr(demo, "STOP_SECONDS", 0.2)

    async def greet() -> None:
        while len(started(home)) < 4:
            await asyncio.sleep(0.01)
        supervisor.stopping.set()

    await told(supervisor, greet)

    assert {child.process.returncode for child in supervisor.children.values()} == {-9}


@pytest.mark.parametrize("setting", ["APUNI_PORT", "SANDBOX_PORT", "METRICS_PORT"])
async def test_a_taken_port_is_told_in_one_line_before_anything_is_started(supervisor, home, monkeypatch, setting):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv(setting, str(port))
        supervisor.settings = Settings()

        with pytest.raises(PortTaken) as taken:
            await told(supervisor, nobody)

    assert str(taken.value) == f"port {port} on 127.0.0.1: Address already in use; choose another with {setting}"
    assert started(home) == []


async def test_a_failed_greeting_stops_the_children_too(supervisor):
    async def greet() -> None:
        raise DemoFailed("nobody could sign in")

    with pytest.raises(DemoFailed, match="nobody could sign in"):
        await told(supervisor, greet)

    assert len(supervisor.children) == 3
    assert all_ended(supervisor)


async def _never(supervisor: Supervisor) -> bool:
    return False
