"""Mutations of appeals, hearings, orders and awards."""

import strawberry

from actions.appeals.appeals import (
    Imposed,
    cancel_hearing,
    choose_auto_appeal,
    decide_appeal,
    file_appeal,
    record_hearing,
)
from actions.appeals.awards import settle_award
from actions.appeals.compliance import report_compliance
from actions.kernel import Environment
from domain.kernel import Scope, Subject, TypeCode
from schema.appeals.types import Appeal, Award
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, id_of, input_fields, nested_input, paise
from schema.kernel.payloads import Thing, thing_payload

_APPEAL = id_of(TypeCode.APPEAL, "The appeal.")

_appeal_payload = thing_payload(
    "What became of an appeal.",
    "AppealPayload",
    appeal=Thing(Appeal, "The appeal as it now is; null when refused.", Appeal.of),
)
_award = nested_input(
    Imposed, "AwardInput", "An amount that an order imposes.", amount_paise=paise("How much.", "amount"), reason="Why."
)


async def _choose_auto_appeal(env: Environment, subject: Subject, *, wanted: bool, key: str) -> tuple[bool, bool]:
    return await choose_auto_appeal(env, subject, wanted=wanted, key=key), False


@strawberry.type
class AppealingMutation:
    file_appeal = action_mutation(
        file_appeal,
        _appeal_payload,
        "Appeal against a refusal, a breach, or an order below: 30 days to the first level, 60 to the next.",
        input_fields(
            "An appeal by hand.",
            application_id=id_of(TypeCode.APPLICATION, "The application."),
            text="Why the citizen appeals, at most 4000 characters.",
            late_reason="Why the appeal comes after the period; needed where it does.",
            ground="Left out, the one that the case gives. Against a delivered service: NOT_SATISFIED or "
            "CLOSED_WITHOUT_SERVICE, within 30 days.",
        ),
    )
    record_hearing = action_mutation(
        record_hearing,
        _appeal_payload,
        "Fix a date of hearing of an appeal that one hears, or move one.",
        input_fields(
            "A date of hearing.",
            appeal_id=_APPEAL,
            at="When it is heard.",
            place="Where it is heard.",
            replaces=InputField(
                "The date that this one takes the place of, where a hearing is moved.", name="replaces_at"
            ),
        ),
    )
    cancel_hearing = action_mutation(
        cancel_hearing,
        _appeal_payload,
        "Cancel a date of hearing of an appeal that one hears.",
        input_fields(
            "A date of hearing that will not be held.",
            appeal_id=_APPEAL,
            at="The date as it was fixed.",
            reason="Why, as the citizen will read it; at most 4000 characters.",
        ),
    )
    decide_appeal = action_mutation(
        decide_appeal,
        _appeal_payload,
        "Pass an order on an appeal that one hears; a refused application opens again with DIRECT.",
        input_fields(
            "An order on an appeal.",
            appeal_id=_APPEAL,
            verdict="What is ordered.",
            text="The order with its reasons, as the citizen will read it.",
            direct_until=InputField("With DIRECT: the day by which the service must be given.", name="direct_until_on"),
            penalty=_award("A penalty on the designated officer; after a hearing, from the second level on."),
            compensation=_award("A compensation to the citizen; after a hearing, from the second level on."),
        ),
    )
    report_compliance = action_mutation(
        report_compliance,
        _appeal_payload,
        "Report that an order about a service that was delivered already was obeyed.",
        input_fields(
            "How an order about a service that was delivered already was obeyed.",
            appeal_id=_APPEAL,
            text="What was done, as the citizen will read it; at most 4000 characters.",
            paper=InputField("The SHA-256 of a paper or photograph that was uploaded.", name="paper_sha256"),
        ),
    )
    choose_auto_appeal = action_mutation(
        _choose_auto_appeal,
        thing_payload(
            "What became of the choice.", wanted=Thing(bool, "Whether appeals file themselves now; null when refused.")
        ),
        "Say whether appeals are to file themselves for the citizen who asks.",
        input_fields("Whether appeals are to file themselves.", wanted="False: no appeal is filed by itself for her."),
        name="choose_auto_appeal",
    )
    settle_award = action_mutation(
        settle_award,
        thing_payload(
            "What became of recording a recovery or payment.",
            award=Thing(Award, "The award as it now is; null when refused.", Award.of),
        ),
        "Record that a penalty was recovered or a compensation paid; the Commission is told.",
        input_fields(
            "That a penalty was recovered or a compensation paid.",
            appeal_id=_APPEAL,
            kind="Penalty or compensation.",
            settled_on="The day of the recovery or payment.",
            reference="The number of the challan or voucher, at most 40 characters.",
        ),
        scopes=[Scope.COUNTS],
    )
