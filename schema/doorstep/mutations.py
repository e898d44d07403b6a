"""Mutations of doorstep visits: booking by citizen and office, and the agent's steps."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeAlias

import strawberry

from actions.doorstep.doorstep import (
    BookVisit,
    ChangeVisit,
    assign_visit,
    book_visit,
    cancel_visit,
    offered_slots,
    reschedule_visit,
)
from actions.doorstep.rounds import (
    FailVisit,
    HandOver,
    RecordVisitFee,
    SetOut,
    fail_visit,
    hand_over,
    record_visit_fee,
    set_out,
)
from domain import doorstep
from domain.doorstep import SlotWindow, VisitFailure, VisitPurpose
from domain.kernel import TypeCode
from schema.doorstep.types import DoorstepVisit, VisitSlot
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Paise,
    assumed_list_size,
    mutation,
    require_signed_in,
    resolver_field,
)
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, bind, key_of, key_of_type
from schema.kernel.payloads import MutationPayload, run_mutation

Work: TypeAlias = Callable[[], Awaitable[tuple[doorstep.Visit, bool]]]


@strawberry.type
class DoorstepQuery:
    """Root fields about doorstep visits."""

    @resolver_field(
        description="The slots of the next working days that can be had for a visit; empty where no visit is due.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(20)],
    )
    async def doorstep_slots(
        self,
        info: Info,
        application_id: Annotated[strawberry.ID, strawberry.argument(description="The application.")],
        purpose: Annotated[
            VisitPurpose, strawberry.argument(description="Why the agent should come.")
        ] = VisitPurpose.DELIVERY,
    ) -> list[VisitSlot] | None:
        subject = require_signed_in(info)
        key = key_of_type(TypeCode.APPLICATION, application_id, "applicationId")
        found = await offered_slots(info.context.environment, subject, key, purpose)
        return [VisitSlot.of(slot) for slot in found]


@strawberry.input(description="A slot as it was offered.")
class VisitSlotInput:
    on: date = strawberry.field(description="The day.")
    window: SlotWindow = strawberry.field(description="The part of it.")


@strawberry.input(description="A doorstep visit to book.")
class BookDoorstepVisitInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    purpose: VisitPurpose = strawberry.field(default=VisitPurpose.DELIVERY, description="Why the agent should come.")
    slot: VisitSlotInput = strawberry.field(description="One of the slots of doorstepSlots.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A visit that is cancelled, or on which the agent sets out.")
class DoorstepVisitInput:
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A new slot for a visit that has not set out.")
class RescheduleDoorstepVisitInput(DoorstepVisitInput):
    slot: VisitSlotInput = strawberry.field(description="One of the slots of doorstepSlots.")


@strawberry.input(description="Another agent for a visit that has not set out.")
class AssignDoorstepVisitInput(DoorstepVisitInput):
    agent_id: strawberry.ID = strawberry.field(description="One of the visit's possibleAgents.")


@strawberry.input(description="Why a visit failed.")
class FailDoorstepVisitInput(DoorstepVisitInput):
    reason: VisitFailure = strawberry.field(description="The coded reason.")


@strawberry.input(description="A hand-over: the citizen's code, or a signed paper before a witness.")
class HandOverDoorstepVisitInput(DoorstepVisitInput):
    otp: str | None = strawberry.field(default=None, description="The six digits that the citizen told; five tries.")
    paper_sha256: str | None = strawberry.field(
        default=None, description="Without the code: the SHA-256 of the signed paper that was uploaded."
    )
    witness: str | None = strawberry.field(default=None, description="With the paper: the name of the witness.")


@strawberry.input(description="The fee of the doorstep service that was taken.")
class RecordVisitFeeInput:
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    receipt: str = strawberry.field(description="The number of the receipt, at most 40 characters.")
    amount: Paise = strawberry.field(description="What was taken; it must be the fee of the visit.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a visit.")
class DoorstepVisitPayload(MutationPayload):
    visit: DoorstepVisit | None = strawberry.field(
        description="The visit as it now is, a new one after a change of slot; null when refused."
    )


@strawberry.type
class ArrangingMutation:
    """Mutations of the citizen, of the operator who helps her, and of officers of the place."""

    @mutation(description="Book a doorstep visit in an offered slot; an agent of the place is assigned.")
    async def book_doorstep_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            BookDoorstepVisitInput, strawberry.argument(description="The visit.")
        ],
    ) -> DoorstepVisitPayload:
        work = bind(
            info,
            book_visit,
            lambda: BookVisit(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                purpose=input.purpose,
                slot=doorstep.Slot(input.slot.on, input.slot.window),
                idempotency_key=key_of(info, input.idempotency_key),
            ),
        )
        return await _visit_payload(info, work)

    @mutation(description="Put a visit that has not set out into another slot.")
    async def reschedule_doorstep_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RescheduleDoorstepVisitInput, strawberry.argument(description="The visit and its new slot.")
        ],
    ) -> DoorstepVisitPayload:
        def request() -> ChangeVisit:
            slot = doorstep.Slot(input.slot.on, input.slot.window)
            return _change(info, input, slot=slot)

        work = bind(info, reschedule_visit, request)
        return await _visit_payload(info, work)

    @mutation(description="Give a visit that has not set out to another agent of its place.")
    async def assign_doorstep_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            AssignDoorstepVisitInput, strawberry.argument(description="The visit and its new agent.")
        ],
    ) -> DoorstepVisitPayload:
        def request() -> ChangeVisit:
            agent_id = key_of_type(TypeCode.OPERATOR, input.agent_id, "input", "agentId")
            return _change(info, input, agent_id=agent_id)

        work = bind(info, assign_visit, request)
        return await _visit_payload(info, work)

    @mutation(description="Cancel a visit that has not set out.")
    async def cancel_doorstep_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            DoorstepVisitInput, strawberry.argument(description="The visit.")
        ],
    ) -> DoorstepVisitPayload:
        work = bind(info, cancel_visit, lambda: _change(info, input))
        return await _visit_payload(info, work)


@strawberry.type
class VisitingMutation:
    """Mutations of the agent on the way."""

    @mutation(description="Set out on a visit; the citizen now sees the code.")
    async def set_out_on_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            DoorstepVisitInput, strawberry.argument(description="The visit.")
        ],
    ) -> DoorstepVisitPayload:
        work = bind(
            info, set_out, lambda: SetOut(_visit(input), key_of(info, input.idempotency_key), input.expected_version)
        )
        return await _visit_payload(info, work)

    @mutation(description="Hand over by code or signed paper; a delivery makes its application DELIVERED.")
    async def hand_over_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            HandOverDoorstepVisitInput, strawberry.argument(description="The proof.")
        ],
    ) -> DoorstepVisitPayload:
        work = bind(
            info,
            hand_over,
            lambda: HandOver(
                visit_id=_visit(input),
                idempotency_key=key_of(info, input.idempotency_key),
                otp=input.otp,
                paper_sha256=input.paper_sha256,
                witness=input.witness,
                expected_version=input.expected_version,
            ),
        )
        return await _visit_payload(info, work)

    @mutation(description="Note that a visit failed; after fewer than three failures a new slot may be chosen.")
    async def fail_doorstep_visit(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            FailDoorstepVisitInput, strawberry.argument(description="The visit and the reason.")
        ],
    ) -> DoorstepVisitPayload:
        def request() -> FailVisit:
            key = key_of(info, input.idempotency_key)
            return FailVisit(_visit(input), input.reason, key, input.expected_version)

        work = bind(info, fail_visit, request)
        return await _visit_payload(info, work)

    @mutation(description="Enter the fee of the doorstep service that agent, operator or office took.")
    async def record_visit_fee(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RecordVisitFeeInput, strawberry.argument(description="The fee.")
        ],
    ) -> DoorstepVisitPayload:
        def request() -> RecordVisitFee:
            visit_id = key_of_type(TypeCode.VISIT, input.visit_id, "input", "visitId")
            return RecordVisitFee(visit_id, input.receipt, input.amount, key_of(info, input.idempotency_key))

        work = bind(info, record_visit_fee, request)
        return await _visit_payload(info, work)


async def _visit_payload(info: Info, work: Work) -> DoorstepVisitPayload:
    return await run_mutation(info, DoorstepVisitPayload, "visit", work, DoorstepVisit.of)


def _visit(given: DoorstepVisitInput) -> str:
    return key_of_type(TypeCode.VISIT, given.visit_id, "input", "visitId")


def _change(
    info: Info, given: DoorstepVisitInput, *, slot: doorstep.Slot | None = None, agent_id: str | None = None
) -> ChangeVisit:
    return ChangeVisit(
        visit_id=_visit(given),
        idempotency_key=key_of(info, given.idempotency_key),
        slot=slot,
        agent_id=agent_id,
        expected_version=given.expected_version,
    )
