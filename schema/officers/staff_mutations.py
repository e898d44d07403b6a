"""Mutations that transfer officers and record leaves, for department administrators."""

from datetime import date
from typing import Annotated, TypeAlias

import strawberry

from actions.officers.staffing import (
    CancelLeave,
    Moved,
    RecordLeave,
    TransferOfficer,
    cancel_leave,
    record_leave,
    transfer_officer,
)
from domain.kernel import OfficerLevel, Posting, Role, Scope, TypeCode
from domain.officers import staff
from schema.kernel import Info, View, mutation, node_id
from schema.kernel.mutations import KEY_DESCRIPTION, bind, key_of, key_of_type
from schema.kernel.payloads import MutationPayload, run_mutation
from schema.officers.jurisdictions import Jurisdiction
from schema.officers.office_staff import Leave

Recorded: TypeAlias = tuple[staff.Leave, Moved]


@strawberry.input(description="A post: a role for a department and a place; null means every one.")
class PostInput:
    role: Role = strawberry.field(description="OFFICER, APPELLATE or FINANCE_OFFICER.")
    level: OfficerLevel | None = strawberry.field(
        default=None, description="DESIGNATED for an officer; the first or second level for an appellate authority."
    )
    department: str | None = strawberry.field(default=None, description="The slug of the department.")
    district: str | None = strawberry.field(default=None, description="The code of the district.")
    tehsil: str | None = strawberry.field(default=None, description="The code of the tehsil.")


@strawberry.input(description="A transfer.")
class TransferOfficerInput:
    officer_id: strawberry.ID = strawberry.field(description="The officer who leaves her posts.")
    successor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who takes the posts that she leaves; without one they are vacant."
    )
    cover_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who has charge of the vacant posts; without one the level above has their work."
    )
    postings: list[PostInput] = strawberry.field(
        default_factory=list, description="Her posts from now on; one that was vacant is filled by it."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A leave, both days included.")
class RecordLeaveInput:
    officer_id: strawberry.ID = strawberry.field(description="The officer.")
    from_on: date = strawberry.field(description="The first day; cases move on that day.")
    until_on: date = strawberry.field(description="The last day; cases come back after it.")
    substitute_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who stands in; without one the level above has her work."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A leave to cancel.")
class CancelLeaveInput:
    leave_id: strawberry.ID = strawberry.field(description="The leave, planned or running.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What went to others.")
class MovedWork(View[Moved]):
    cases: int = strawberry.field(description="Open applications.")
    appeals: int = strawberry.field(description="Open appeals.")


@strawberry.type(description="A transfer as it was carried out.")
class Transfer:
    officer_id: strawberry.ID = strawberry.field(description="The officer.")
    left: list[Jurisdiction] = strawberry.field(description="The posts that she left.")
    taken: list[Jurisdiction] = strawberry.field(description="Her new posts.")
    vacant: bool = strawberry.field(description="Whether what she left has no successor.")
    moved: MovedWork = strawberry.field(description="What was open with her and went to others.")

    @classmethod
    def of(cls, done: tuple[staff.Transfer, Moved]) -> "Transfer":
        """The graph's view of a transfer."""
        item, moved = done
        return cls(
            officer_id=node_id(TypeCode.OFFICER, item.officer_id),
            left=[Jurisdiction.of(posting) for posting in item.left],
            taken=[Jurisdiction.of(posting) for posting in item.taken],
            vacant=bool(item.left) and item.successor_id is None,
            moved=MovedWork.of(moved),
        )


@strawberry.type(description="A leave as it was recorded or cancelled.")
class LeaveRecord:
    leave: Leave = strawberry.field(description="The leave as it now is.")
    moved: MovedWork = strawberry.field(description="What went to others because of it so far.")

    @classmethod
    def of(cls, done: Recorded) -> "LeaveRecord":
        """The graph's view of it."""
        return cls(leave=Leave.of(done[0]), moved=MovedWork.of(done[1]))


@strawberry.type(description="What became of a transfer.")
class TransferOfficerPayload(MutationPayload):
    transfer: Transfer | None = strawberry.field(description="The transfer; null when refused.")


@strawberry.type(description="What became of a leave.")
class LeavePayload(MutationPayload):
    record: LeaveRecord | None = strawberry.field(description="The leave with what it moved; null when refused.")


@strawberry.type
class StaffingMutation:
    """Mutations of those who post officers."""

    @mutation(
        description="Transfer an officer; what is open with her goes to her successor, or as a vacant post goes.",
        scopes=[Scope.STAFF],
    )
    async def transfer_officer(
        self,
        info: Info,
        input: Annotated[TransferOfficerInput, strawberry.argument(description="The transfer.")],  # noqa: A002
    ) -> TransferOfficerPayload:
        work = bind(
            info,
            transfer_officer,
            lambda: TransferOfficer(
                officer_id=key_of_type(TypeCode.OFFICER, input.officer_id, "input", "officerId"),
                idempotency_key=key_of(info, input.idempotency_key),
                successor_id=_officer_key(input.successor_id, "successorId"),
                cover_id=_officer_key(input.cover_id, "coverId"),
                postings=tuple(_posting(one) for one in input.postings),
            ),
        )
        return await run_mutation(info, TransferOfficerPayload, "transfer", work, Transfer.of)

    @mutation(
        description="Record an officer's leave; her open cases move on its first day and come back at its end.",
        scopes=[Scope.STAFF],
    )
    async def record_leave(
        self,
        info: Info,
        input: Annotated[RecordLeaveInput, strawberry.argument(description="The leave.")],  # noqa: A002
    ) -> LeavePayload:
        work = bind(
            info,
            record_leave,
            lambda: RecordLeave(
                officer_id=key_of_type(TypeCode.OFFICER, input.officer_id, "input", "officerId"),
                from_on=input.from_on,
                until_on=input.until_on,
                idempotency_key=key_of(info, input.idempotency_key),
                substitute_id=_officer_key(input.substitute_id, "substituteId"),
            ),
        )
        return await run_mutation(info, LeavePayload, "record", work, LeaveRecord.of)

    @mutation(
        description="Cancel a leave that is planned or running; what had moved comes back at once.",
        scopes=[Scope.STAFF],
    )
    async def cancel_leave(
        self,
        info: Info,
        input: Annotated[CancelLeaveInput, strawberry.argument(description="The leave.")],  # noqa: A002
    ) -> LeavePayload:
        def request() -> CancelLeave:
            leave_id = key_of_type(TypeCode.LEAVE, input.leave_id, "input", "leaveId")
            return CancelLeave(leave_id, key_of(info, input.idempotency_key))

        work = bind(info, cancel_leave, request)
        return await run_mutation(info, LeavePayload, "record", work, LeaveRecord.of)


def _officer_key(opaque: strawberry.ID | None, field: str) -> str | None:
    return None if opaque is None else key_of_type(TypeCode.OFFICER, opaque, "input", field)


def _posting(given: PostInput) -> Posting:
    return Posting(given.role, given.department, given.district, given.tehsil, given.level)
