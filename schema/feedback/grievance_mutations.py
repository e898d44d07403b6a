"""Mutations that raise, answer, escalate and close grievances."""

from typing import Annotated

import strawberry

from actions.feedback.grievances import (
    MoveGrievance,
    RaiseGrievance,
    ReplyToGrievance,
    move_grievance,
    raise_grievance,
    reply_to_grievance,
)
from domain.feedback.grievances import GrievanceCategory, GrievanceMove
from domain.kernel import TypeCode
from schema.feedback.grievances import Grievance
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, bind, key_of, key_of_type
from schema.kernel.payloads import MutationPayload, run_mutation


@strawberry.input(description="A grievance about an application.")
class RaiseGrievanceInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    category: GrievanceCategory = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="The grievance, at most 2000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A reply to a grievance.")
class ReplyToGrievanceInput:
    grievance_id: strawberry.ID = strawberry.field(description="The grievance.")
    text: str = strawberry.field(description="The reply, as the citizen will read it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A grievance of one's own.")
class GrievanceInput:
    grievance_id: strawberry.ID = strawberry.field(description="The grievance.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION_DESCRIPTION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a grievance.")
class GrievancePayload(MutationPayload):
    grievance: Grievance | None = strawberry.field(description="The grievance as it now is; null when refused.")


@strawberry.type
class GrievancesMutation:
    """Mutations about grievances."""

    @mutation(description="Raise a grievance about an application; its due date is set.")
    async def raise_grievance(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RaiseGrievanceInput, strawberry.argument(description="The grievance.")
        ],
    ) -> GrievancePayload:
        work = bind(
            info,
            raise_grievance,
            lambda: RaiseGrievance(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                category=input.category,
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
            ),
        )
        return await run_mutation(info, GrievancePayload, "grievance", work, Grievance.of)

    @mutation(description="Answer a grievance of one's jurisdiction; one that went up is answered from above.")
    async def reply_to_grievance(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            ReplyToGrievanceInput, strawberry.argument(description="The reply.")
        ],
    ) -> GrievancePayload:
        work = bind(
            info,
            reply_to_grievance,
            lambda: ReplyToGrievance(
                grievance_id=key_of_type(TypeCode.GRIEVANCE, input.grievance_id, "input", "grievanceId"),
                text=input.text,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await run_mutation(info, GrievancePayload, "grievance", work, Grievance.of)

    @mutation(description="Close one's grievance.")
    async def close_grievance(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            GrievanceInput, strawberry.argument(description="The grievance.")
        ],
    ) -> GrievancePayload:
        return await _move(info, input, GrievanceMove.CLOSE)

    @mutation(description="Take one's grievance up one level: after a reply that does not help, or when it is overdue.")
    async def escalate_grievance(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            GrievanceInput, strawberry.argument(description="The grievance.")
        ],
    ) -> GrievancePayload:
        return await _move(info, input, GrievanceMove.ESCALATE)


async def _move(info: Info, given: GrievanceInput, move: GrievanceMove) -> GrievancePayload:
    def request() -> MoveGrievance:
        return MoveGrievance(
            grievance_id=key_of_type(TypeCode.GRIEVANCE, given.grievance_id, "input", "grievanceId"),
            move=move,
            idempotency_key=key_of(info, given.idempotency_key),
            expected_version=given.expected_version,
        )

    work = bind(info, move_grievance, request)
    return await run_mutation(info, GrievancePayload, "grievance", work, Grievance.of)
