"""Which tests `make test` runs, and which it leaves to a proof that CI rotates (tools/proofs.py).

Each test has one share: MAKE_TEST, or the name of a target of the Makefile. The environment variable SHARE says which
share is run; without it, as by hand, everything is. Proofs of PROVED and LONG run their folders and files whole,
`postgres` and `cases` run by SHARE what is theirs.
"""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

MAKE_TEST = "test"

LONG = {
    "tests/connectors/test_guide.py": "long",
    "tests/gateway/test_dbt_now.py": "long",
}
"""Files that start many processes for what tests of actions ask too, and the proof that runs them."""

PROVED = {
    "tests/journeys/": "journeys",
    "tests/browser/": "browser",
    "tests/gateway/test_commands.py": "journeys",
    "tests/race/": "race",
    "tests/properties/": "race",
    "tests/idem/": "idem",
    "tests/mig/": "mig",
    "tests/crash/": "crash",
    "tests/backup/": "backup",
}
"""Folders and files that a proof runs whole; of each file `make test` runs the first test, on each database."""

RULES = ("tests/actions/", "tests/gateway/", "tests/schema/")
"""Folders whose tests ask what a rule says. What its statements do on each database is asked in tests/store."""

EACH = 6
"""Of so many of them in a file one is tried on PostgreSQL too, and the first of each file always is."""

CASED = (*RULES, "tests/store/", "tests/demo/")
"""Folders in which a case takes long enough to be left out."""

CASES = 3
"""So many cases of one test are tried; `make cases` tries the others."""


def shares(names: Sequence[str]) -> dict[str, str]:
    """The share of each test, by its name; `names` has whole files."""
    there, on_postgres, cases, first = set(names), Counter[str](), Counter[str](), dict[str, str]()
    found = {}
    for name in names:
        file, function = name.partition("::")[0], name.partition("[")[0]
        found[name] = share = _named(LONG, file) or MAKE_TEST
        if proof := _named(PROVED, file):
            if first.setdefault(file, _on_sqlite(name)) != _on_sqlite(name):
                found[name] = proof
        elif share == MAKE_TEST and name.startswith(RULES) and _on_sqlite(name) != name and _on_sqlite(name) in there:
            if on_postgres[file] % EACH:
                found[name] = "postgres"
            on_postgres[file] += 1
        if found[name] == MAKE_TEST and not proof and name.startswith(CASED):
            if cases[function] >= CASES:
                found[name] = "cases"
            cases[function] += 1
    return found


def keep_chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take away what is not of the share that SHARE names; pytest counts it as deselected."""
    asked = os.environ.get("SHARE", "")
    if not asked:
        return
    of = shares([item.nodeid for item in items])
    gone = [item for item in items if of[item.nodeid] != asked]
    items[:] = [item for item in items if of[item.nodeid] == asked]
    config.hook.pytest_deselected(items=gone)


def _named(table: dict[str, str], file: str) -> str | None:
    return next((proof for beginning, proof in table.items() if file.startswith(beginning)), None)


def _on_sqlite(name: str) -> str:
    function, bracket, values = name.partition("[")
    parts = ("sqlite" if part == "postgres" else part for part in values.rstrip("]").split("-"))
    return f"{function}[{'-'.join(parts)}]" if bracket else name
