"""Runs a module in a process of its own, so that the serving process loads none of its libraries."""

import asyncio
import sys


class ProcessEnded(Exception):
    """The process ended without an answer."""

    def __init__(self, module: str, status: int) -> None:
        super().__init__(f"{module} ended with {status}")
        self.by_signal = status < 0
        """Whether a limit of its resources ended it."""


async def output_of(module: str, content: bytes, seconds: float) -> bytes:
    """What a module prints for a content on its standard input; it sees nothing of our environment.

    Raises ProcessEnded where it failed, and TimeoutError after so many seconds.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(content)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ProcessEnded(module, process.returncode)
    return output
