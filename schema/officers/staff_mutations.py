"""Mutations that transfer officers and record leaves, for department administrators."""

from datetime import datetime
from typing import TypeAlias

import strawberry

from actions.officers.first_administrators import (
    WaitingAdministrator as Waiting,
)
from actions.officers.first_administrators import (
    create_administrator,
    waiting_administrators,
)
from actions.officers.staff_confirmations import confirm_leave, confirm_transfer, waiting_orders
from actions.officers.staffing import Moved, cancel_leave, record_leave, transfer_officer
from domain.kernel import Posting, Scope, TypeCode
from domain.officers import staff
from schema.kernel import (
    AUTHENTICATED,
    FOR_STAFF,
    Info,
    View,
    assumed_list_size,
    node_id,
    require_signed_in,
    resolver_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields, nested_input
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.jurisdictions import Jurisdiction
from schema.officers.office_staff import Leave
from schema.officers.staff import officer_field

Recorded: TypeAlias = tuple[staff.Leave, Moved]

_posts = nested_input(
    Posting,
    "PostInput",
    "A post: a role for a department and a place; null means every one.",
    role="OFFICER, APPELLATE or FINANCE_OFFICER; HELPLINE or ADMIN, for an administrator alone and without department "
    "and place.",
    level="DESIGNATED for an officer; the first or second level for an appellate authority.",
    department="The slug of the department.",
    district="The code of the district.",
    tehsil="The code of the tehsil.",
    services="The codes of the only services of the department that it is for; empty for all of them.",
)


@strawberry.type(description="What went to others.")
class MovedWork(View[Moved]):
    cases: int = strawberry.field(description="Open applications.")
    appeals: int = strawberry.field(description="Open appeals.")


@strawberry.type(directives=[AUTHENTICATED], description="A transfer as it was ordered or carried out.")
class Transfer:
    item: strawberry.Private[staff.Transfer]
    id: strawberry.ID = strawberry.field(description="Give it to confirmTransfer.")
    waits: bool = strawberry.field(
        description="Whether nothing has changed yet, because a second administrator has to confirm it."
    )
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    confirmed_at: datetime | None = strawberry.field(
        description="When a second administrator confirmed or refused it; null where nobody did."
    )
    officer_id: strawberry.ID = strawberry.field(description="The officer.")
    left: list[Jurisdiction] = strawberry.field(description="The posts that she left.")
    taken: list[Jurisdiction] = strawberry.field(description="Her new posts.")
    vacant: bool = strawberry.field(description="Whether what she left has no successor.")
    moved: MovedWork = strawberry.field(description="What was open with her and went to others.")

    @classmethod
    def of(cls, done: tuple[staff.Transfer, Moved]) -> "Transfer":
        item, moved = done
        return cls(
            item=item,
            id=strawberry.ID(item.id),
            waits=item.confirmation is staff.Confirmation.WAITING,
            ordered_at=item.recorded_at,
            confirmed_at=item.confirmed_at,
            officer_id=node_id(TypeCode.OFFICER, item.officer_id),
            left=[Jurisdiction.of(posting) for posting in item.left],
            taken=[Jurisdiction.of(posting) for posting in item.taken],
            vacant=bool(item.left) and item.successor_id is None,
            moved=MovedWork.of(moved),
        )

    officer = officer_field("item.officer_id", description="The officer, by name.")
    successor = officer_field("item.successor_id", description="Who takes what she leaves; null where nobody does.")
    cover = officer_field("item.cover_id", description="Who has charge of what is vacant; null where nobody has.")
    ordered_by = officer_field("item.recorded_by", description="The administrator who ordered it.")


@strawberry.type(directives=[AUTHENTICATED], description="An administrator who has not used her one-time link yet.")
class WaitingAdministrator(View[Waiting]):
    item: strawberry.Private[Waiting]
    link: str = strawberry.field(
        description="The address that is sent to her: it opens the sign-in that ties her account, once."
    )
    expires_at: datetime = strawberry.field(description="Until when it does; createAdministrator makes another one.")

    officer = officer_field("item.officer_id", description="The administrator.")


@strawberry.type(directives=[AUTHENTICATED], description="Orders that wait for a second administrator.")
class WaitingOrders:
    transfers: list[Transfer] = strawberry.field(
        description="Transfers, the oldest first.", directives=[assumed_list_size(20)]
    )
    leaves: list[Leave] = strawberry.field(
        description="Leaves with a substitute for more than 15 days, the oldest first.",
        directives=[assumed_list_size(20)],
    )
    administrators: list[WaitingAdministrator] = strawberry.field(
        description="Administrators whom the asking one entered, and who have not used their link yet.",
        directives=[assumed_list_size(2)],
    )


@strawberry.type
class WaitingOrdersQuery:
    @resolver_field(
        description="Orders about officers that one administers and that wait for a second administrator, at most 100 "
        "of a kind; null with NOT_FOUND for everybody else.",
        directives=FOR_STAFF,
    )
    async def waiting_orders(self, info: Info) -> WaitingOrders | None:
        env, subject = info.context.environment, require_signed_in(info)
        transfers, leaves = await waiting_orders(env, subject)
        return WaitingOrders(
            transfers=[Transfer.of((one, Moved(0, 0))) for one in transfers],
            leaves=[Leave.of(one) for one in leaves],
            administrators=[WaitingAdministrator.of(one) for one in await waiting_administrators(env, subject)],
        )


@strawberry.type(description="A leave as it was recorded or cancelled.")
class LeaveRecord:
    leave: Leave = strawberry.field(description="The leave as it now is.")
    moved: MovedWork = strawberry.field(description="What went to others because of it so far.")

    @classmethod
    def of(cls, done: Recorded) -> "LeaveRecord":
        return cls(leave=Leave.of(done[0]), moved=MovedWork.of(done[1]))


_leave_payload = thing_payload(
    "What became of a leave.",
    "LeavePayload",
    record=Thing(LeaveRecord, "The leave with what it moved; null when refused.", LeaveRecord.of),
)


@strawberry.type
class StaffingMutation:
    create_administrator = action_mutation(
        create_administrator,
        thing_payload(
            "What became of an administrator's entry.",
            administrator=Thing(
                WaitingAdministrator, "The administrator with the link; null when refused.", WaitingAdministrator.of
            ),
        ),
        "Enter the second administrator, by the only one that there is; later ones are ordered by transferOfficer.",
        input_fields(
            "An administrator.",
            name="The name, in Latin letters.",
            name_hi="The name in the state's script.",
            email="The official e-mail address with which the administrator signs in.",
        ),
        scopes=[Scope.STAFF],
        constants={"instead_of": None},
    )
    transfer_officer = action_mutation(
        transfer_officer,
        thing_payload(
            "What became of a transfer.",
            transfer=Thing(Transfer, "The transfer; null when refused.", Transfer.of),
        ),
        "Transfer an officer; what is open with her goes to her successor, or as a vacant post goes.",
        input_fields(
            "A transfer.",
            officer_id=id_of(TypeCode.OFFICER, "The officer who leaves her posts."),
            successor_id=id_of(TypeCode.OFFICER, "Who takes the posts that she leaves; without one they are vacant."),
            cover_id=id_of(
                TypeCode.OFFICER, "Who has charge of the vacant posts; without one the level above has their work."
            ),
            postings=_posts("Her posts from now on; one that was vacant is filled by it."),
        ),
        scopes=[Scope.STAFF],
    )
    record_leave = action_mutation(
        record_leave,
        _leave_payload,
        "Record an officer's leave; her open cases move on its first day and come back at its end.",
        input_fields(
            "A leave, both days included.",
            officer_id=id_of(TypeCode.OFFICER, "The officer."),
            from_on="The first day; cases move on that day.",
            until_on="The last day; cases come back after it.",
            substitute_id=id_of(TypeCode.OFFICER, "Who stands in; without one the level above has her work."),
        ),
        scopes=[Scope.STAFF],
    )
    confirm_transfer = action_mutation(
        confirm_transfer,
        thing_payload(
            "What became of a transfer that waited.",
            transfer=Thing(Transfer, "The transfer; null when refused.", Transfer.of),
        ),
        "Confirm or refuse a transfer that another administrator ordered.",
        input_fields(
            "What a second administrator says of a transfer.",
            transfer_id="The transfer, as waitingOrders names it.",
            confirm="True carries it out; false ends it, and nothing changes.",
        ),
        scopes=[Scope.STAFF],
    )
    confirm_leave = action_mutation(
        confirm_leave,
        _leave_payload,
        "Confirm a leave whose substitute another administrator named for more than 15 days; cancelLeave refuses it.",
        input_fields("A leave to confirm.", leave_id=id_of(TypeCode.LEAVE, "The leave that waits.")),
        scopes=[Scope.STAFF],
    )
    cancel_leave = action_mutation(
        cancel_leave,
        _leave_payload,
        "Cancel a leave that waits, is planned or running; what had moved comes back at once.",
        input_fields("A leave to cancel.", leave_id=id_of(TypeCode.LEAVE, "The leave, planned or running.")),
        scopes=[Scope.STAFF],
    )
