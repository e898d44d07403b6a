"""Plans what remains under a sanction: future dates, missed instalments, and what the citizen must provide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from actions.benefits.sanction import anchor_of, plan_of
from actions.kernel import Environment
from domain.benefits.benefits import Instalment, PaymentStatus, Sanction, SanctionState
from domain.benefits.plans import REPEATED, Period, add_months, certificate_cutoff, review_due_on
from domain.benefits.sanction_course import Stop, given_up
from domain.catalogue.catalogue import Scheme
from domain.kernel import ist_date

MOST_COMING = 24
PAID_OUT = "PAID_OUT"
"""In a label, the state of what is ACTIVE and has nothing left to pay."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The life certificate that a benefit asks for: by which day, and when the last was given."""

    due_by: date
    given_on: date | None
    overdue: bool


def upcoming_periods(sanction: Sanction, made: Sequence[Instalment], stops: Sequence[Stop], count: int) -> list[Period]:
    """The next periods that no instalment was made for, at most as many; none where nothing more is paid.

    Those that are never paid, as a stop was lifted without them, are passed by.
    """
    anchor = anchor_of(sanction, list(made))
    plan = plan_of(sanction, anchor)
    if plan is None or (made and sanction.period not in REPEATED):
        return []
    first = 0
    if made:
        begins = sanction.next_due_on
        if begins is None:
            return []
        here = plan.period_on(begins)
        first = here.index if here is not None and here.begins == begins else (here.index + 1 if here else 0)
    paid = (period for period in plan.periods(first) if not given_up(stops, period.begins))
    return list(islice(paid, min(count, MOST_COMING)))


def next_payment_on(sanction: Sanction, made: Sequence[Instalment], stops: Sequence[Stop], today: date) -> date | None:
    """The day from which the next period is paid; today where it is overdue, None where nothing is paid now."""
    if sanction.state is not SanctionState.ACTIVE:
        return None
    following = upcoming_periods(sanction, made, stops, 1)
    return max(following[0].begins, today) if following else None


def arrears_paise(sanction: Sanction, made: Sequence[Instalment], stops: Sequence[Stop], today: date) -> int:
    """What the periods come to that are over and were not paid; they are paid each once when nothing holds any more."""
    return sum(
        period.amount_paise for period in upcoming_periods(sanction, made, stops, MOST_COMING) if period.ends < today
    )


def paid_out(
    sanction: Sanction, made: Sequence[Instalment], stops: Sequence[Stop], standing: Collection[PaymentStatus]
) -> bool:
    """Whether the citizen has received all that it grants: nothing is due, and each payment is credited.

    One that was paid again stands as REISSUED; the payment that replaced it is among the others.
    """
    arrived = PaymentStatus.CREDITED in standing and not set(standing) - {
        PaymentStatus.CREDITED,
        PaymentStatus.REISSUED,
    }
    return sanction.state is SanctionState.ACTIVE and arrived and not upcoming_periods(sanction, made, stops, 1)


def certificate_of(env: Environment, sanction: Sanction, scheme: Scheme | None) -> Certificate | None:
    """What is asked of her; None where the scheme asks for no life certificate or the sanction has ended."""
    if scheme is None or not scheme.life_certificate or sanction.state is SanctionState.ENDED:
        return None
    today, month = ist_date(env.clock.now()), env.rules.law.life_certificate_month.value
    sanctioned_on = ist_date(sanction.sanctioned_at)
    if sanction.state is SanctionState.LIFE_CERTIFICATE_DUE:
        return Certificate(certificate_cutoff(today, month), sanction.certified_on, True)
    due_by = add_months(certificate_cutoff(today, month).replace(day=1), 12)
    given = sanction.certified_on is not None and sanction.certified_on >= due_by
    if given or sanctioned_on >= due_by:
        due_by = add_months(due_by, 12)
    return Certificate(add_months(due_by, 1) - timedelta(days=1), sanction.certified_on, False)


def review_due_of(sanction: Sanction, scheme: Scheme | None) -> date | None:
    """The day by which the department reviews it; None where its scheme has no yearly review."""
    if scheme is None or not scheme.annual_review or sanction.state is SanctionState.ENDED:
        return None
    return review_due_on(sanction.reviewed_on, ist_date(sanction.sanctioned_at))
