"""Views of figures that officers saved for themselves."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Table, UniqueConstraint, delete, func, select, update

from domain.officers.dashboards import Dimension, SavedView, ViewContent
from domain.statistics.figures import StatisticsChannel
from store.database import AlreadyThere, AnyRow, Instant, Json, Key, NotThere, Transaction, first_row, insert_new
from store.database.metadata import metadata

saved_views_table = Table(
    "saved_views",
    metadata,
    Column("id", Key, primary_key=True),
    Column("officer_id", Key, ForeignKey("officers.officer_id"), nullable=False),
    Column("name", Key, nullable=False),
    Column("content", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("officer_id", "name"),
)

_V = saved_views_table.c


async def add(tx: Transaction, view: SavedView) -> None:
    """Keep a new view. Raises AlreadyThere where the person has one of that name."""
    if not await insert_new(tx, saved_views_table, _values(view)):
        raise AlreadyThere("the view")


async def save(tx: Transaction, view: SavedView) -> None:
    """Replace a view; no other one of the person may have its name. Raises NotThere."""
    changed = update(saved_views_table).where(_V.id == view.id).values(_values(view)).returning(_V.id)
    if (await tx.connection.execute(changed)).first() is None:
        raise NotThere("the view")


async def remove(tx: Transaction, view_id: str) -> None:
    """Delete a view. Raises NotThere."""
    gone = delete(saved_views_table).where(_V.id == view_id).returning(_V.id)
    if (await tx.connection.execute(gone)).first() is None:
        raise NotThere("the view")


async def get(tx: Transaction, view_id: str) -> SavedView | None:
    """The view with an id, or None."""
    row = await first_row(tx, select(saved_views_table).where(_V.id == view_id))
    return _view(row) if row else None


async def view_by_name(tx: Transaction, officer_id: str, name: str) -> SavedView | None:
    """The view of an officer with a name, or None."""
    row = await first_row(tx, select(saved_views_table).where(_V.officer_id == officer_id, _V.name == name))
    return _view(row) if row else None


async def of_officer(tx: Transaction, officer_id: str) -> list[SavedView]:
    """A person's views by name, at most MOST_VIEWS."""
    rows = await tx.connection.execute(select(saved_views_table).where(_V.officer_id == officer_id).order_by(_V.name))
    return [_view(row) for row in rows.all()]


async def count_of(tx: Transaction, officer_id: str) -> int:
    """How many views a person has."""
    statement = select(func.count()).select_from(saved_views_table).where(_V.officer_id == officer_id)
    return int((await tx.connection.execute(statement)).scalar_one())


def _values(view: SavedView) -> dict[str, Any]:
    content = view.content
    return {
        "id": view.id,
        "officer_id": view.officer_id,
        "name": view.name,
        "content": {
            "department": content.department,
            "service_code": content.service_code,
            "district": content.district,
            "tehsil": content.tehsil,
            "channel": content.channel.value if content.channel else None,
            "group_by": [dimension.value for dimension in content.group_by],
            "months": content.months,
        },
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    }


def _view(row: AnyRow) -> SavedView:
    kept = dict(row.content)
    channel = kept.pop("channel")
    group_by = tuple(Dimension(one) for one in kept.pop("group_by"))
    content = ViewContent(**kept, channel=StatisticsChannel(channel) if channel else None, group_by=group_by)
    return SavedView(row.id, row.officer_id, row.name, content, row.created_at, row.updated_at)
