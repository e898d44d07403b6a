"""The demo as a process: starts, stops, starts again quickly, and forgets nothing."""

import contextlib
import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.running import Running, start_demo, stop_demo, wait_until_ready

LINKS = "{ viewer { ... on Citizen { linkedAccounts { provider linkedAt } applications(first: 1) { totalCount } } } }"
SECRETS = ("9800000", "@example", "eyJ", "Negi", "नेगी", "Bearer")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/status", "/sign-in"])
def test_the_public_pages_answer(running, path):
    assert httpx.get(running.url + path).status_code == 200


def test_a_second_run_seeds_nothing_twice_and_keeps_linked_accounts(running):
    token = running.token("citizen", "savitri-saini")
    before = running.data(LINKS, token=token)

    assert stop_demo(running.process) == 0
    port = int(running.url.rsplit(":", 1)[1])
    running.process = start_demo(running.home, port, running.log)
    wait_until_ready(running.process, running.log, times=2)

    assert running.data(LINKS, token=token) == before
    assert "demo data are there already" in running.log.read_text("utf-8")


def test_stopping_answers_what_is_under_way_and_then_closes_the_door(running):
    answer = httpx.get(f"{running.url}/health/live")

    assert answer.status_code == 200


def test_the_logs_hold_no_personal_data_and_no_tokens(running):
    lines = [line for line in running.events.splitlines() if line.startswith("{")]

    assert lines
    assert [secret for secret in SECRETS if any(secret in line for line in lines)] == []


def test_the_terminal_shows_warnings_and_no_other_events(running):
    shown = [line for line in running.log.read_text("utf-8").splitlines() if line.startswith("{")]

    assert {json.loads(line)["level"] for line in shown} <= {"warning", "error", "critical"}
    assert set(shown) <= set(running.events.splitlines())


def test_a_child_that_dies_is_started_again(running):
    gateway = _gateway_of(running)
    os.kill(gateway, signal.SIGKILL)
    eventually(lambda: _answers(running), lambda well: well, seconds=240)

    assert _gateway_of(running) != gateway
    assert running.data("{ services(first: 1) { totalCount } }")["services"]["totalCount"] == 87
    assert "serve died; starting it again" in running.log.read_text("utf-8")


def _gateway_of(running: Running) -> int:
    """The process of the demo's gateway."""
    demo = running.process.pid
    children = Path(f"/proc/{demo}/task/{demo}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in children}
    return next(pid for pid, words in commands.items() if "serve" in words)


def _answers(running: Running) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{running.url}/health/ready", timeout=2).status_code == 200
    return False
