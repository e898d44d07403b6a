"""The budget of a sanction before it is made, for the officer who decides."""

import asyncio
from datetime import datetime
from typing import Self

import strawberry

from actions.budget import told_balance
from actions.environment import Environment
from domain import budgets
from domain.budgets import year_name
from domain.clock import ist_date
from domain.people import Subject
from domain.sources import Sourced
from schema.context import Info
from schema.directives import AUTHENTICATED
from schema.loading import Loader
from schema.provenance import Provenance
from schema.scalars import Paise
from schema.services import Scheme


async def _read_balances(
    env: Environment, _subject: Subject, scheme_codes: list[str]
) -> list[budgets.ToldBalance | BaseException]:
    """What is left of the heads of account of schemes now; one that cannot be told fails alone."""
    today = ist_date(env.clock.now())
    return await asyncio.gather(*(told_balance(env, code, today) for code in scheme_codes), return_exceptions=True)


balance_of_scheme: Loader[str, budgets.ToldBalance] = Loader(_read_balances)


@strawberry.type(directives=[AUTHENTICATED], description="What a sanction would need of the budget, and what is left.")
class SanctionBudget:
    """The need of a sanction that is made today beside its head of account."""

    scheme: Scheme = strawberry.field(description="The scheme that would pay.")
    head_of_account: str = strawberry.field(description="The head of account that it is paid from.")
    financial_year: str = strawberry.field(description="The year of the budget, from 1 April: 2026-27.")
    first_payment: Paise | None = strawberry.field(
        description="What is paid first; null where no source gives the scheme's amount."
    )
    rest_of_year: Paise | None = strawberry.field(
        description="What would be paid after it up to 31 March; null where the amount is not known."
    )
    balance: Paise = strawberry.field(description="What the treasury says is left of the head of account.")
    set_aside: Paise = strawberry.field(
        description="What other payments were promised of that and the treasury does not show yet."
    )
    enough: bool | None = strawberry.field(
        description="Whether what nobody was promised covers the first payment; null where the amount is not known. "
        "Where it does not, the sanction is made and waits as BUDGET_WAIT."
    )
    enough_for_year: bool | None = strawberry.field(
        description="Whether it covers the whole of the financial year; null where the amount is not known."
    )
    as_of: datetime = strawberry.field(description="When the treasury told the balance.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")

    @classmethod
    def of(cls, info: Info, sourced: Sourced[budgets.SanctionBudget]) -> Self:
        """The graph's view of what the treasury told just now."""
        item = sourced.value
        need, balance = item.need, item.balance
        return cls(
            scheme=Scheme.of(item.scheme),
            head_of_account=balance.head_of_account,
            financial_year=year_name(ist_date(balance.asked_at)),
            first_payment=None if need is None else Paise(need.first_paise),
            rest_of_year=None if need is None else Paise(need.rest_of_year_paise),
            balance=Paise(balance.available_paise),
            set_aside=Paise(item.set_aside_paise),
            enough=None if need is None else need.first_paise <= item.free_paise,
            enough_for_year=None if need is None else need.year_paise <= item.free_paise,
            as_of=balance.as_of,
            provenance=[Provenance.of(info, (sourced.source, sourced.state, sourced.as_of))],
        )
