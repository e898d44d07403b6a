"""How far a proof goes: a few rounds within `make test`, more by `BOUND=ci`, all by `BOUND=full`."""

import os
from pathlib import Path
from typing import TypeVar

_ROOM = 6 * 2**30
"""Octets that must be free in memory before files of tests are put there; a whole run takes about a third of it."""


def _quick(folder: Path) -> Path | None:
    if not os.access(folder, os.W_OK):
        return None
    found = os.statvfs(folder)
    fit = found.f_bavail * found.f_frsize >= _ROOM and not found.f_flag & os.ST_NOEXEC
    return folder if fit else None


QUICK = _quick(Path("/dev/shm"))
"""Where files lie that need not outlive the machine, so that no disk is waited for; None for the usual place."""


T = TypeVar("T")


def rounds(quick: T, *, ci: T, full: T) -> T:
    """How much the environment variable BOUND asks for; `make race` and its like set it."""
    return {"ci": ci, "full": full}.get(os.environ.get("BOUND", ""), quick)


def whole() -> bool:
    """Whether the full form was asked for."""
    return os.environ.get("BOUND") == "full"
