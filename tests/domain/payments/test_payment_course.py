"""Which state of a payment may follow which, and how much is kept back for a recovery."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.benefits.benefits import PaymentStatus, Rail, SanctionState, may_follow
from domain.benefits.recoveries import deduction_of
from domain.benefits.sanction_course import Stop, StopGround, StopKind, state_under

S = PaymentStatus
AT = datetime(2026, 11, 24, tzinfo=UTC)
ORDER = [S.SANCTIONED, S.BENEFICIARY_PENDING, S.BENEFICIARY_REJECTED, S.INSTRUCTED, S.AT_BANK, S.CREDITED, S.RETURNED]


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_only_forward_but_for_a_corrected_account_and_a_reissue_of_what_came_back(before: S, after: S):
    if S.REISSUED in {before, after}:
        expected = (before, after) == (S.RETURNED, S.REISSUED)
    elif (before, after) == (S.BENEFICIARY_REJECTED, S.BENEFICIARY_PENDING):
        expected = True
    else:
        expected = ORDER.index(after) > ORDER.index(before)
    assert may_follow(before, after, since=AT, at=AT) is expected


@pytest.mark.parametrize(("days", "legal"), [(0, True), (10, True), (10.001, False), (400, False)])
def test_a_credit_comes_back_within_ten_days_or_not_at_all_but_from_the_treasury_at_any_time(days: float, legal: bool):
    later = AT + timedelta(days=days)
    assert may_follow(S.CREDITED, S.RETURNED, since=AT, at=later) is legal
    assert may_follow(S.CREDITED, S.RETURNED, since=AT, at=later, rail=Rail.IFMS)
    assert may_follow(S.AT_BANK, S.RETURNED, since=AT, at=later)


@given(st.integers(1, 10**9), st.integers(0, 10**10), st.integers(1, 99))
def test_an_instalment_is_never_kept_back_whole_nor_more_than_is_owed(amount: int, owed: int, percent: int):
    kept = deduction_of(amount, owed, percent)
    assert 0 <= kept <= min(owed, amount * percent / 100)
    assert amount - kept >= 1


def stop(kind: StopKind, *, lifted: bool = False) -> Stop:
    at = AT if lifted else None
    return Stop("s", "c", "b", kind, StopGround.COURT_ORDER, AT.date(), "o", AT, lifted_at=at)


def test_the_heaviest_open_stop_gives_the_state():
    assert state_under([]) is SanctionState.ACTIVE
    assert state_under([stop(StopKind.SUSPENSION, lifted=True)]) is SanctionState.ACTIVE
    both = [stop(StopKind.ANNUAL_REVIEW), stop(StopKind.SUSPENSION)]
    assert state_under(both) is SanctionState.SUSPENDED
    assert state_under([*both, stop(StopKind.CESSATION)]) is SanctionState.ENDED
