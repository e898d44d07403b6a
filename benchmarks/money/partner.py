"""PFMS in a process of its own: `python -m benchmarks.money.partner FOLDER`; it says when it is ready."""

import asyncio
import sys
from pathlib import Path

from benchmarks.money.filled import AT_ONCE, sandbox_of
from benchmarks.money.plan import verdicts


async def serve(folder: Path) -> None:
    """Take files and answer at once, until the process is ended."""
    sandbox = sandbox_of(folder)
    (service,) = sandbox.services
    await service.start()
    sandbox.actions["configure"]({**AT_ONCE, "verdicts": verdicts()})
    sandbox.actions["look"]({})  # what fell due while nobody looked, such as the statement of yesterday
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
