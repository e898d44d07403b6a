"""Events about an officer's queue."""

from datetime import datetime
from typing import Self

import strawberry

from actions.following import QueueRow, queue_row
from domain.changes import Change
from domain.global_ids import TypeCode
from schema.applications import Application
from schema.context import Context, Info
from schema.fields import resolved
from schema.node import node_id


@strawberry.type(description="A case came into the officer's queue, changed in it, or left it.")
class QueueChanged:
    change: strawberry.Private[Change]
    read: strawberry.Private[list[QueueRow | None]]
    """The case, once it was read for this event."""
    cursor: str = strawberry.field(description="Where to go on: give it as `since` after a break.")
    at: datetime = strawberry.field(description="When it changed.")
    application_id: strawberry.ID = strawberry.field(description="Which case.")

    @classmethod
    def of(cls, change: Change, cursor: str) -> Self:
        """The graph's view of a change."""
        key = node_id(TypeCode.APPLICATION, str(change.application_id))
        return cls(change=change, read=[], cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the case lies in the officer's places now; drafts are the citizens' own business."""
        return await self._row(context) is not None

    @resolved(description="Whether the case stands in the queue now; else take it out of a copy.")
    async def in_queue(self, info: Info) -> bool:
        row = await self._row(info.context)
        return row is not None and row.in_queue

    @resolved(description="The case as it is now; null where it left the queue.")
    async def application(self, info: Info) -> Application | None:
        row = await self._row(info.context)
        return Application.of(row.case, withheld=row.withheld) if row is not None and row.in_queue else None

    async def _row(self, context: Context) -> QueueRow | None:
        if not self.read:
            key = str(self.change.application_id)
            self.read.append(await queue_row(context.environment, context.subject, key))
        return self.read[0]
