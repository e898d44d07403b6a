"""Table of legal periods and amounts, each with its section and whether the gazette confirmed it.

Values come from `law.json` of the state (docs/states.md); an installation changes them by `APUNI_LAW`. Those that
are not confirmed are taken from sister Acts and must be read in the gazette before real penalties are proposed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Period:
    """One number of the law: days, times or paise. `confirmed` is False while its source is another state's Act."""

    value: int
    section: str
    confirmed: bool = False


MOST: Mapping[str, int] = {"life_certificate_month": 12, "recovery_share_percent": 99}
"""The largest values that mean something, for numbers that are no days."""


@dataclass(frozen=True, slots=True)
class Law:
    """The numbers that the engine goes by."""

    first_appeal_days: Period
    """Calendar days after a refusal, or the end of the limit, for the first appeal."""
    second_appeal_days: Period
    """Calendar days after the first order for the second appeal."""
    commission_days: Period
    """Calendar days after the second order for a revision by the Commission."""
    not_satisfied_days: Period
    """Calendar days after the delivery in which the citizen may say that it does not satisfy; final."""
    decide_working_days: Period
    """Working days after which an appeal that is not decided lapses to the next level."""
    warn_authority_working_days: Period
    """Working days after which the authority of an appeal is warned."""
    first_warning_working_days: Period
    """Working days before the due date when the designated officer is warned."""
    last_warning_working_days: Period
    """Working days before the due date when the first appellate authority is warned too."""
    most_pauses: Period
    """How often the clock may stop for a query to the citizen."""
    clearance_working_days: Period
    """Working days that another department has for its answer where the officer names no day."""
    penalty_per_day_paise: Period
    """The penalty for each day of delay."""
    penalty_cap_paise: Period
    """The largest penalty."""
    compensation_cap_paise: Period
    """The largest compensation to the citizen."""
    commission_compare_days: Period
    """Days after which the history of a case at the Commission is compared with ours again."""
    delay_review_day: Period
    """The day of the month on which the review of the month before is made and sent."""
    second_approval_paise: Period
    """Paise above which a sanction, resumption, reissue or recovery needs another person's approval."""
    case_second_officer_paise: Period
    """Paise above which another officer must agree before a case of money is settled."""
    recovery_share_percent: Period
    """How much of each instalment is at most kept back for a recovery, in percent."""
    life_certificate_month: Period
    """The month, 1 to 12, in which pensioners submit the life certificate."""
    life_certificate_remind_days: Period
    """Days before the end of that month on which the first reminder goes out; the last goes ten days before."""
    review_grace_days: Period
    """Days after the yearly review was due from which nothing is paid until it is done."""
    longest_order_days: Period
    """Calendar days that an order may give for the service."""

    def with_values(self, values: Mapping[str, int]) -> "Law":
        """The law with other numbers. Raises ValueError for a name that is not there or a number below one."""
        known = {part.name for part in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"the law has no period {name}")
            if value < 1:
                raise ValueError(f"the period {name} must be at least 1")
            if value > MOST.get(name, value):
                raise ValueError(f"the period {name} must be at most {MOST[name]}")
        parts = {name: replace(getattr(self, name), value=value) for name, value in values.items()}
        return replace(self, **parts)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An advisory penalty, for the authority that hears the appeal; never imposed by itself."""

    delay_days: int
    amount_paise: int
    section: str
    confirmed: bool


def proposed_penalty(delay_days: int, law: Law) -> Proposal:
    """The penalty that the delay would give by the day, up to the cap."""
    days = max(delay_days, 0)
    amount = min(days * law.penalty_per_day_paise.value, law.penalty_cap_paise.value)
    confirmed = law.penalty_per_day_paise.confirmed and law.penalty_cap_paise.confirmed
    return Proposal(days, amount, law.penalty_per_day_paise.section, confirmed)
