"""Checks references: everything that is referenced exists and belongs to the stated citizen."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, ForeignKey, Select, Table, exists, not_, select

from store.appeals.appeal_rows import appeals_table
from store.applications.application_rows import applications_table
from store.checks.finding import Finding
from store.database import Transaction
from store.database.dump import present
from store.identity.people import citizens_table, officers_table, operators_table
from store.identity.record_claims import record_claims_table
from store.platform.outbox import outbox_table
from store.tables import metadata

SOFT = (
    (applications_table.c.officer_id, officers_table.c.officer_id),
    (applications_table.c.decided_by, officers_table.c.officer_id),
    (applications_table.c.operator_id, operators_table.c.operator_id),
    (outbox_table.c.application_id, applications_table.c.id, appeals_table.c.id),
    (record_claims_table.c.application_id, applications_table.c.id),
)
"""References that the database itself does not hold; what is named is in one of the tables that follow."""

_MOST = 50
"""Findings about one reference."""
_AT_ONCE = 20
"""References that one statement looks at: whether anything is wrong with each of them, which is nearly never so."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A statement that finds the rows of a table for which `code` is reported, by their primary key."""

    code: str
    table: Table
    statement: Select[tuple[str]]


async def references(tx: Transaction) -> AsyncIterator[Finding]:
    """Foreign keys, the softer references, and that a row's citizen is that of the row it belongs to."""
    for asked, rules in _statements(tuple(part.table for part in await present(tx, metadata))):
        for rule, broken in zip(rules, (await tx.connection.execute(asked)).one(), strict=True):
            if broken:
                async for finding in _findings(tx, rule):
                    yield finding
    async for finding in _aliases(tx):
        yield finding


@cache
def _statements(tables: tuple[Table, ...]) -> list[tuple[Select[*tuple[bool, ...]], list[_Rule]]]:
    """The rules about these tables, some at once, each time behind the statement that asks whether they are broken.

    They are kept, since it takes longer to make them than a small store to answer them.
    """
    rules = list(_rules(tables))
    parts = [rules[begins : begins + _AT_ONCE] for begins in range(0, len(rules), _AT_ONCE)]
    return [
        (select(*(exists(rule.statement).label(f"broken_{place}") for place, rule in enumerate(part))), part)
        for part in parts
    ]


def _rules(tables: tuple[Table, ...]) -> Iterator[_Rule]:
    for table in tables:
        for key in _foreign_keys(table):
            yield _orphans(key.parent, key.column)
            if "citizen_id" in table.c and "citizen_id" in key.column.table.c and key.column.name != "citizen_id":
                yield _strangers(table, key)
    for column, *targets in SOFT:
        yield _orphans(column, *targets)


async def _aliases(tx: Transaction) -> AsyncIterator[Finding]:
    """A joined record leads to one that is there, and not on to a third."""
    joined, kept = citizens_table, citizens_table.alias("kept")
    there = exists().where(kept.c.citizen_id == joined.c.alias_of, kept.c.alias_of.is_(None))
    lost = select(joined.c.citizen_id).where(joined.c.alias_of.is_not(None), not_(there)).limit(_MOST)
    for row in (await tx.connection.execute(lost)).all():
        yield Finding("ALIAS_LEADS_NOWHERE", f"citizen:{row.citizen_id}")


def _foreign_keys(table: Table) -> Iterator[ForeignKey]:
    """Keys of one column; the store has no others, which a test asserts."""
    yield from sorted(table.foreign_keys, key=lambda key: key.parent.name)


def _orphans(column: Column[str], *targets: Column[str]) -> _Rule:
    named = [target.table.alias(f"named_{place}").c[target.name] for place, target in enumerate(targets)]
    missing = [not_(exists().where(one == column)) for one in named]
    statement = select(*column.table.primary_key.columns).where(column.is_not(None), *missing)
    return _Rule(f"NO_{targets[0].table.name.upper()}_FOR_{column.name.upper()}", column.table, statement)


def _strangers(table: Table, key: ForeignKey) -> _Rule:
    owner = key.column.table.alias("owner")
    statement = select(*table.primary_key.columns).join_from(table, owner, owner.c[key.column.name] == key.parent)
    return _Rule("CITIZEN_IS_ANOTHER", table, statement.where(owner.c.citizen_id != table.c.citizen_id))


async def _findings(tx: Transaction, rule: _Rule) -> AsyncIterator[Finding]:
    for row in (await tx.connection.execute(rule.statement.limit(_MOST))).all():
        yield Finding(rule.code, f"{rule.table.name}:{'/'.join(map(str, row))}")
