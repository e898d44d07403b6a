"""Assistance: an operator's request, the citizen's consent, its end, and the citizen's registered relatives."""

from datetime import datetime
from typing import Any, Self

import strawberry

from actions.identity.assistance import ask_assistance, confirm_assistance, end_assistance
from actions.identity.paper_checks import answer_paper_check
from actions.identity.paper_disputes import dispute_paper
from actions.identity.relatives import register_relative, relatives_of, remove_relative
from actions.kernel import of_citizen, require_read
from domain.identity import assisting
from domain.identity.assisting import AssistanceState, AssistanceWay
from domain.identity.policy import ObjectKind
from domain.kernel import Assurance, Scope, TypeCode, mask_mobile
from schema.applications.payloads import application_payload
from schema.kernel import AUTHENTICATED, Info, Mapped, View, former_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload
from store.identity import assistances

MOST_SHOWN = 100


@strawberry.type(directives=[AUTHENTICATED], description="A request of an operator to act for a citizen, and its end.")
class Assistance(View[assisting.Assistance], assistance_id="id", expires_at="until"):
    id: strawberry.ID = strawberry.field(description="Give it to confirmAssistance.")
    assistance_id: str = former_field("id", added="0.2")
    way: AssistanceWay = strawberry.field(description="By whose word.")
    strength: Assurance = strawberry.field(description="How sure that word is of her identity.")
    service_code: str | None = strawberry.field(description="The one service it is for; null for any.")
    centre_code: str = strawberry.field(description="The centre in which the operator works.")
    minutes: int = strawberry.field(description="For how many minutes from her consent.")
    state: AssistanceState = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When the operator asked.")
    given_at: datetime | None = strawberry.field(description="When it was given; null where it was not.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself; null where it was not given.")
    ended_at: datetime | None = strawberry.field(description="When it was ended before; null where not.")


@strawberry.type(directives=[AUTHENTICATED], description="A relative who may speak for the citizen at a centre.")
class Relative(Mapped[assisting.Relative], relative_id="id"):
    id: strawberry.ID = strawberry.field(description="Give it to removeRelative.")
    relative_id: str = former_field("id", added="0.2")
    name: str = strawberry.field(description="The relative's name.")
    relation: str = strawberry.field(description="How the relative is related to her, in her words.")
    masked_mobile: str = strawberry.field(description="The telephone that codes go to, its middle hidden.")
    registered_at: datetime = strawberry.field(description="When she registered the relative.")

    @classmethod
    def of(cls, item: assisting.Relative) -> Self:
        return cls.read(item, masked_mobile=mask_mobile(item.mobile))


async def assistances_of(info: Info, citizen_id: str) -> list[Assistance]:
    """Who asked to act for her, the latest first; raises NOT_FOUND for whom they are not."""
    environment = info.context.environment
    await require_read(environment, info.context.subject, of_citizen(citizen_id, ObjectKind.ASSISTANCE))
    async with environment.store.read_transaction() as tx:
        return [Assistance.of(one) for one in await assistances.of_citizen(tx, citizen_id, MOST_SHOWN)]


async def relatives_listed(info: Info) -> list[Relative]:
    """Her relatives; raises NOT_FOUND for others."""
    return [Relative.of(one) for one in await relatives_of(info.context.environment, info.context.subject)]


def _relatives(items: Any) -> list[Relative]:
    return [Relative.of(one) for one in items]


def _number_of(case: Any) -> str:
    return str(case.number)


_RELATIVES = Thing(list[Relative], "All that she registered; null when refused.", _relatives)


@strawberry.type
class AssistingMutation:
    ask_assistance = action_mutation(
        ask_assistance,
        thing_payload(
            "What became of a request.", assistance=Thing(Assistance, "The request; null when refused.", Assistance.of)
        ),
        "Ask to act for a citizen. What is answered does not tell whether she is known.",
        input_fields(
            "Whom an operator wants to act for, by whose word, and for what.",
            way="OTP: a code to her own telephone. RELATIVE: a code to a relative whom she registered. "
            "SIGNED_PAPER: a paper that she signed, scanned, where no telephone of hers is on file; given at once, and "
            "lets file without opening what was before.",
            born_on="Her date of birth.",
            mobile="Her mobile number; for OTP it is required, with SIGNED_PAPER it is refused.",
            number="The number of an application of hers.",
            name="Her name, to enter her where she is not known; for SIGNED_PAPER it is required.",
            service_code="The one service it is for; left out, any.",
            minutes="For how long, 1 to 120 minutes; left out, 30.",
            relative_mobile="For RELATIVE: the relative's mobile.",
            paper="For SIGNED_PAPER: the reference of the scan that the operator uploaded.",
        ),
        scopes=[Scope.ASSIST],
    )
    confirm_assistance = action_mutation(
        confirm_assistance,
        thing_payload(
            "What became of a code.", assistance=Thing(Assistance, "What was given; null when refused.", Assistance.of)
        ),
        "Enter the code. From then on this session acts for her, until the minutes are over.",
        input_fields(
            "The code that she, or her relative, was sent.",
            assistance_id="The request, as askAssistance told.",
            code="Six digits.",
        ),
        scopes=[Scope.ASSIST],
    )
    dispute_paper = action_mutation(
        dispute_paper,
        thing_payload("The case that was opened.", case_number=Thing(str, "Its number; or null.", _number_of)),
        "Say for a citizen that what an operator filed on a signed paper is not hers: what the paper still lets do "
        "ends, and a grievance is opened. For operators of other centres, and officers of the place.",
        input_fields("What was filed on a signed paper.", number="The number of the application, as it was printed."),
        scopes=[Scope.ASSIST, Scope.CASES],
    )
    answer_paper_check = action_mutation(
        answer_paper_check,
        application_payload("What became of a paper that was drawn."),
        "Say what a signed paper is that was drawn for the district to look at, once its scan was opened. Where it is "
        "doubted, what it still lets do ends. For officers and appellate authorities of the whole district.",
        input_fields(
            "What was seen in the scan of a signed paper.",
            application_id=id_of(TypeCode.APPLICATION, "The application that was filed on it."),
            finding="What it is.",
        ),
        scopes=[Scope.CASES],
    )
    end_assistance = action_mutation(
        end_assistance,
        thing_payload("What was ended.", ended=Thing(int, "How many consents ended; null when refused.", int)),
        "Stop to act for the citizen whom this session acts for.",
        input_fields("The end of acting for a citizen."),
        scopes=[Scope.ASSIST],
    )
    register_relative = action_mutation(
        register_relative,
        thing_payload("The relatives after a registration.", relatives=_RELATIVES),
        "Register a relative who may speak for her at a centre; for herself.",
        input_fields(
            "A relative who may speak for her at a centre.",
            name="The relative's name.",
            relation="How the relative is related to her.",
            mobile="The telephone that codes go to.",
        ),
        scopes=[Scope.OWN],
    )
    remove_relative = action_mutation(
        remove_relative,
        thing_payload("The relatives that are left.", relatives=_RELATIVES),
        "Strike a relative off; for herself.",
        input_fields(
            "A relative who is struck off.", relative_id="The relative; one that is none of hers changes nothing."
        ),
        scopes=[Scope.OWN],
    )
