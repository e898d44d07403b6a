"""What a command takes: seconds, CPU and the most memory that its process held."""

import os
import select
import subprocess
import tempfile
import time
from pathlib import Path

LOOK_SECONDS = 0.05
"""How often a process is asked for its memory."""


def watched(command: list[str], home: Path, url: str | None, *, status: int = 0) -> dict[str, float]:
    """Seconds, CPU and mebibytes at most of a command; raises RuntimeError where it ends with another status."""
    environment = {**os.environ, "APUNI_HOME": str(home)}
    if url is not None:
        environment["APUNI_DATABASE_URL"] = url
    begun, most = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        handle = os.pidfd_open(process.pid)
        # What the kernel tells of an ended child includes its parent's memory, so it is asked while it runs.
        while not select.select([handle], [], [], LOOK_SECONDS)[0]:
            most = max(most, _peak(process.pid))
        os.close(handle)
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        told.seek(0)
        if process.returncode != status:
            raise RuntimeError(f"{command[2:]}: {told.read().decode()[-2000:]}")
    return {"seconds": time.monotonic() - begun, "CPU": used.ru_utime + used.ru_stime, "MiB": most}


def _peak(pid: int) -> float:
    """The most memory that a process has held so far, in mebibytes; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
