"""The books of months that are over: each is closed once, also those that no worker lived to the end of."""

from datetime import date, timedelta

import pytest

from actions.reconciliation.finance_totals import MOST_MONTHS, make_statements, months_owed
from domain.kernel import Posting, Role
from store.reconciliation import finance_totals
from tests.support.payments import Paying

pytestmark = pytest.mark.integration
_EVERYWHERE = (Posting(Role.FINANCE_OFFICER, None, None, None),)


async def kept(paying: Paying, month: str) -> list[tuple[int, int, int]]:
    """How many were on their way, sent and credited in a month, by the lines of its statement."""
    async with paying.env.store.read_transaction() as tx:
        lines = await finance_totals.statement(
            tx, month, _EVERYWHERE, scheme_code=None, district=None, after=("", "", ""), limit=10
        )
    return [(one.opening[0], one.instructed[0], one.credited[0]) for one in lines]


async def test_a_month_that_was_missed_is_closed_later_as_it_was_at_its_end(paying: Paying) -> None:
    paying.clock.advance(timedelta(days=10))
    assert await make_statements(paying.env)
    assert not await make_statements(paying.env)
    await paying.validated(1)
    await paying.round(now=True)
    await paying.answers()
    paying.clock.advance(timedelta(days=70))
    assert await make_statements(paying.env)
    assert not await make_statements(paying.env)
    assert [await kept(paying, month) for month in ("2026-11", "2026-12", "2027-01")] == [[], [(0, 1, 1)], [(0, 0, 0)]]


def test_where_no_month_was_closed_yet_only_the_last_one_is_owed() -> None:
    assert months_owed(None, date(2026, 3, 5)) == [date(2026, 2, 1)]
    assert months_owed("2026-02", date(2026, 3, 5)) == []
    assert months_owed("2025-11", date(2026, 3, 5)) == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert len(months_owed("2001-01", date(2026, 3, 5))) == MOST_MONTHS
