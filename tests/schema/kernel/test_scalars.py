"""Our own scalars."""

from datetime import UTC, date, datetime

import pytest
from graphql import GraphQLError

from schema.kernel import Long, Paise, scalar_map
from schema.kernel.scalars import show_instant

SCALARS = scalar_map()


def test_instants_are_shown_in_india_with_milliseconds():
    assert show_instant(datetime(2026, 4, 1, 18, 29, 59, 123999, tzinfo=UTC)) == "2026-04-01T23:59:59.123+05:30"


def test_an_instant_without_a_zone_is_a_defect():
    with pytest.raises(ValueError, match="zone"):
        show_instant(datetime(2026, 4, 1))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["2026-04-01T00:00:00+05:30", "2026-03-31T18:30:00.000Z"])
def test_instants_are_read_with_a_zone(text):
    assert SCALARS[datetime].parse_value(text) == datetime(2026, 3, 31, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["2026-04-01", "2026-04-01T00:00:00", "2026-13-01T00:00:00Z", 5, None, "9" * 400])
def test_other_instants_are_refused(wrong):
    with pytest.raises(GraphQLError):
        SCALARS[datetime].parse_value(wrong)


def test_days_are_read_and_shown():
    assert SCALARS[date].parse_value("2026-04-01") == date(2026, 4, 1)
    assert SCALARS[date].serialize(date(2026, 4, 1)) == "2026-04-01"


@pytest.mark.parametrize("wrong", ["20260401", "2026-W14-3", "01.04.2026", 7, "2026-02-30"])
def test_other_days_are_refused_without_an_echo(wrong):
    with pytest.raises(GraphQLError) as caught:
        SCALARS[date].parse_value(wrong)
    assert str(wrong) not in caught.value.message


@pytest.mark.parametrize("kind", [Paise, Long])
@pytest.mark.parametrize("wrong", [1.5, "1", True, 2**53, -(2**53), None])
def test_amounts_are_whole_numbers_that_json_carries(kind, wrong):
    with pytest.raises(GraphQLError):
        SCALARS[kind].parse_value(wrong)
    assert SCALARS[kind].parse_value(2**53 - 1) == 2**53 - 1
