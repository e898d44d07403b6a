"""Public money for finance officers, without names: cases, waiting payments, batches, runs, totals, statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self

import strawberry

from actions.fees.fee_cases import order_id_of
from actions.payments.signers import KnownSigner
from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import show_number
from domain.payments import files
from domain.payments.files import EnrolmentState
from domain.reconciliation import finance_cases, finance_totals, reconciliation
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, CaseStep, DifferenceKind, SuggestedCause
from domain.reconciliation.reconciliation import RunState
from integrations.dbt_finance import return_reason
from schema.catalogue.places import district_field
from schema.fees.payments import FeePayment, fee_order_by_id
from schema.kernel import (
    AUTHENTICATED,
    ByKey,
    Info,
    InLanguage,
    Long,
    Mapped,
    Paise,
    View,
    assumed_list_size,
    field_by_key,
    field_language,
    former_field,
    label_field,
    one_by_key,
    resolver_field,
)
from schema.officers.staff import AssignedOfficer, officer_by_id
from store.benefits.bharat_reports import KeptReport
from store.payments import payment_queues
from store.payments.payment_queues import QueuedPayment

payment_of_instalment = one_by_key(payment_queues.by_instalments)

_TAKEN_BY = ByKey(officer_by_id, lambda case: case.item.taken_by)


@strawberry.type(directives=[AUTHENTICATED], description="A payment that waits for somebody, without the citizen.")
class QueuedPaymentLine(
    Mapped[QueuedPayment], payment_ref="end_to_end_id", district_code="district", benefit_id="sanction_id"
):
    item: strawberry.Private[QueuedPayment]
    number: str = strawberry.field(description="The number of the sanction.")
    sequence: int = strawberry.field(description="Which instalment of the sanction it is.")
    benefit_id: strawberry.ID = strawberry.field(description="The benefit under which it is paid.")
    payment_ref: str = strawberry.field(description="The end-to-end id, by which the partner knows it.")
    scheme_code: str = strawberry.field(description="The scheme.")
    district_code: str = strawberry.field(description="The district.")
    amount: Paise = strawberry.field(description="What is paid.")
    status: PaymentStatus = strawberry.field(description="Where it stands.")
    since: datetime = strawberry.field(description="Since when.")
    rail: Rail = strawberry.field(description="The way that the money goes.")
    return_code: str | None = strawberry.field(description="The bank's code of why it came back; else null.")

    @classmethod
    def of(cls, item: QueuedPayment) -> Self:
        return cls.read(item, number=show_number(item.number))

    @resolver_field(description="Why it came back, in words; null where it did not.")
    def return_reason(self, info: Info, language: InLanguage = None) -> str | None:
        if self.return_code is None:
            return None
        return return_reason(self.return_code).reason.in_language(field_language(info, language))


@strawberry.type(directives=[AUTHENTICATED], description="A difference in public money that an officer settles.")
class FinanceCase(
    View[finance_cases.FinanceCase], case_id="id", department_slug="department", district_code="district"
):
    item: strawberry.Private[finance_cases.FinanceCase]
    id: strawberry.ID = strawberry.field(description="Give it to takeFinanceCase and the others.")
    case_id: str = former_field("id", added="0.2")
    kind: DifferenceKind = strawberry.field(description="What does not agree.")
    about: str = strawberry.field(description="What it is about: an instalment, a file, a batch, a bank reference.")
    state: CaseState = strawberry.field(description="Where it stands.")
    expected: str | None = strawberry.field(description="What our books say, amounts in paise; null for nothing.")
    found: str | None = strawberry.field(description="What was found, amounts in paise; null for nothing.")
    suggested_cause: SuggestedCause = strawberry.field(description="What most often lies behind it.")
    critical: bool = strawberry.field(description="Whether money may be gone or a file forged.")
    scheme_code: str | None = strawberry.field(description="The scheme; null where it is of none or of several.")
    department_slug: str | None = strawberry.field(description="The department; null for the whole state.")
    district_code: str | None = strawberry.field(description="The district; null for the whole state.")
    amount: Paise | None = strawberry.field(description="What is at stake; null where it is not known.")
    found_at: datetime = strawberry.field(description="When it was found first.")
    last_found_at: datetime = strawberry.field(description="When it was found last.")
    times_found: int = strawberry.field(description="How often it was found while the case was open.")
    outcome: CaseOutcome | None = strawberry.field(description="How it was settled, or is proposed to be.")
    settled_at: datetime | None = strawberry.field(description="When it was settled; null before that.")
    version: int = strawberry.field(description="Grows by one with every step; give it back with one.")

    kind_label = label_field("difference_kind", "kind", description="What does not agree, in words.")
    state_label = label_field("finance_case_state", "state", description="Where it stands, in words.")
    suggested_cause_label = label_field(
        "suggested_cause", "suggested_cause", description="What most often lies behind it, in words."
    )

    district = district_field("district_code", description="The district; null for the whole state.")
    payment = field_by_key(
        payment_of_instalment,
        QueuedPaymentLine.of,
        "item.instalment_id",
        description="The payment of a benefit that it is about; null for every other case.",
    )
    fee_payment = field_by_key(
        fee_order_by_id,
        FeePayment.of,
        lambda case: order_id_of(case.item.about),
        description="The payment of a fee that it is about; null for every other case.",
    )

    @resolver_field(description="The officer who took it; null while nobody did.")
    async def taken_by(self, info: Info) -> AssignedOfficer | None:
        item = await _TAKEN_BY.load(self, info.context.loaders) if self.item.taken_by else None
        return None if item is None else AssignedOfficer.of(item)


@strawberry.type(directives=[AUTHENTICATED], description="A line of a case's history.")
class FinanceCaseEvent:
    step: CaseStep = strawberry.field(description="What was done.")
    at: datetime = strawberry.field(description="When.")
    outcome: CaseOutcome | None = strawberry.field(description="The outcome, where one was named.")
    note: str | None = strawberry.field(description="What the officer wrote, with Aadhaar numbers masked.")

    step_label = label_field("finance_case_step", "step", description="What was done, in words.")


@strawberry.type(directives=[AUTHENTICATED], description="A case with its history.")
class FinanceCaseRecord:
    case: FinanceCase = strawberry.field(description="The case.")
    history: list[FinanceCaseEvent] = strawberry.field(description="What happened to it, the first step first.")

    @classmethod
    def of(cls, case: finance_cases.FinanceCase, events: Sequence[finance_cases.CaseEvent]) -> Self:
        lines = [FinanceCaseEvent(step=one.step, at=one.at, outcome=one.outcome, note=one.note) for one in events]
        return cls(case=FinanceCase.of(case), history=lines)


@strawberry.type(directives=[AUTHENTICATED], description="A file of payments or beneficiaries for PFMS.")
class PaymentBatch(
    View[Any], message_ref="message_id", line_count="lines", amount="total_paise", deletion_count="deletions"
):
    message_ref: str = strawberry.field(description="The message id, which is the name of the file.")
    kind: str = strawberry.field(description="PAYMENT, or BENEFICIARY for a registration.")
    scheme_code: str = strawberry.field(description="The scheme.")
    agency_name: str = strawberry.field(description="The office that pays.")
    state: str = strawberry.field(description="Where it stands: BUILT, SEALED, SENT, ACCEPTED, REJECTED, CLOSED, ...")
    line_count: int = strawberry.field(description="How many lines it has.")
    amount: Paise = strawberry.field(description="The sum of its lines.")
    created_at: datetime = strawberry.field(description="When it was made.")
    sent_at: datetime | None = strawberry.field(description="When its file was handed over; null until then.")
    answered_at: datetime | None = strawberry.field(description="When PFMS answered; null until then.")
    closed_at: datetime | None = strawberry.field(description="When every line had its final status.")
    deletion_count: int = strawberry.field(
        description="How many of its lines delete a beneficiary to whom nothing more is paid."
    )
    signed_by: str | None = strawberry.field(
        description="The fingerprint of the certificate that its file bears; null until it is signed."
    )


@strawberry.type(directives=[AUTHENTICATED], description="A certificate that signs files for PFMS.")
class PaymentSigner(Mapped[files.SignerEnrolment]):
    fingerprint: str = strawberry.field(description="SHA-256 of the certificate, in hex.")
    state: EnrolmentState = strawberry.field(description="What PFMS said last of it.")
    heard_at: datetime | None = strawberry.field(description="As of when PFMS said so; null where it never did.")
    codes: list[str] = strawberry.field(description="Why PFMS declined it.", directives=[assumed_list_size(5)])
    signs_now: bool = strawberry.field(description="Whether new files are signed with it.")
    key_held: bool = strawberry.field(description="Whether we hold its key, to make a file again that it signed.")
    file_count: int = strawberry.field(description="Files that it signed and that are not final: its key must be kept.")
    expires_at: datetime | None = strawberry.field(description="Its last instant; null where we do not hold it.")

    @classmethod
    def of(cls, known: KnownSigner) -> Self:
        return cls.read(
            known.enrolment,
            signs_now=known.signs_now,
            key_held=known.key_held,
            file_count=known.files,
            expires_at=known.valid_until,
        )


@strawberry.type(directives=[AUTHENTICATED], description="A day's comparison with the book of a partner.")
class ReconciliationRun(View[reconciliation.ReconciliationRun], our_amount="ours_paise", their_amount="theirs_paise"):
    rail: Rail = strawberry.field(description="Whose book it is.")
    day: date = strawberry.field(description="The day that is compared.")
    state: RunState = strawberry.field(description="How far it has come.")
    problem: str | None = strawberry.field(description="Why it could not go on when it was last tried; else null.")
    rows_read: Long = strawberry.field(description="Rows of the partner's file that were read.")
    rows_compared: Long = strawberry.field(description="Rows that were compared so far.")
    differences: Long = strawberry.field(description="Differences that were found so far.")
    our_amount: Paise = strawberry.field(description="The sum of what was compared by our book.")
    their_amount: Paise = strawberry.field(description="The sum of what was compared by the partner's book.")
    begun_at: datetime = strawberry.field(description="When it was begun.")
    moved_at: datetime = strawberry.field(description="When it last went on.")
    ended_at: datetime | None = strawberry.field(description="When it was over; null until then.")


@strawberry.type(description="How many payments, and their sum.")
class PaymentSum:
    count: Long = strawberry.field(description="How many payments.")
    amount: Paise = strawberry.field(description="Their sum.")

    @classmethod
    def of(cls, item: finance_totals.Sum) -> Self:
        return cls(count=Long(item[0]), amount=Paise(item[1]))


@strawberry.type(directives=[AUTHENTICATED], description="What stands where of one scheme, district and month.")
class PaymentTotal(Mapped[finance_totals.PaymentTotal], district_code="district"):
    """One line of the totals: instructed = credited + returned + in flight."""

    month: date = strawberry.field(description="The first day of the month that is paid for.")
    scheme_code: str = strawberry.field(description="The scheme.")
    district_code: str = strawberry.field(description="The district.")
    rail: Rail = strawberry.field(description="The way that the money goes.")
    waiting: PaymentSum = strawberry.field(description="Not sent yet.")
    instructed: PaymentSum = strawberry.field(description="Sent.")
    in_flight: PaymentSum = strawberry.field(description="Of those sent, the ones on their way.")
    credited: PaymentSum = strawberry.field(description="Of those sent, the ones that arrived.")
    returned: PaymentSum = strawberry.field(description="Of those sent, the ones that came back.")
    as_of: datetime | None = strawberry.field(description="When it was added up.")

    @classmethod
    def of(cls, item: finance_totals.PaymentTotal) -> Self:
        return cls.read(item, month=date.fromisoformat(f"{item.month}-01"))


@strawberry.type(directives=[AUTHENTICATED], description="What moved in a month in one scheme and district.")
class MonthStatementLine(View[finance_totals.MonthMovement], district_code="district"):
    """One line: opening + instructed = credited + returned + closing."""

    scheme_code: str = strawberry.field(description="The scheme.")
    district_code: str = strawberry.field(description="The district.")
    opening: PaymentSum = strawberry.field(description="On their way when the month began.")
    instructed: PaymentSum = strawberry.field(description="Sent in the month.")
    credited: PaymentSum = strawberry.field(description="Arrived in the month.")
    returned: PaymentSum = strawberry.field(description="Came back in the month.")
    taken_back: PaymentSum = strawberry.field(description="Came back in the month after an earlier month's credit.")
    closing: PaymentSum = strawberry.field(description="On their way when the month ended.")
    balances: bool = strawberry.field(description="Whether opening + instructed = credited + returned + closing.")


@strawberry.type(description="A field of a report to DBT Bharat.")
class BharatField:
    name: str = strawberry.field(description="The field's name at DBT Bharat, as it is spelt there.")
    value: str | None = strawberry.field(description="Its value; null where the store does not know it.")


@strawberry.type(directives=[AUTHENTICATED], description="What DBT Bharat was told of a scheme and month.")
class BharatReport(Mapped[KeptReport]):
    """The last revision."""

    scheme_code: str = strawberry.field(description="The scheme.")
    month: date = strawberry.field(description="The first day of the month.")
    revision: int = strawberry.field(description="Its number; a later one takes the place of the earlier.")
    state: str = strawberry.field(description="QUEUED, or ACCEPTED once DBT Bharat took it.")
    values: list[BharatField] = strawberry.field(description="Every field of it.")
    settled_at: datetime | None = strawberry.field(description="When it was taken; null until then.")

    @classmethod
    def of(cls, item: KeptReport) -> Self:
        return cls.read(
            item,
            month=date.fromisoformat(f"{item.month}-01"),
            values=[BharatField(name=name, value=value) for name, value in sorted(item.fields.items())],
        )
