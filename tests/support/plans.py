"""What a store was asked, and how its database carries that out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import event

from store.database import Store, Transaction

Asked = tuple[str, Any]
"""A statement with its parameters, as the driver got them."""


@contextmanager
def asked(store: Store) -> Iterator[list[Asked]]:
    """Collects every statement that reads or writes rows."""
    seen: list[Asked] = []
    with _listening(store, lambda statement, parameters: seen.append((statement, parameters))):
        yield seen


@contextmanager
def statements_of(store: Store) -> Iterator[list[str]]:
    """Collects the text of every statement that reads or writes rows."""
    seen: list[str] = []
    with _listening(store, lambda statement, _parameters: seen.append(statement)):
        yield seen


@contextmanager
def _listening(store: Store, hear: Callable[[str, Any], None]) -> Iterator[None]:
    """Begins, commits and settings of a connection are left out."""

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            hear(statement, parameters)

    inner: Any = store
    engines = {inner._writer.sync_engine}  # on PostgreSQL it hears what its readers ask too
    if store.dialect == "sqlite":
        engines.add(inner._reader.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def put_together(store: Store) -> Iterator[list[Any]]:
    """The statements of readers that SQLAlchemy itself carries out, each time put together anew."""
    seen: list[Any] = []

    def note(_connection: Any, statement: Any, *_rest: Any) -> None:
        seen.append(statement)

    engine = cast("Any", store)._reader.sync_engine
    event.listen(engine, "before_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_execute", note)


async def plan_of(tx: Transaction, statement: Asked) -> str:
    """The plan of the database for a statement, in its own words."""
    text, parameters = statement
    explain = "EXPLAIN QUERY PLAN " if tx.dialect == "sqlite" else "EXPLAIN "
    rows = (await tx.connection.exec_driver_sql(explain + text, parameters)).all()
    return "\n".join(str(row[-1]) for row in rows)
