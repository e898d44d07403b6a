"""Which channel takes a notice, quiet hours, and that a message only moves on."""

from datetime import UTC, datetime

import pytest

from domain.feedback.messages import RANK, USUAL, MessageChannel, MessageSettings, MessageState, channels_after
from domain.feedback.notices import NoticeKind
from domain.kernel import IST

PUSH, WHATSAPP, SMS, EMAIL = map(MessageChannel, ("PUSH", "WHATSAPP", "SMS", "EMAIL"))
ALL = frozenset({PUSH, WHATSAPP, SMS, EMAIL})
NEWS, CRITICAL = NoticeKind.DELIVERED, NoticeKind.QUERY_RAISED


def here(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("tried", "next_ones"),
    [((), [PUSH, EMAIL]), ((PUSH, EMAIL), [WHATSAPP]), ((PUSH, EMAIL, WHATSAPP), [SMS]), ((PUSH, WHATSAPP, SMS), [])],
)
def test_channels_take_their_turn_and_email_goes_beside_the_first(tried, next_ones):
    assert channels_after(NEWS, MessageSettings(), ALL, tried) == next_ones


def test_a_channel_that_is_not_connected_takes_nothing():
    assert channels_after(NEWS, MessageSettings(), {SMS}, ()) == [SMS]


def test_who_wants_no_channel_gets_by_sms_only_what_she_must_do_something_about():
    nothing = MessageSettings(channels=())

    assert channels_after(NEWS, nothing, ALL, ()) == []
    assert channels_after(CRITICAL, nothing, ALL, ()) == [SMS]


def test_what_only_tells_that_a_case_goes_on_costs_an_sms_for_those_alone_who_chose_sms():
    assert channels_after(NoticeKind.PAYMENT_SENT, USUAL, {SMS}, ()) == []
    assert channels_after(NoticeKind.PAYMENT_SENT, MessageSettings((SMS,)), {SMS}, ()) == [SMS]
    assert channels_after(NoticeKind.PAYMENT_SENT, USUAL, ALL, (PUSH, EMAIL, WHATSAPP)) == []


@pytest.mark.parametrize(
    ("now", "wakes_at"),
    [
        ("24T20:59", None),
        ("24T21:00", "25T08:00"),
        ("24T23:30", "25T08:00"),
        ("25T07:59", "25T08:00"),
        ("25T08:00", None),
    ],
)
def test_quiet_hours_last_from_nine_in_the_evening_to_eight_in_india(now, wakes_at):
    found = MessageSettings().wakes_at(here(now).astimezone(UTC))

    assert found == (here(wakes_at) if wakes_at else None)


def test_quiet_hours_within_a_day_end_on_that_day():
    chosen = MessageSettings(quiet_from=13, quiet_until=15)

    assert chosen.wakes_at(here("24T13:30")) == here("24T15:00")
    assert chosen.wakes_at(here("24T15:00")) is None


def test_equal_hours_are_no_quiet_hours():
    assert MessageSettings(quiet_from=8, quiet_until=8).wakes_at(here("24T08:30")) is None


def test_no_two_states_but_ends_have_the_same_rank():
    ends = {MessageState.DELIVERED, MessageState.FAILED, MessageState.NOT_SENT}
    others = [RANK[each] for each in MessageState if each not in ends]

    assert sorted(set(others)) == sorted(others)
    assert {RANK[each] for each in ends} == {max(RANK.values())}
