"""Fixtures for every test: no network but for tests marked integration, and then loopback only."""

import socket
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.support.databases"]

_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    loopback = any(request.node.get_closest_marker(name) for name in ("integration", "browser"))

    def connect(self: socket.socket, address: object) -> None:
        local = self.family == socket.AF_UNIX or (isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1"})
        if not (loopback and local):
            raise RuntimeError(f"a test without the mark `integration` opened a connection to {address!r}")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield
