"""The providers of SMS in a process of their own: `python -m benchmarks.messages.partner FOLDER`; says when ready."""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from benchmarks.messages.filled import clock_of
from sandbox.city.kit import SandboxHome
from sandbox.sms.server import create_sandbox


async def serve(folder: Path) -> None:
    """Take texts until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_000)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    home = SandboxHome(
        "sms", folder / "sms", folder / "onboarding" / "sms.json", clock_of(folder), {}, "http://gateway.test", url
    )
    server = uvicorn.Server(uvicorn.Config(create_sandbox(home).app, lifespan="off", log_level="critical"))
    print("ready", flush=True)
    await server.serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
