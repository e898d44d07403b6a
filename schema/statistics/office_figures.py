"""Dashboards of officers by role, and their saved views."""

from datetime import date, datetime
from typing import Self

import strawberry

from actions.kernel import Environment
from actions.officers import dashboards as boards
from actions.statistics.saved_views import SaveView, delete_view, rename_view, save_view, views_of
from domain.appeals.delays import CaseList
from domain.benefits.benefits import SanctionState
from domain.kernel import Scope, Subject, people
from domain.officers import dashboards
from domain.officers.dashboards import DashboardRole, Dimension, Direction, TileKey, TileUnit, ViewContent
from domain.statistics.figures import StatisticsChannel
from schema.kernel import AUTHENTICATED, Info, Long, Mapped, View, assumed_list_size, label_field, resolver_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.jurisdictions import Jurisdiction


@strawberry.type(description="The figure of one month.")
class TilePoint(View[boards.TilePoint]):
    month: date = strawberry.field(description="The first day of the month.")
    value: Long | None = strawberry.field(description="The figure, in the tile's unit; null where nothing was counted.")


@strawberry.type(description="One number of a dashboard.")
class Tile(
    Mapped[boards.Tile],
    more_than_value="more",
    unit="rule.unit",
    direction="rule.direction",
    cases="rule.cases",
    held="rule.held",
):
    key: TileKey = strawberry.field(description="What it shows.")
    value: Long | None = strawberry.field(description="The number, in its unit; null where there is nothing to count.")
    more_than_value: bool = strawberry.field(
        description="Whether there are more than the value: cases that no counter tells apart, as those without a "
        "reason, are counted up to 1,000."
    )
    unit: TileUnit = strawberry.field(description="What the value counts.")
    direction: Direction = strawberry.field(description="Which way is better.")
    cases: CaseList | None = strawberry.field(
        description="The list of applications behind it; null where there is none. figureCases gives exactly those "
        "with the dashboard's role as `dashboard`, and for OVERDUE_UNEXPLAINED with `explained: false`."
    )
    held: SanctionState | None = strawberry.field(
        description="The state of the benefits behind it, for heldBenefits; null where there are none."
    )
    link: str = strawberry.field(description="The page with the plots of the same figures, from the gateway's root.")
    trend: list[TilePoint] = strawberry.field(
        description="The last six months by themselves, the oldest first; empty for what is known for now alone.",
        directives=[assumed_list_size(6)],
    )

    @classmethod
    def of(cls, item: boards.Tile, link: str) -> Self:
        value = None if item.value is None else Long(item.value)
        return cls.read(item, value=value, link=link)

    title = label_field("tile", "key", description="Its title.")
    definition = label_field("tile_meaning", "key", description="What exactly is counted, and over which period.")


@strawberry.type(description="What an officer in a role sees first.")
class RoleDashboard(Mapped[boards.Board], jurisdictions="postings"):
    role: DashboardRole = strawberry.field(description="Whose dashboard it is.")
    jurisdictions: list[Jurisdiction] = strawberry.field(
        description="The posts that bound it.", directives=[assumed_list_size(5)]
    )
    tiles: list[Tile] = strawberry.field(description="The numbers, in their order.", directives=[assumed_list_size(12)])

    @classmethod
    def of(cls, item: boards.Board) -> Self:
        return cls.read(item, tiles=[Tile.of(tile, item.link) for tile in item.tiles])

    title = label_field("dashboard_role", "role", description="The role in words.")


@strawberry.type(directives=[AUTHENTICATED], description="A view of figures that an officer keeps under a name.")
class SavedView(Mapped[ViewContent]):
    """Filters and groups for deliveryStatistics."""

    name: str = strawberry.field(description="Its name, by which it is changed; no two of a person are the same.")
    department: str | None = strawberry.field(description="Only this department, by its slug.")
    service_code: str | None = strawberry.field(description="Only this service.")
    district: str | None = strawberry.field(description="Only this district, by its code.")
    tehsil: str | None = strawberry.field(description="Only this tehsil, by its code.")
    channel: StatisticsChannel | None = strawberry.field(description="Only what came in there.")
    group_by: list[Dimension] = strawberry.field(
        description="What the rows tell apart.", directives=[assumed_list_size(3)]
    )
    months: int = strawberry.field(description="How many months, the present one included.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")

    @classmethod
    def of(cls, item: dashboards.SavedView) -> Self:
        return cls.read(item.content, name=item.name, created_at=item.created_at, updated_at=item.updated_at)


@strawberry.type
class OfficeFigures:
    item: strawberry.Private[people.Officer]

    @resolver_field(
        description="Her dashboards, one for each role that she holds, from counters; empty for others.",
        directives=[assumed_list_size(2)],
    )
    async def dashboards(self, info: Info) -> list[RoleDashboard]:
        found = await boards.boards_of(info.context.environment, info.context.subject, self.item)
        return [RoleDashboard.of(board) for board in found]

    @resolver_field(
        description="The views that she keeps, by name; empty for others.", directives=[assumed_list_size(10)]
    )
    async def saved_views(self, info: Info) -> list[SavedView]:
        found = await views_of(info.context.environment, info.context.subject, self.item)
        return [SavedView.of(view) for view in found]


def _to_saved_view(view: dashboards.SavedView | None) -> SavedView | None:
    return None if view is None else SavedView.of(view)


async def _save_view(
    env: Environment, subject: Subject, content: ViewContent, *, name: str, idempotency_key: str
) -> tuple[dashboards.SavedView | None, bool]:
    return await save_view(env, subject, SaveView(name, content, idempotency_key))


_view_payload = thing_payload(
    "What became of a view.",
    "SavedViewPayload",
    view=Thing(SavedView, "The view as it now is; null when refused or deleted.", _to_saved_view),
)


@strawberry.type
class ViewsMutation:
    save_view = action_mutation(
        _save_view,
        _view_payload,
        "Keep a view of figures for oneself, or change one.",
        input_fields(
            "A view of figures to keep.",
            name="Its name, at most 80 characters; a view of that name gets the new content.",
            department="Only this department, by its slug.",
            service_code="Only this service.",
            district="Only this district, by its code.",
            tehsil="Only this tehsil, by its code.",
            channel="Only what came in there.",
            group_by="What the rows tell apart.",
            months="How many months, the present one included; 1 to 60.",
        ),
        name="save_view",
        scopes=[Scope.COUNTS],
    )
    rename_view = action_mutation(
        rename_view,
        _view_payload,
        "Give a view of one's own another name.",
        input_fields(
            "Another name for a view.",
            name="The name that it has.",
            new_name="The name that it gets, at most 80 characters.",
        ),
        scopes=[Scope.COUNTS],
    )
    delete_view = action_mutation(
        delete_view,
        _view_payload,
        "Delete a view of one's own.",
        input_fields("A view to delete.", name="Its name."),
        scopes=[Scope.COUNTS],
    )
