from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.applications.applications import Channel
from domain.applications.lifecycle import Status
from domain.statistics.figures import (
    COARSE_EDGES,
    COUNTED_AS,
    EDGES,
    FigureInputs,
    Mark,
    Measure,
    Part,
    bucket_of,
    cell_of,
    delivery,
    difference,
    last_day_of,
    marks_of,
    months_back,
    percentile,
)

RECEIVED_AT = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
"""Half an hour after midnight of the 25th in India."""
DUE_AT = datetime(2026, 12, 5, 18, 29, 59, tzinfo=UTC)
CELL = cell_of("revenue-department", "ES09", "49", None, Channel.MOBILE)


def case(status: Status, ended_at: datetime | None = None, **changes: object) -> FigureInputs:
    values = {"submitted_at": RECEIVED_AT, "clock_ended_at": None, "due_at": DUE_AT, "paused": False} | changes
    return FigureInputs(CELL, status, ended_at=ended_at, **values)


def measures(counted: FigureInputs) -> dict[tuple[str, date], int]:
    return {
        (mark.measure.value, mark.day): amount for mark, amount in marks_of(counted).items() if mark.part is Part.SUM
    }


def test_days_are_those_of_india() -> None:
    assert measures(case(Status.IN_SCRUTINY)) == {("received", date(2026, 11, 25)): 1}


def test_a_draft_counts_nothing() -> None:
    assert marks_of(case(Status.DRAFT, submitted_at=None)) == {}


def test_a_delivered_case_counts_on_the_day_of_its_delivery_and_as_processed_on_that_of_its_receipt() -> None:
    delivered = DUE_AT
    received, day = date(2026, 11, 25), date(2026, 12, 5)
    assert measures(case(Status.DELIVERED, delivered)) == {
        ("received", received): 1,
        ("processed", received): 1,
        ("disposed", day): 1,
        ("delivered", day): 1,
        ("timed", day): 1,
        ("on_time", day): 1,
        ("days", day): 10,
    }
    histogram = Mark(CELL, day, Part.DAYS, 10, Measure.DISPOSED)
    assert marks_of(case(Status.DELIVERED, delivered))[histogram] == 1


def test_a_certificate_that_was_made_in_time_and_collected_late_is_on_time() -> None:
    collected = case(Status.DELIVERED, DUE_AT + timedelta(days=9), clock_ended_at=DUE_AT)
    assert ("on_time", date(2026, 12, 14)) in measures(collected)


def test_a_second_after_the_due_instant_is_late() -> None:
    late = measures(case(Status.REJECTED, DUE_AT + timedelta(seconds=1)))
    assert ("timed", date(2026, 12, 6)) in late
    assert ("on_time", date(2026, 12, 6)) not in late


def test_what_has_no_known_limit_is_neither_on_time_nor_late() -> None:
    found = {name for name, _ in measures(case(Status.DELIVERED, DUE_AT, due_at=None))}
    assert found == {"received", "processed", "disposed", "delivered", "days"}


def test_a_withdrawal_is_no_disposal() -> None:
    assert measures(case(Status.WITHDRAWN, DUE_AT)) == {
        ("received", date(2026, 11, 25)): 1,
        ("dropped", date(2026, 11, 25)): 1,
        ("withdrawn", date(2026, 12, 5)): 1,
    }


def test_a_running_case_counts_on_its_due_day_until_it_is_paused() -> None:
    due = Mark(CELL, date(2026, 12, 5), Part.DUE, 0, Measure.DUE)
    assert marks_of(case(Status.IN_SCRUTINY))[due] == 1
    assert due not in marks_of(case(Status.QUERY_RAISED, paused=True))
    assert due not in marks_of(case(Status.CERTIFICATE_ISSUED))


def test_a_refusal_that_an_order_opens_again_takes_its_disposal_back() -> None:
    before, after = marks_of(case(Status.REJECTED, DUE_AT)), marks_of(case(Status.IN_SCRUTINY))
    changes = difference(before, after)
    assert changes[Mark(CELL, date(2026, 12, 5), Part.SUM, 0, Measure.DISPOSED)] == -1
    assert changes[Mark(CELL, date(2026, 11, 25), Part.SUM, 0, Measure.PROCESSED)] == -1
    assert Mark(CELL, date(2026, 11, 25), Part.SUM, 0, Measure.RECEIVED) not in changes


def test_every_channel_is_counted_somewhere() -> None:
    assert set(COUNTED_AS) == set(Channel)


@given(st.integers(0, 5000))
def test_a_class_holds_its_days(days: int) -> None:
    for edges in (EDGES, COARSE_EDGES):
        bucket = bucket_of(days, edges)
        assert bucket <= days
        assert days <= last_day_of(bucket, edges) or bucket == edges[-1]


def test_wider_classes_are_made_of_the_others() -> None:
    assert set(COARSE_EDGES) <= set(EDGES)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=50), st.sampled_from([50, 90]))
def test_percentiles_are_exact_up_to_sixty_days(days: list[int], percent: int) -> None:
    histogram: dict[int, int] = {}
    for taken in days:
        histogram[bucket_of(taken)] = histogram.get(bucket_of(taken), 0) + 1
    ranked = sorted(days)
    assert percentile(histogram, percent) == ranked[-(-len(days) * percent // 100) - 1]


def test_no_percentile_of_nothing() -> None:
    assert percentile({}, 50) is None
    assert percentile({3: 0}, 90) is None


def test_a_percentile_beyond_sixty_days_is_the_last_day_of_its_class() -> None:
    assert percentile({61: 1}, 50) == 67
    assert percentile({EDGES[-1]: 1}, 50) == EDGES[-1]


def test_rates_are_of_their_denominators() -> None:
    sums = {
        Measure.RECEIVED: 21,
        Measure.DROPPED: 1,
        Measure.PROCESSED: 19,
        Measure.DISPOSED: 30,
        Measure.TIMED: 8,
        Measure.ON_TIME: 7,
        Measure.DAYS: 275,
        Measure.GRIEVANCES: 3,
        Measure.REPLIED: 2,
    }
    found = delivery(sums, {9: 30}, 5)
    assert (found.processing_rate, found.on_time_rate, found.grievance_reply_rate) == (9500, 8750, 6667)
    assert (found.average_tenths, found.median_days, found.ninetieth_days, found.pending) == (92, 9, 9, 5)


def test_rates_of_nothing_are_unknown() -> None:
    found = delivery({}, {}, 0)
    assert found.processing_rate is None
    assert found.on_time_rate is None
    assert found.average_tenths is None
    assert found.grievance_reply_rate is None


@pytest.mark.long
def test_months() -> None:
    assert months_back(date(2026, 1, 1), 1) == date(2025, 12, 1)
    assert months_back(date(2026, 11, 1), 12) == date(2025, 11, 1)
