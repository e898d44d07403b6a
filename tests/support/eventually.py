"""Waits for what another process does in its own time, with a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], is_so: Callable[[T], bool], *, seconds: float = 60.0, every: float = 0.1) -> T:
    """Look again after `every` seconds until it is so; what was seen. An AssertionError shows the last look."""
    ends_at = time.monotonic() + seconds
    while True:
        seen = look()
        if is_so(seen):
            return seen
        if time.monotonic() > ends_at:
            raise AssertionError(f"still not so after {seconds} seconds: {seen!r}")
        time.sleep(every)  # another process, by the real clock: it tells this one of nothing that could be awaited
