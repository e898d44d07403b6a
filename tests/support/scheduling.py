"""Who runs what, and when, where several processes of pytest-xdist run the tests: by files, the longest first.

A file stays in one process, so that what its tests share is made once, and so do the files of TOGETHER. What takes long
begins first and small files come last, so that all processes end at the same time.

Not by the mark `xdist_group`: pytest-xdist 3.8 writes it where pytest 9.2 keeps no names of tests any more, so that it
has no effect.
"""

from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

TOGETHER = {
    "tests/journeys/": "demo",
    "tests/browser/": "demo",
    "tests/gateway/commands/test_commands.py": "demo",
    "tests/crash/": "crash",
    "tests/backup/": "crash",
}
"""Folders and files that share what takes a minute to make, a running demo or prepared homes, and by what name."""

FIRST = (
    "tests/journeys/",
    "tests/browser/",
    "tests/gateway/commands/test_commands.py",
    "tests/crash/",
    "tests/backup/",
    "tests/demo/seed/test_seed.py",
    "tests/mig/",
    "tests/schema/documents/test_lockers.py",
    "tests/gateway/test_production_process.py",
    "tests/idem/",
    "tests/race/",
    "tests/federation/",
    "tests/store/backup/test_backup.py",
    "tests/gateway/test_cli.py",
    "tests/properties/",
    "tests/store/database/test_migrations.py",
    "tests/actions/",
    "tests/schema/",
)
"""Folders and files in the order in which they begin; what is not named follows."""

LAST = ("tests/domain/",)
"""What takes moments only."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole files, and those of TOGETHER at once, in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False  # else what has the most tests would go first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((name for beginning, name in TOGETHER.items() if file.startswith(beginning)), file)


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which they begin; among equals it stays."""
    items.sort(key=_turn_of)


def _turn_of(item: pytest.Item) -> int:
    for place, name in enumerate(FIRST):
        if item.nodeid.startswith(name):
            return place
    return len(FIRST) + item.nodeid.startswith(LAST)
