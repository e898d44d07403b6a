"""An officer's verdict on an application."""

from typing import Annotated

import strawberry

from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.kernel import TypeCode
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type


@strawberry.input(description="A verdict on an application.")
class DecideApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    verdict: Verdict = strawberry.field(description="What is done with it.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that was seen; with another one the answer is CONFLICT."
    )
    ground: RejectionGround | None = strawberry.field(
        default=None, description="The coded ground of a refusal, return or query."
    )
    documents: list[str] = strawberry.field(
        default_factory=list, description="Keys of the service's notified papers that a refusal or query is about."
    )
    reason: str | None = strawberry.field(default=None, description="The reasons, as the citizen will read them.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a verdict.")
class DecideApplicationPayload(ApplicationPayload):
    pass


@strawberry.type
class DecidingMutation:
    """Mutations of officers."""

    @mutation(description="Approve, reject, return, query, or have an application verified.")
    async def decide_application(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            DecideApplicationInput, strawberry.argument(description="The verdict.")
        ],
    ) -> DecideApplicationPayload:
        work = bind(
            info,
            decide_application,
            lambda: Decide(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                verdict=input.verdict,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
                ground=input.ground,
                documents=tuple(input.documents),
                reason=input.reason,
            ),
        )
        return await application_payload(info, DecideApplicationPayload, work)
