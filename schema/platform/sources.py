"""The outside systems and their last known status."""

import math
from datetime import datetime
from typing import Self

import strawberry

from domain.kernel import Source, SourceState
from domain.platform.switches import SwitchState
from integrations.calling.monitor import SourceStatus
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, Mapped, assumed_list_size, label_field, resolver_field


@strawberry.type(description="An outside system and what we last heard of it.")
class SourceHealth(Mapped[SourceStatus], name="source"):
    """One system; the status is what this process observed, or another one where this one does not ask the system.

    A system that was not asked lately is tried in the background: whether it takes a connection, without a request.
    """

    name: Source = strawberry.field(description="The system.")
    configured: bool = strawberry.field(
        description="True: systems that this gateway is not connected with are left out.",
        deprecation_reason="Added in 0.1; use Source.name, listed where it is connected; removed on 2027-06-30.",
    )
    state: SourceState | None = strawberry.field(
        description=(
            "LIVE or DOWN as the last call found it, and DOWN where it takes no connections since; before the first "
            "call, whether it takes connections. Null for a system of which no process has told within two hours: one "
            "that only asks us (E_TAAL without push)."
        )
    )
    last_success_at: datetime | None = strawberry.field(description="When it last gave a usable answer.")
    retry_after_seconds: int | None = strawberry.field(description="When asking again makes sense, if it is down.")
    switched: SwitchState = strawberry.field(description="What an administrator's switch lets through; usually ON.")

    @classmethod
    def of(cls, item: SourceStatus, switched: SwitchState) -> Self:
        return cls.read(
            item,
            retry_after_seconds=None if item.retry_after is None else math.ceil(item.retry_after),
            switched=switched,
        )

    label = label_field("source", "name", description="The system's name in words.")


@strawberry.type
class SourcesQuery:
    @resolver_field(
        description="The outside systems that this gateway is connected with.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(15)],
    )
    def sources(self, info: Info) -> list[SourceHealth] | None:
        switches, now = info.context.switches, info.context.environment.clock.now()
        there = [one for one in info.context.monitor.statuses() if one.configured]
        return [SourceHealth.of(item, switches.system(item.source, now)) for item in there]
