"""Tunes the cyclic garbage collector."""

import gc

AT_START = (50_000, 20, 20)
"""By Python's own measure, after every 700 objects, a fifth of each start goes to looking through what the imports
leave there to stay.
"""

WHILE_SERVING = (2_000, 10, 10)
"""Whoever asks while a sweep goes on waits for its end. One of 50,000 young objects takes 40 to 90 ms, one of 2,000
less than two, and a full one 20 to 60 where what the start made is left out (benchmarks/store/README.md).
"""


def tune_for_start() -> None:
    """Sweep seldom, for what is made now is there to stay."""
    gc.set_threshold(*AT_START)


def tune_for_serving() -> None:
    """Leave what the start made out of every later sweep, and sweep often: what requests leave is little each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*WHILE_SERVING)
