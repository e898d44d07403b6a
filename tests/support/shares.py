"""Which tests `make test` runs, and which it leaves to a proof that CI rotates (tools/proofs.py).

Each test has one share: MAKE_TEST, or the name of a target of the Makefile. The environment variable SHARE says which
share is run; without it, as by hand, everything is. Proofs of PROVED run their folders and files whole; `postgres`,
`cases` and `long`, which has what bears the mark of that name, run by SHARE what is theirs. `make check` runs CHECKED.
"""

import os
from collections import Counter
from collections.abc import Collection, Sequence

import pytest

MAKE_TEST = "test"

PROVED = {
    "tests/journeys/": "journeys",
    "tests/browser/": "browser",
    "tests/gateway/commands/test_commands.py": "journeys",
    "tests/race/": "race",
    "tests/properties/": "race",
    "tests/idem/": "idem",
    "tests/mig/": "mig",
    "tests/crash/": "crash",
    "tests/backup/": "backup",
}
"""Folders and files that a proof runs whole; of each file `make test` runs the first test, on each database."""

PROVED_ALONE = ("tests/browser/", "tests/gateway/commands/test_commands.py", "tests/journeys/")
"""Of these of PROVED, which share the running demo, `make test` runs none: its start takes half a minute of a core."""

EACH = {"tests/actions/": 24, "tests/gateway/": 24, "tests/schema/": 24, "tests/store/": 6}
"""Of so many tests for both databases in a file of a folder one is tried on PostgreSQL, and the first always is.

Those of the store ask what statements do on each database, the others what a rule says.
"""

CASED = (*EACH, "tests/demo/")
"""Folders in which a case takes long enough to be left out."""

CASES = 1
"""So many cases of one test are tried, on each database; `make cases` tries the others."""

CHECKED = "tests/architecture/"
"""Tests that read the code and its documents and run nothing of it: `make check` runs them all."""


def shares(names: Sequence[str], long: Collection[str] = ()) -> dict[str, str]:
    """The share of each test, by its name; `names` has whole files, `long` those that bear the mark."""
    there, on_postgres, first = set(names), Counter[str](), dict[str, str]()
    cases = Counter[tuple[str, bool]]()
    found = {name: "check" if name.startswith(CHECKED) else MAKE_TEST for name in names}
    for name in names:
        file, function, twin = name.partition("::")[0], name.partition("[")[0], _on_sqlite(name)
        if name in long:
            found[name] = "long"
        elif proof := next((proof for beginning, proof in PROVED.items() if file.startswith(beginning)), None):
            if file.startswith(PROVED_ALONE) or first.setdefault(file, twin) != twin:
                found[name] = proof
        elif twin != name and twin in there and not _is_turn(on_postgres, file):
            found[name] = "postgres"
        elif name.startswith(CASED):
            cases[function, twin != name] += 1
            if cases[function, twin != name] > CASES:
                found[name] = "cases"
    return found


def _is_turn(before: Counter[str], file: str) -> bool:
    """Whether the next test of a file on PostgreSQL is one that `make test` tries."""
    each = next((each for folder, each in EACH.items() if file.startswith(folder)), 1)
    before[file] += 1
    return (before[file] - 1) % each == 0


def keep_chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take away what is not of the share that SHARE names; pytest counts it as deselected."""
    asked = os.environ.get("SHARE", "")
    if not asked:
        return
    of = shares(
        [item.nodeid for item in items], {item.nodeid for item in items if item.get_closest_marker("long") is not None}
    )
    gone = [item for item in items if of[item.nodeid] != asked]
    items[:] = [item for item in items if of[item.nodeid] == asked]
    config.hook.pytest_deselected(items=gone)


def _on_sqlite(name: str) -> str:
    function, bracket, values = name.partition("[")
    parts = ("sqlite" if part == "postgres" else part for part in values.rstrip("]").split("-"))
    return f"{function}[{'-'.join(parts)}]" if bracket else name
