"""Mutations of the citizen after submission: answer a query, withdraw."""

from typing import Annotated

import strawberry

from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.catalogue.submit_checks import NewDocument
from domain.kernel import TypeCode
from schema.applications.submission_mutations import DocumentInput, FormFieldInput, filled_in
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type


@strawberry.input(description="An answer to an officer's query.")
class AnswerQueryInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    answer: str = strawberry.field(description="The answer, as the officer will read it.")
    form: list[FormFieldInput] = strawberry.field(default_factory=list, description="Only the fields that change.")
    documents: list[DocumentInput] = strawberry.field(
        default_factory=list, description="Papers of the service's list that are handed in now, as the query asked."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The version that was seen; with another one the answer is CONFLICT."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="An application to take back.")
class WithdrawApplicationInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    reason: str | None = strawberry.field(default=None, description="Why, if the citizen wants to say.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that was seen; with another one the answer is CONFLICT."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of an answer.")
class AnswerQueryPayload(ApplicationPayload):
    pass


@strawberry.type(description="What became of a withdrawal.")
class WithdrawApplicationPayload(ApplicationPayload):
    pass


@strawberry.type
class RespondingMutation:
    """Mutations of citizens, or of those who help them, about a case that runs."""

    @mutation(description="Answer an officer's query; the legal clock goes on.")
    async def answer_query(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            AnswerQueryInput, strawberry.argument(description="The answer.")
        ],
    ) -> AnswerQueryPayload:
        work = bind(
            info,
            answer_query,
            lambda: AnswerQuery(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                answer=input.answer,
                form=filled_in(input.form),
                sources={field.name: field.source for field in input.form if field.source is not None},
                documents=tuple(NewDocument(one.key, one.uri, one.source.value) for one in input.documents),
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, AnswerQueryPayload, work)

    @mutation(description="Take an application back that is not decided yet.")
    async def withdraw_application(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            WithdrawApplicationInput, strawberry.argument(description="What is taken back.")
        ],
    ) -> WithdrawApplicationPayload:
        work = bind(
            info,
            withdraw_application,
            lambda: Withdraw(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                idempotency_key=key_of(info, input.idempotency_key),
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, WithdrawApplicationPayload, work)
