"""The mutation that records a fee taken at a centre or an office."""

import strawberry

from actions.applications.respond import record_fee
from domain.kernel import TypeCode
from schema.applications.payloads import application_payload
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields, paise


@strawberry.type
class FeesMutation:
    record_fee = action_mutation(
        record_fee,
        application_payload("What became of a fee."),
        "Enter a fee that an operator or an officer took; scrutiny begins and the legal clock starts.",
        input_fields(
            "A fee that was taken.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            receipt="The number of the receipt, at most 40 characters.",
            amount_paise=paise("What was taken; it must be the fee of the application.", "amount"),
            paid_on="The day on which it was paid, where it is entered later; left out today.",
            expected_version="The version that was seen; with another one the answer is CONFLICT.",
        ),
    )
