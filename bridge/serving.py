"""Serves the bridge on loopback, by HTTP/1.1 of the standard library."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from bridge.wire import LARGEST, Bridge

ADDRESS, PORT = "127.0.0.1", 27110
"""Where the gateway's pages look for it (APUNI_PORTAL__BRIDGE)."""


def own_names(port: int) -> tuple[str, str]:
    """What a browser on this computer calls it by."""
    return f"127.0.0.1:{port}", f"localhost:{port}"


def server_at(port: int) -> ThreadingHTTPServer:
    """A server that listens on loopback alone; its bridge is set by `serve_bridge`."""
    return ThreadingHTTPServer((ADDRESS, port), type("OneBridge", (_Handler,), {}))


def serve_bridge(server: ThreadingHTTPServer, bridge: Bridge) -> None:
    """Answer until the server is shut down."""
    server.RequestHandlerClass.bridge = bridge  # type: ignore[attr-defined]
    server.serve_forever(poll_interval=0.1)


class _Handler(BaseHTTPRequestHandler):
    bridge: ClassVar[Bridge]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        self._answer()

    def do_OPTIONS(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isascii() and length.isdigit() else LARGEST + 1
        body = self.rfile.read(min(size, LARGEST + 1))
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = self.bridge.answer(self.command, self.path, headers, body)
        self.close_connection = self.close_connection or size > LARGEST
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        if found.body is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(found.content)))
        self.end_headers()
        self.wfile.write(found.content)

    def log_message(self, *_: object) -> None:
        """Write nothing: what is signed is the gateway's to log."""
