"""The mutation that records a fee taken at a centre or an office."""

from typing import Annotated

import strawberry

from actions.applications.respond import RecordFee, record_fee
from domain.kernel import TypeCode
from schema.kernel import Info, Paise, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type


@strawberry.input(description="A fee that was taken.")
class RecordFeeInput:
    application_id: strawberry.ID = strawberry.field(description="The application.")
    receipt: str = strawberry.field(description="The number of the receipt, at most 40 characters.")
    amount: Paise = strawberry.field(description="What was taken; it must be the fee of the application.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that was seen; with another one the answer is CONFLICT."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a fee.")
class RecordFeePayload(ApplicationPayload):
    pass


@strawberry.type
class FeesMutation:
    """Mutations about fees."""

    @mutation(
        description="Enter a fee that an operator or an officer took; scrutiny begins and the legal clock starts."
    )
    async def record_fee(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RecordFeeInput, strawberry.argument(description="The fee.")
        ],
    ) -> RecordFeePayload:
        work = bind(
            info,
            record_fee,
            lambda: RecordFee(
                application_id=key_of_type(TypeCode.APPLICATION, input.application_id, "input", "applicationId"),
                receipt=input.receipt,
                amount_paise=input.amount,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, RecordFeePayload, work)
