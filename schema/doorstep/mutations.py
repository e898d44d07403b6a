"""Mutations of doorstep visits: booking by citizen and office, and the agent's steps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import strawberry

from actions.doorstep.doorstep import assign_visit, book_visit, cancel_visit, offered_slots, reschedule_visit
from actions.doorstep.rounds import fail_visit, hand_over, record_visit_fee, set_out
from domain import doorstep
from domain.doorstep import VisitPurpose
from domain.kernel import TypeCode
from schema.doorstep.types import DoorstepVisit, VisitSlot
from schema.kernel import AUTHENTICATED, NEVER_SILENTLY_NULL, Info, assumed_list_size, require_signed_in, resolver_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import Declared, InputField, id_of, input_fields, nested_input, paise
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, key_of_type
from schema.kernel.payloads import Thing, thing_payload


@strawberry.type
class DoorstepQuery:
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


_slot = nested_input(
    doorstep.Slot, "VisitSlotInput", "A slot as it was offered.", on="The day.", window="The part of it."
)
_SLOT = replace(_slot("One of the slots of doorstepSlots."), required=True)
_VISIT: Mapping[str, Declared] = {
    "visit_id": id_of(TypeCode.VISIT, "The visit."),
    "expected_version": VERSION_DESCRIPTION,
    "idempotency_key": KEY_DESCRIPTION,
}
_visit_fields = input_fields(
    "A visit that is cancelled, or on which the agent sets out.", "DoorstepVisitInput", **_VISIT
)
_visit_payload = thing_payload(
    "What became of a visit.",
    "DoorstepVisitPayload",
    visit=Thing(
        DoorstepVisit, "The visit as it now is, a new one after a change of slot; null when refused.", DoorstepVisit.of
    ),
)


@strawberry.type
class ArrangingMutation:
    book_doorstep_visit = action_mutation(
        book_visit,
        _visit_payload,
        "Book a doorstep visit in an offered slot; an agent of the place is assigned.",
        input_fields(
            "A doorstep visit to book.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            purpose=InputField("Why the agent should come.", default=VisitPurpose.DELIVERY),
            slot=_SLOT,
        ),
        name="book_doorstep_visit",
    )
    reschedule_doorstep_visit = action_mutation(
        reschedule_visit,
        _visit_payload,
        "Put a visit that has not set out into another slot.",
        input_fields("A new slot for a visit that has not set out.", **_VISIT, slot=_SLOT),
        constants={"agent_id": None},
        name="reschedule_doorstep_visit",
    )
    assign_doorstep_visit = action_mutation(
        assign_visit,
        _visit_payload,
        "Give a visit that has not set out to another agent of its place.",
        input_fields(
            "Another agent for a visit that has not set out.",
            **_VISIT,
            agent_id=id_of(TypeCode.OPERATOR, "One of the visit's possibleAgents.", required=True),
        ),
        constants={"slot": None},
        name="assign_doorstep_visit",
    )
    cancel_doorstep_visit = action_mutation(
        cancel_visit,
        _visit_payload,
        "Cancel a visit that has not set out.",
        _visit_fields,
        constants={"slot": None, "agent_id": None},
        name="cancel_doorstep_visit",
    )


@strawberry.type
class VisitingMutation:
    set_out_on_visit = action_mutation(
        set_out,
        _visit_payload,
        "Set out on a visit; the citizen now sees the code.",
        _visit_fields,
        name="set_out_on_visit",
    )
    hand_over_visit = action_mutation(
        hand_over,
        _visit_payload,
        "Hand over by code or signed paper; a delivery makes its application DELIVERED.",
        input_fields(
            "A hand-over: the citizen's code, or a signed paper before a witness.",
            "HandOverDoorstepVisitInput",
            **_VISIT,
            otp="The six digits that the citizen told; five tries.",
            paper_sha256="Without the code: the SHA-256 of the signed paper that was uploaded.",
            witness="With the paper: the name of the witness.",
        ),
        name="hand_over_visit",
    )
    fail_doorstep_visit = action_mutation(
        fail_visit,
        _visit_payload,
        "Note that a visit failed; after fewer than three failures a new slot may be chosen.",
        input_fields("Why a visit failed.", **_VISIT, reason="The coded reason."),
        name="fail_doorstep_visit",
    )
    record_visit_fee = action_mutation(
        record_visit_fee,
        _visit_payload,
        "Enter the fee of the doorstep service that agent, operator or office took.",
        input_fields(
            "The fee of the doorstep service that was taken.",
            visit_id=id_of(TypeCode.VISIT, "The visit."),
            receipt="The number of the receipt, at most 40 characters.",
            amount_paise=paise("What was taken; it must be the fee of the visit.", "amount"),
        ),
    )
