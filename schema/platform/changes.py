"""Changes since a cursor, for phones with a local copy and little data."""

from collections.abc import Callable
from typing import Annotated, Self, TypeAlias

import strawberry

from actions.platform.changes import Delta, changed_applications, changed_queue
from domain.kernel import TypeCode, people
from schema.applications.types import Application
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    former_field,
    node_id,
    page_size,
    resolver_field,
    sliced_list_size,
)
from schema.platform import bookmarks

Since: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="The last cursor of this person, of `nextCursor` or of an event; without it, everything from the "
        "start. With RESYNC, drop the copy and begin without a cursor."
    ),
]
SinceEvent: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last event: what was missed is told first. Without it, only what happens from "
        "now on. RESYNC says that it is too old: read anew, then subscribe without it."
    ),
]
SIZED = ("present", "removedIds", "removed")
First: TypeAlias = Annotated[int, strawberry.argument(description="How many things at most, 1 to 100.")]


@strawberry.type(description="What to put into a copy, and what to take out of it.")
class Changes:
    present: list[Application] = strawberry.field(
        description="What is new or changed, as it is now; put each in the place of the one with the same id."
    )
    removed_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of what is not in the list any more: take them out. Some may never have been in the copy."
    )
    removed: list[strawberry.ID] = former_field("removedIds", added="0.1")
    complete: bool = strawberry.field(description="Whether the copy is whole now; else ask again with `nextCursor`.")
    next_cursor: str = strawberry.field(
        description="Where to go on. It stays the same for a day while nothing happens."
    )

    @classmethod
    def of(cls, delta: Delta, write: Callable[[Delta], str]) -> Self:
        removed = [node_id(TypeCode.APPLICATION, key) for key in delta.removed]
        return cls(
            present=[Application.of(item, withheld=withheld) for item, withheld in delta.present],
            removed_ids=removed,
            removed=removed,
            complete=delta.complete,
            next_cursor=write(delta),
        )


@strawberry.type
class ChangesQuery:
    @resolver_field(
        description="The citizen's applications that changed since a cursor: a telephone that follows to the end holds "
        "what `Citizen.applications` lists. Null with NOT_FOUND for others than citizens.",
        directives=[
            AUTHENTICATED,
            NEVER_SILENTLY_NULL,
            sliced_list_size("first", sized=SIZED),
        ],
    )
    async def changes(self, info: Info, first: First, since: Since = None) -> Changes | None:
        context = info.context
        cursors = bookmarks.cursors_of(context.environment.keyrings, context.subject)
        mark = bookmarks.read(cursors, since)
        delta = await changed_applications(context.environment, context.subject, mark, page_size(first))
        return Changes.of(delta, lambda one: bookmarks.write(cursors, one.next))


@strawberry.type
class OfficeChanges:
    item: strawberry.Private[people.Officer]

    @resolver_field(
        description="What came into her queue, changed in it or left it since a cursor. With other postings than when "
        "the cursor was given: RESYNC.",
        directives=[sliced_list_size("first", sized=SIZED)],
    )
    async def queue_changes(self, info: Info, first: First, since: Since = None) -> Changes:
        context = info.context
        cursors = bookmarks.cursors_of(context.environment.keyrings, context.subject)
        mark = bookmarks.read(cursors, since)
        delta = await changed_queue(context.environment, context.subject, self.item.id, mark, page_size(first))
        return Changes.of(delta, lambda one: bookmarks.write(cursors, one.next))
