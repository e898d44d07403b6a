"""Mutations of benefits: officers' orders, finance officers' payment orders, the citizen's bank account."""

import strawberry

from actions.benefits.orders import complete_review, end_benefit, resume_benefit, suspend_benefit, take_life_certificate
from actions.benefits.payment_orders import (
    cancel_recovery,
    decide_approval,
    note_challan,
    order_recovery,
    reissue_payment,
)
from actions.payments.account_corrections import correct_account
from domain.benefits.benefits import Sanction
from domain.kernel import Scope, TypeCode
from schema.benefits.types import Benefit
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import Declared, InputFields, id_of, input_fields, paise
from schema.kernel.payloads import Payload, Thing, thing_payload

_BENEFIT = id_of(TypeCode.BENEFIT, "The id of the benefit.", "benefit_id")
_RECOVERY = "The place of the recovery."
_CASES, _MONEY = [Scope.CASES], [Scope.COUNTS]


def _fields(description: str, **declared: Declared) -> InputFields:
    """The fields of an input about a benefit."""
    return input_fields(description, sanction_id=_BENEFIT, **declared)


def _payload(description: str) -> Payload[Sanction]:
    """A payload about a benefit."""
    shown = Thing(Benefit, "The benefit as it now is; null when refused.", view_for=Benefit.of_sanction)
    return thing_payload(description, benefit=shown)


@strawberry.type
class BenefitCourseMutation:
    suspend_benefit = action_mutation(
        suspend_benefit,
        _payload("What became of a suspension."),
        "Suspend a benefit on a coded ground. The citizen is told.",
        _fields(
            "A benefit that is suspended.",
            ground="Why; one of the grounds of a suspension.",
            from_on="Periods that begin on or after this day are not paid; left out, today.",
        ),
        scopes=_CASES,
    )
    resume_benefit = action_mutation(
        resume_benefit,
        _payload("What became of a resumption."),
        "Let a suspended benefit pay again. Arrears above the set amount wait for another person.",
        _fields(
            "A suspended benefit that pays again.",
            ground="Why.",
            arrears="Whether the periods that were missed are paid, each once.",
        ),
        scopes=_CASES,
    )
    # On the day of a death the last day is that day.
    end_benefit = action_mutation(
        end_benefit,
        _payload("What became of an end."),
        "End a benefit, as by death; what was paid for later periods is ordered back.",
        _fields(
            "A benefit that ends.",
            ground="Why; one of the grounds of an end.",
            last_day="The last day that it covers; a period that began by then is paid.",
        ),
        scopes=_CASES,
    )
    take_life_certificate = action_mutation(
        take_life_certificate,
        _payload("What became of a life certificate."),
        "Note the yearly life certificate; a benefit that was stopped without it pays again, with arrears.",
        _fields(
            "A life certificate that was given.",
            given_on="The day on which she showed that she lives; at most a year ago.",
            proof="How.",
        ),
        scopes=_CASES,
    )
    complete_benefit_review = action_mutation(
        complete_review,
        _payload("What became of a yearly review."),
        "Note that the yearly review of a benefit was done today, and found in order.",
        _fields("A yearly review that was done."),
        name="complete_benefit_review",
        scopes=_CASES,
    )
    correct_payment_account = action_mutation(
        correct_account,
        _payload("What became of a corrected account."),
        "Have a benefit paid to another account after one was refused; for the citizen alone.",
        _fields(
            "The account that a benefit is paid to from now on.",
            account_number="The number of the account, 9 to 18 digits.",
            ifsc="The IFSC of the branch.",
        ),
        name="correct_payment_account",
        scopes=[Scope.OWN],
    )


@strawberry.type
class BenefitMoneyMutation:
    reissue_payment = action_mutation(
        reissue_payment,
        _payload("What became of a reissue."),
        "Pay a payment again that finally came back, by a new order that names the first.",
        _fields("A payment that came back and is paid again.", sequence="The place of the payment that came back."),
        scopes=_MONEY,
    )
    order_recovery = action_mutation(
        order_recovery,
        _payload("What became of a recovery."),
        "Order money back that was not due; above the set amount another person approves it.",
        _fields(
            "Money that is ordered back.",
            amount_paise=paise("How much; no more than was credited and not ordered back yet.", "amount"),
            ground="Why it was not due.",
            way="How it comes back.",
        ),
        scopes=_MONEY,
    )
    note_recovery_challan = action_mutation(
        note_challan,
        _payload("What became of a challan."),
        "Note a challan by which a part of a recovery was paid in.",
        _fields(
            "A part of a recovery that was paid into the treasury.",
            recovery=_RECOVERY,
            challan="The number of the challan, at most 40 characters.",
            amount_paise=paise("How much was paid in; no more than is outstanding.", "amount"),
        ),
        name="note_recovery_challan",
        scopes=_MONEY,
    )
    cancel_recovery = action_mutation(
        cancel_recovery,
        _payload("What became of a recovery that is cancelled."),
        "Ask nothing more of a recovery.",
        _fields("A recovery of which nothing more is asked.", recovery=_RECOVERY),
        scopes=_MONEY,
    )
    decide_payment_approval = action_mutation(
        decide_approval,
        _payload("What became of a second approval."),
        "Approve or refuse what waits for a second person; for another one than who asked.",
        _fields(
            "The second person's word on a payment.",
            number="The place of the approval.",
            approve="Whether it is approved.",
        ),
        name="decide_payment_approval",
        scopes=_MONEY,
    )
