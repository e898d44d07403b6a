"""Fixtures for every test: no network but for tests marked integration, and then loopback only."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.support.bounds import QUICK
from tests.support.shares import keep_chosen

pytest_plugins = [
    "tests.support.state",
    "tests.support.rsa_keys",
    "tests.support.documents",
    "tests.support.databases",
    "tests.support.catalogued",
    "tests.support.caches",
    "tests.support.running",
    "tests.support.twins",
    "tests.support.homes",
]

if QUICK and not os.environ.get("BOUND"):
    # `tmp_path` in memory: every commit of a store waits for the disk, which made a third of the time of a run.
    # What is proved about storage is proved on the disk, by `make crash` and its like.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(QUICK))

# Compiled code is kept where the environment forbids it too, as in the Makefile: every process that a test starts would
# compile the gateway and its libraries anew, four seconds of a processor each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SWEEPS = (20_000, 20, 20)
"""How often circular rubbish is swept up: a run is short and has memory. Python's own measure costs 3 % of it."""

_connect = socket.socket.connect


def pytest_collectstart() -> None:
    gc.disable()  # until all tests are collected: what is made until then is there to stay


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()
    gc.set_threshold(*SWEEPS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    keep_chosen(config, items)
    if hasattr(config, "workerinput"):  # alone, pytest keeps its own order
        from tests.support.scheduling import longest_first

        longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadscope":
        return None
    from tests.support.scheduling import ByFile

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that a test runs in this process sends the log elsewhere; the next test finds it where it was."""
    root, config, configured = logging.getLogger(), structlog.get_config(), structlog.is_configured()
    handlers, level = list(root.handlers), root.level
    yield
    if structlog.is_configured() and not configured:
        structlog.reset_defaults()
        root.handlers, root.level = handlers, level
    elif structlog.get_config() != config:
        structlog.configure(**config)
        root.handlers, root.level = handlers, level


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback = any(request.node.get_closest_marker(name) for name in ("integration", "browser"))

    def connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        local = self.family == socket.AF_UNIX or host in {"127.0.0.1", "::1"}
        if not (loopback and local):
            raise RuntimeError(f"a test without the mark `integration` opened a connection to {address!r}")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
