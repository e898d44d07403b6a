"""The revisions that a database lacks, and whether the release before may go on while each is brought in.

What a revision does is read off its statements for PostgreSQL, which are written down and not carried out. A statement
that depends on rows is written as for a database without any.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

from store.database.migration_runner import OURS, Course, load_scripts
from store.database.revisions import LAST_BEFORE, REVISIONS

_TABLE = re.compile(r"CREATE TABLE (\w+)")
_BREAKS = (
    re.compile(r"DROP TABLE \w+"),
    re.compile(r"ALTER TABLE \w+ DROP COLUMN \w+"),
    re.compile(r"ALTER TABLE \w+ RENAME .*"),
    re.compile(r"ALTER TABLE \w+ ALTER COLUMN \w+ (?:TYPE .*|SET NOT NULL)"),
    re.compile(r"ALTER TABLE \w+ ADD COLUMN \w+(?!.*DEFAULT).*NOT NULL"),
)
"""What a release that knows nothing of it would fail on, where it uses the table or column."""
_WAITS = re.compile(r"(?:CREATE (?:UNIQUE )?INDEX \w+ ON|UPDATE|DELETE FROM) (\w+)")


@dataclass(frozen=True, slots=True)
class Pending:
    """One revision: what it says of itself, statements that the release before may fail on, and tables that wait.

    Writes to those tables wait while it runs, since it indexes them or changes rows of them.
    """

    revision: str
    subject: str
    breaks: tuple[str, ...]
    waits: tuple[str, ...]


def pending_revisions(present: str | None, course: Course = OURS) -> list[Pending]:
    """Those after a revision, oldest first; None is an empty database. Raises ValueError for an unknown one."""
    known = REVISIONS[0] if present == LAST_BEFORE else present
    ahead = course.revisions[0 if known is None else course.revisions.index(known) + 1 :]
    scripts = load_scripts(course)
    return [_examine(scripts, revision) for revision in ahead]


def _examine(scripts: ScriptDirectory, revision: str) -> Pending:
    script: Any = scripts.get_revision(revision)
    written = [" ".join(each.split()) for each in statements_of(script.module).split(";")]
    new = {name for each in written for name in _TABLE.findall(each)}
    breaks = [found[0] for each in written for rule in _BREAKS if (found := rule.match(each)) and not _is_of(each, new)]
    waits = dict.fromkeys(found[1] for each in written if (found := _WAITS.match(each)) and found[1] not in new)
    return Pending(revision, re.split(r"\.\s|\.$|, from the SQL", script.doc)[0], tuple(breaks), tuple(waits))


def _is_of(statement: str, tables: set[str]) -> bool:
    found = re.match(r"\w+ TABLE (\w+)", statement)
    return found is not None and found[1] in tables


def statements_of(module: Any) -> str:
    """The statements of a revision for PostgreSQL, each with a semicolon at its end."""
    written = StringIO()
    options: dict[str, Any] = {"as_sql": True, "output_buffer": written}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    context.impl.connection = _Recorder(written)  # type: ignore[assignment]
    with Operations.context(context):
        module.upgrade()
    return written.getvalue()


class _Recorder:
    """In the place of a connection: writes down what a revision has carried out by itself, and has no rows."""

    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

    def __init__(self, written: StringIO) -> None:
        self._written = written

    def exec_driver_sql(self, statement: str, *_: object) -> Iterator[Any]:
        self._written.write(f"{statement};\n")
        return iter(())

    def execute(self, statement: Any, *_: object) -> Iterator[Any]:
        return self.exec_driver_sql(str(statement))
