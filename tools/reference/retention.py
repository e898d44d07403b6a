"""The table of retention, from the rules by which the store erases and forgets."""

from collections.abc import Iterator

from gateway.settings.settings import Retention
from gateway.settings.variables import variables_of
from store.privacy.personal_rules import DELETED, KEPT, PASSING, PLAIN, TEXTS, VALUES

_PAGE = """\
<!-- Made by `python -m tools.reference print` from store/privacy/personal_rules.py and the settings. Do not edit. -->
# Retention

What is kept of a citizen, until when, and what her erasure does with it. A test asserts that each table with a citizen
or sealed columns is in it, so that it is what the store does. `apuni person erased ID` proves an erasure by these
rules. Older backups are erased again by the list of erasures when they are restored ([backup.md](backup.md)).

## What time ends

The worker deletes daily. Records of consents go seven years after their end ([consent.md](consent.md)).

| Setting | Days | What |
| --- | --- | --- |
{settings}

## What erasure does, table by table

| Table | On erasure | Why, or until when |
| --- | --- | --- |
{tables}
"""


def retention() -> str:
    """The page."""
    settings = (f"| `{one.name}` | {one.default} | {one.meaning} |" for one in variables_of(Retention, "retention"))
    tables = sorted(f"| `{table}` | {done} | {why} |" for table, done, why in _rows())
    return _PAGE.format(settings="\n".join(settings), tables="\n".join(tables))


def _rows() -> Iterator[tuple[str, str, str]]:
    for table in DELETED:
        yield table, "rows are deleted", "nothing requires it"
    emptied: dict[str, list[str]] = {table: list(columns) for table, columns in TEXTS.items()}
    for table, (column, _) in VALUES.items():
        emptied.setdefault(table, []).append(column)
    for table in PLAIN:
        emptied.setdefault(table, []).append("other columns with her data")
    for table, columns in emptied.items():
        yield table, f"emptied: {', '.join(columns)}", "the bare record stays"
    for table, why in KEPT.items():
        yield table, "stays", why
    for table, why in PASSING.items():
        yield table, "passes by itself", why
