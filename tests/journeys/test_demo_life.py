"""The demo as a process: starts, stops, starts again quickly, and forgets nothing."""

import os
import signal
import time

import httpx
import pytest

from tests.support.running import Running, free_port, start_demo, stop_demo, wait_until_ready

LINKS = "{ viewer { ... on Citizen { linkedAccounts { provider linkedAt } applications(first: 1) { totalCount } } } }"
SECRETS = ("9800000", "@example", "eyJ", "Negi", "नेगी", "Bearer")


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
    text = running.log.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("{")]

    assert lines
    assert [secret for secret in SECRETS if any(secret in line for line in lines)] == []


def test_a_child_that_dies_is_started_again(running, tmp_path):
    port, log = free_port(), tmp_path / "demo.log"
    process = start_demo(tmp_path / "var", port, log)
    try:
        wait_until_ready(process, log)
        demo = Running(f"http://127.0.0.1:{port}", tmp_path / "var", process, log)
        children = [int(pid) for pid in _children(process.pid)]
        gateway = next(pid for pid in children if "serve" in _command(pid))
        os.kill(gateway, signal.SIGKILL)
        ends_at = time.monotonic() + 30
        while time.monotonic() < ends_at:
            try:
                if httpx.get(f"{demo.url}/health/ready", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        assert demo.data("{ services(first: 1) { totalCount } }")["services"]["totalCount"] == 87
    finally:
        assert stop_demo(process) == 0


def _children(pid: int) -> list[str]:
    from pathlib import Path

    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _command(pid: int) -> str:
    from pathlib import Path

    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/status", "/sign-in"])
def test_the_public_pages_answer(running, path):
    assert httpx.get(running.url + path).status_code == 200
