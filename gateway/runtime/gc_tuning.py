"""Tunes the cyclic garbage collector."""

import gc

AT_START = (50_000, 20, 20)
"""By Python's own measure, after every 700 objects, a fifth of each start goes to looking through what the imports
leave there to stay.
"""

WHILE_SERVING = (2_000, 10, 10)
"""Requests wait while a collection runs. One of 50,000 young objects takes 40 to 90 ms, one of 2,000
less than two, and a full one 20 to 60 where what the start made is left out (benchmarks/store/README.md).
"""


def tune_for_start() -> None:
    """Collect rarely, since objects made during start-up stay alive."""
    gc.set_threshold(*AT_START)


def tune_for_serving() -> None:
    """Freeze the objects made at start-up, and collect often: requests leave little garbage each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*WHILE_SERVING)
