"""The least that our own server can do: uvicorn with our protocol gives one answer to every request."""

import os
from typing import Any

import uvicorn

from gateway.http.protocol import server_options
from gateway.settings.limits import Server

BODY = b'{"data":{"__typename":"Query"}}'
HEAD = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Take the whole request and answer."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEAD})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    options = server_options(Server())
    uvicorn.run(hello, host="127.0.0.1", port=int(os.environ["PORT"]), lifespan="off", loop="uvloop", **options)
