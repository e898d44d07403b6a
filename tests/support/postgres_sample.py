"""Which tests of rules run on PostgreSQL too, of those that exist for both databases: all, or as ON_POSTGRES says.

The environment variable ON_POSTGRES is `sample` in `make test` and `rest` in `make postgres`. Every such test runs on
SQLite in `make test`. What the store itself does, races, deaths, repeats and migrations run on both there.
"""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

RULES = ("tests/actions/", "tests/gateway/", "tests/schema/")
"""Folders whose tests ask what a rule says. What its statements do on each database is asked in tests/store."""

EACH = 6
"""Of so many of them in a file one is in the sample, and the first of each file always is."""


def left_out(names: Sequence[str]) -> set[str]:
    """The tests on PostgreSQL that `make test` leaves to `make postgres`."""
    there, seen, found = set(names), Counter[str](), set()
    for name in names:
        if name.startswith(RULES) and (twin := _on_sqlite(name)) != name and twin in there:
            file = name.partition("::")[0]
            if seen[file] % EACH:
                found.add(name)
            seen[file] += 1
    return found


def keep_chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take away what the other command runs; pytest counts it as deselected."""
    asked = os.environ.get("ON_POSTGRES", "")
    if not asked:
        return
    others = left_out([item.nodeid for item in items])
    gone = [item for item in items if (item.nodeid in others) != (asked == "rest")]
    items[:] = [item for item in items if (item.nodeid in others) == (asked == "rest")]
    config.hook.pytest_deselected(items=gone)


def _on_sqlite(name: str) -> str:
    function, bracket, values = name.partition("[")
    parts = ("sqlite" if part == "postgres" else part for part in values.rstrip("]").split("-"))
    return f"{function}[{'-'.join(parts)}]" if bracket else name
