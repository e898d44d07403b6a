"""The system that is called: a small JSON answer at once, or after 30 seconds at /slow. Prints its port."""

import asyncio
from typing import cast

import uvloop

BODY = b'{"status":"ok","items":[' + b",".join(b'{"id":%d,"name":"Asha Negi"}' % number for number in range(10)) + b"]}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
SLOW_SECONDS = 30.0


class Upstream(asyncio.Protocol):
    """Answers every request without a body; as little work as can be, so that the client is what is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            if head.startswith(b"GET /slow"):
                asyncio.get_running_loop().call_later(SLOW_SECONDS, self.answer)
            else:
                self.answer()

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
