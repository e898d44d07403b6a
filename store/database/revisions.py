"""The revisions of the schema, oldest first, and the handling of those that no release goes on from."""

from collections.abc import Sequence

from store.database.errors import SchemaTooNew, SchemaTooOld

REVISIONS = ("1001", *map(str, range(1026, 1034)), "1036")
"""That of 0.2.0, and those since."""

BETWEEN = frozenset(map(str, range(1002, 1026)))
"""Revisions that were in no release; they are one now, REVISIONS[1]."""

HEAD = REVISIONS[-1]

LAST_BEFORE = "0046"
"""The last schema of before 0.2.0: that of REVISIONS[0] with the tables of GONE. `migrate` takes it over."""

BEFORE = frozenset(f"{number:04}" for number in range(1, 47))
"""The revisions of before 0.2.0. No later one bears such a number."""

GONE = ("counter_deltas", "counters")
"""Tables of LAST_BEFORE that nothing read; they are dropped, and left out where a backup of it is restored."""


def check_known(revision: str, dialect: str, known: Sequence[str] = REVISIONS) -> None:
    """Raise SchemaTooOld or SchemaTooNew where this release can do nothing with a database of the revision."""
    if revision in known or revision == LAST_BEFORE:
        return
    if revision not in BEFORE | BETWEEN:
        raise SchemaTooNew("the database was migrated by a later release")
    made = "before 0.2.0" if revision in BEFORE else "between two releases"
    elsewhere = " and set APUNI_DATABASE_URL to an empty database" if dialect == "postgresql" else ""
    raise SchemaTooOld(f"the store was made {made}; move APUNI_HOME away{elsewhere}")


def schema_of_backup(revision: str) -> str:
    """The revision into which a backup of a revision is restored. Raises SchemaTooOld, SchemaTooNew."""
    if revision == LAST_BEFORE:
        return REVISIONS[0]  # the same but for the tables of GONE
    if revision in BEFORE | BETWEEN:
        made = "before 0.2.0" if revision in BEFORE else "between two releases"
        raise SchemaTooOld(f"the backup was made {made}; only the release that made it restores it")
    if revision not in REVISIONS:
        raise SchemaTooNew("the backup was made by a later release")
    return revision
