"""Batches of changes of the register of officers: proposed by one administrator, confirmed by another."""

from datetime import datetime
from typing import Annotated

import strawberry

from actions.officers.batches import (
    confirm_batch,
    propose_staff_changes,
    staff_batches,
)
from actions.officers.change_rows import StaffCells
from domain.kernel import Scope
from domain.officers import changes
from domain.officers.changes import BatchState, RowState
from schema.kernel import (
    AUTHENTICATED,
    FOR_STAFF,
    Connection,
    Info,
    Listing,
    View,
    assumed_list_size,
    connection_field,
    many_by_key,
    one_by_key,
    require_signed_in,
    resolver_field,
    stored_listing,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields, nested_input
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field
from store.officers import batches

_waiting_of_batch, _first_rows_of_batch = one_by_key(batches.waiting_rows), many_by_key(batches.first_rows)

_rows = nested_input(
    StaffCells,
    "StaffChangeInput",
    "A change of the register of officers, as a row of the file of `apuni officer import`.",
    change="JOIN, POST, TRANSFER, LEAVE, RETIRE or ADDRESS.",
    email="The official e-mail address of the officer.",
    name_en="Of a joiner: the name in Latin letters.",
    name_hi="Of a joiner: the name in the state's script.",
    designation_en="Of a joiner: the designation in English.",
    designation_hi="Of a joiner: the designation in Hindi.",
    role="The role of the new post.",
    level="The level of the new post.",
    department="The slug of its department.",
    district="The code of its district.",
    tehsil="The code of its tehsil.",
    services="The codes of its only services of the department, with blanks between them; empty for all.",
    from_on="The first day of a leave, as 2026-11-24.",
    until_on="The last day of a leave.",
    successor="The official address of who takes the posts that are left.",
    cover="The official address of who has charge of vacant posts, or stands in during a leave.",
    new_email="The official address that she has from now on.",
)


@strawberry.type(directives=[AUTHENTICATED], description="A row of a batch.")
class StaffRow(View[changes.StaffRow]):
    item: strawberry.Private[changes.StaffRow]
    line: int = strawberry.field(description="Its line in the file; the first row has the second.")
    email: str = strawberry.field(description="The official address of the officer.")
    state: RowState = strawberry.field(description="What became of it.")
    reason: str | None = strawberry.field(description="Why it was left or kept, as a code.")

    @resolver_field(description="What it changes, in the words of the file.")
    def text(self) -> str:
        return "; ".join(f"{name}: {cell}" for name, cell in self.item.cells.items() if name != "email")


@strawberry.type(directives=[AUTHENTICATED], description="Changes of the register of officers that go together.")
class StaffBatch(View[changes.StaffBatch]):
    item: strawberry.Private[changes.StaffBatch]
    id: strawberry.ID = strawberry.field(description="Give it to confirmStaffBatch.")
    source: str = strawberry.field(description="The name of the file, GRAPH, or HR with the id of the message.")
    state: BatchState = strawberry.field(description="Where it stands.")
    rows: int = strawberry.field(description="How many rows it has.")
    recorded_at: datetime = strawberry.field(description="When it was proposed.")
    confirmed_at: datetime | None = strawberry.field(description="When it was confirmed or refused.")

    ordered_by = officer_field("item.recorded_by", description="Who proposed it; null for a command on the host.")

    @resolver_field(description="How many rows are yet to be carried out.")
    async def waiting(self, info: Info) -> int:
        return await info.context.loaders[_waiting_of_batch].load(self.item.id) or 0

    @resolver_field(
        description="Its first twenty rows; the file that was proposed has the others.",
        directives=[assumed_list_size(20)],
    )
    async def first_rows(self, info: Info) -> list[StaffRow]:
        return [StaffRow.of(row) for row in await info.context.loaders[_first_rows_of_batch].load(self.item.id)]


@strawberry.type
class StaffBatchQuery:
    @connection_field(
        Connection[StaffBatch] | None,
        description="Batches of changes of the register, the oldest first, for administrators of the whole state; "
        "null with NOT_FOUND for everybody else.",
        directives=FOR_STAFF,
    )
    async def staff_batches(
        self,
        info: Info,
        states: Annotated[
            list[BatchState] | None, strawberry.argument(description="Only these; left out, those not done yet.")
        ] = None,
    ) -> Listing[changes.StaffBatch]:
        wanted = (BatchState.WAITING, BatchState.CONFIRMED) if states is None else states
        found = staff_batches(require_signed_in(info), *wanted)
        return stored_listing(info, f"staff_batches:{'+'.join(wanted)}", found, StaffBatch.of)


_batch = Thing(StaffBatch, "The batch; null when refused.", StaffBatch.of)


@strawberry.type
class StaffBatchMutation:
    propose_staff_changes = action_mutation(
        propose_staff_changes,
        thing_payload("What became of proposed changes.", batch=_batch),
        "Propose changes of the register of officers; another administrator confirms them as one.",
        input_fields("Changes, all of them or none.", rows=_rows("The changes, at most 100.")),
        scopes=[Scope.STAFF],
    )
    confirm_staff_batch = action_mutation(
        confirm_batch,
        thing_payload("What became of a batch that waited.", batch=_batch),
        "Confirm or refuse changes that another proposed; they are carried out from then on.",
        input_fields(
            "What a second administrator says of a batch.",
            batch_id="The batch, as staffBatches names it.",
            confirm="True carries it out; false ends it, and nothing changes.",
        ),
        name="confirm_staff_batch",
        scopes=[Scope.STAFF],
    )
