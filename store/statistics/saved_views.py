"""Views of figures that officers saved for themselves."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, ForeignKey, UniqueConstraint, delete, select, update

from domain.officers.dashboards import Dimension, SavedView, ViewContent
from domain.statistics.figures import StatisticsChannel
from store.database import AnyRow, Json, Key, NotThere, Records, Transaction, count
from store.database.metadata import table_of

saved_views_table = table_of(
    SavedView,
    "saved_views",
    Column("officer_id", Key, ForeignKey("officers.officer_id"), nullable=False),
    Column("content", Json, nullable=False),
    UniqueConstraint("officer_id", "name"),
)

_V = saved_views_table.c


def _content(_: Transaction, row: AnyRow) -> dict[str, Any]:
    kept = dict(row.content)
    channel = kept.pop("channel")
    group_by = tuple(Dimension(one) for one in kept.pop("group_by"))
    return {"content": ViewContent(**kept, channel=StatisticsChannel(channel) if channel else None, group_by=group_by)}


_VIEWS = Records(
    SavedView,
    saved_views_table,
    "the view",
    apart=("content",),
    read=_content,
    write=lambda _, view: {"content": asdict(view.content)},
)
get = _VIEWS.get
add = _VIEWS.add
"""Keep a new view. Raises AlreadyThere where the person has one of that name."""
of_officer = _VIEWS.list_reader_by(_V.officer_id, _V.name)
"""A person's views by name, at most MOST_VIEWS."""


async def save(tx: Transaction, view: SavedView) -> None:
    """Replace a view; no other one of the person may have its name. Raises NotThere."""
    changed = update(saved_views_table).where(_V.id == view.id).values(_VIEWS.values(tx, view)).returning(_V.id)
    if (await tx.connection.execute(changed)).first() is None:
        raise NotThere("the view")


async def remove(tx: Transaction, view_id: str) -> None:
    """Delete a view. Raises NotThere."""
    gone = delete(saved_views_table).where(_V.id == view_id).returning(_V.id)
    if (await tx.connection.execute(gone)).first() is None:
        raise NotThere("the view")


async def view_by_name(tx: Transaction, officer_id: str, name: str) -> SavedView | None:
    """The view of an officer with a name, or None."""
    return await _VIEWS.find(tx, _V.officer_id == officer_id, _V.name == name)


async def count_of(tx: Transaction, officer_id: str) -> int:
    """How many views a person has."""
    return await count(tx, select(_V.id).where(_V.officer_id == officer_id))
