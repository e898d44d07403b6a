"""A citizen's first page."""

from typing import Self

import strawberry

from actions.statistics import dashboard
from domain.applications.lifecycle import Status
from schema.applications.types import Application
from schema.kernel import Mapped, label_field


@strawberry.type(description="How many applications are in a state.")
class DashboardCount:
    status: Status = strawberry.field(description="The state.")
    count: int = strawberry.field(description="How many.")

    label = label_field("status", "status", description="The state in words.")


@strawberry.type(description="What waits for the citizen; at most 20 in all, the longest waiting first.")
class WaitingForCitizen:
    open_queries: list[Application] = strawberry.field(description="Applications with a query to answer.")
    fees_pending: list[Application] = strawberry.field(description="Applications whose fee is to be paid.")


@strawberry.type(description="A citizen's first page.")
class Dashboard(Mapped[dashboard.Dashboard], next_deadlines="deadlines"):
    counts: list[DashboardCount] = strawberry.field(description="How many applications she has in each state.")
    waiting_for_me: WaitingForCitizen = strawberry.field(description="What she has to do.")
    next_deadlines: list[Application] = strawberry.field(description="Up to five that are due next.")
    latest: list[Application] = strawberry.field(description="Up to five that changed last.")

    @classmethod
    def of(cls, item: dashboard.Dashboard) -> Self:
        return cls.read(
            item,
            counts=[DashboardCount(status=one, count=item.counts[one]) for one in Status if one in item.counts],
            waiting_for_me=WaitingForCitizen(
                open_queries=[Application.of(one) for one in item.queries],
                fees_pending=[Application.of(one) for one in item.fees],
            ),
        )
