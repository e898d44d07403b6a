"""Apps of developers, the log of their requests, and the errors of published operations by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from domain.platform.registered_apps import AppRequest, OperationErrors, RegisteredApp
from store.database import Key, Records, Transaction, insert_into
from store.database.bulk import insert_rows
from store.database.metadata import metadata, table_of

apps_table = table_of(
    RegisteredApp,
    "registered_apps",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("client_id"),
    sa.UniqueConstraint("key_sha256"),
    sa.Index(None, "owner_id"),
)
requests_table = table_of(
    AppRequest,
    "app_requests",
    sa.Column("app_id", Key, sa.ForeignKey("registered_apps.id"), nullable=False),
    sa.Index(None, "app_id", "sent_at"),
    sa.Index(None, "app_id", "request_id"),
)
errors_table = sa.Table(
    "operation_errors",
    metadata,
    *(sa.Column(name, Key, primary_key=True) for name in ("app", "operation", "code")),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("errors", sa.BigInteger, nullable=False),
)

_A, _R, _E = apps_table.c, requests_table.c, errors_table.c
_APPS = Records(RegisteredApp, apps_table, "the app")
_REQUESTS = Records(AppRequest, requests_table, "the request")
add, get, save = _APPS.add, _APPS.get, _APPS.save


async def all_apps(tx: Transaction) -> list[RegisteredApp]:
    """Every app, ended ones too, the newest first."""
    return await _APPS.select_all(tx, sa.select(apps_table).order_by(_A.created_at.desc(), _A.id.desc()))


async def of_keys(tx: Transaction, hashes: Sequence[str]) -> dict[str, str]:
    """The apps that hold and have one of these keys, by the SHA-256 of the key."""
    held = sa.select(_A.key_sha256, _A.id).where(_A.key_sha256.in_(hashes), _A.ended_at.is_(None))
    return {row.key_sha256: row.id for row in (await tx.connection.execute(held)).all()}


async def log_requests(tx: Transaction, requests: Sequence[AppRequest]) -> None:
    """Keep requests of apps."""
    await insert_rows(tx, requests_table, [_REQUESTS.values(tx, one) for one in requests])


async def requests_of(tx: Transaction, app_id: str, request_id: str | None, limit: int) -> list[AppRequest]:
    """The requests of an app, the latest first: all, or those that bore an id."""
    chosen = sa.select(requests_table).where(_R.app_id == app_id)
    if request_id:
        chosen = chosen.where(_R.request_id == request_id)
    return await _REQUESTS.select_all(tx, chosen.order_by(_R.sent_at.desc(), _R.id.desc()).limit(limit))


async def forget_before(tx: Transaction, before: datetime) -> None:
    """Forget the requests of before a moment."""
    await tx.connection.execute(sa.delete(requests_table).where(_R.sent_at < before))


async def add_errors(tx: Transaction, counted: Mapping[tuple[str, str, str, date], int]) -> None:
    """Add counted errors to those of the same operation, code and day."""
    for (app, operation, code, day), count in sorted(counted.items()):
        adding = insert_into(tx, errors_table).values(app=app, operation=operation, code=code, day=day, errors=count)
        adding = adding.on_conflict_do_update(
            index_elements=("app", "operation", "code", "day"), set_={"errors": _E.errors + adding.excluded.errors}
        )
        await tx.connection.execute(adding)


async def forget_errors(tx: Transaction, before: date) -> None:
    """Delete the counts of days before a day."""
    await tx.connection.execute(sa.delete(errors_table).where(_E.day < before))


async def errors_since(tx: Transaction, since: date, limit: int) -> list[OperationErrors]:
    """What went wrong since a day, the latest day first, of each the most frequent."""
    rows = sa.select(errors_table).where(_E.day >= since)
    ordered = rows.order_by(_E.day.desc(), _E.errors.desc(), _E.app, _E.operation, _E.code).limit(limit)
    found = (await tx.connection.execute(ordered)).all()
    return [OperationErrors(row.app, row.operation, row.code, row.day, row.errors) for row in found]
