"""Who runs what, and when, where several processes of pytest-xdist run the tests: by files, the longest first.

A file stays in one process, so that what its tests share is made once. What takes long begins first and small files
come last, so that all processes end at the same time. Groups (the mark `xdist_group`) stay together as before.
"""

from typing import Any

import pytest
from xdist.scheduler.loadgroup import LoadGroupScheduling  # type: ignore[import-untyped]

FIRST = (
    "demo",
    "crash",
    "tests/actions/test_seed.py",
    "tests/browser/",
    "tests/mig/",
    "tests/schema/test_lockers.py",
    "production",
    "tests/idem/",
    "tests/race/",
    "tests/federation/",
    "tests/store/test_backup.py",
    "tests/gateway/test_commands.py",
    "tests/gateway/test_cli.py",
    "tests/properties/",
    "tests/store/test_migrations.py",
    "tests/actions/",
    "tests/schema/",
)
"""Groups, folders and files in the order in which they begin; what is not named follows."""

LAST = ("tests/domain/", "tests/architecture/")
"""What takes moments only."""


class ByFile(LoadGroupScheduling):  # type: ignore[misc]
    """Hands out groups and whole files in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False  # else what has the most tests would go first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0]


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which they begin; among equals it stays."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    group = next((mark.args[0] for mark in item.iter_markers("xdist_group") if mark.args), None)
    for place, name in enumerate(FIRST):
        if group == name or (group is None and item.nodeid.startswith(name)):
            return place
    return len(FIRST) + item.nodeid.startswith(LAST)
