"""Small cells are held back, and what they would follow from."""

from datetime import date

import pytest

from domain.statistics.small_cells import (
    SMALLEST,
    Behind,
    Period,
    combine_cells,
    judged_with,
    lines_of,
    suppressed_cells,
    whole_period,
)

TODAY = date(2026, 11, 24)


def line(*cases: int) -> dict[tuple[int, ...], Behind]:
    return {(place,): Behind(many, many) for place, many in enumerate(cases)}


@pytest.mark.parametrize(
    ("cases", "hidden"),
    [
        ([0, 100], set()),
        ([SMALLEST, SMALLEST], set()),
        ([SMALLEST - 1, 50, 20], {0, 2}),
        ([SMALLEST - 1, 50, 20, 20], {0, 2}),  # of two alike the first one
        ([8, 7, 100], {0, 1}),
        ([1, 2, 100, 60], {0, 1, 3}),  # what is hidden would stand for three together
        ([3], {0}),
        ([3, 0], {0}),
    ],
)
def test_small_cells_are_withheld_and_cannot_be_subtracted(cases: list[int], hidden: set[int]) -> None:
    cells = line(*cases)
    assert suppressed_cells(cells, lines_of(cells)) == {(place,) for place in hidden}


def test_a_hidden_cell_does_not_follow_from_row_or_column() -> None:
    many = {("49", "CSC"): 3, ("49", "SELF"): 40, ("50", "CSC"): 30, ("50", "SELF"): 20, ("51", "SELF"): 90}
    table = {place: Behind(each, each) for place, each in many.items()}
    hidden = suppressed_cells(table, lines_of(table))
    for axis in (0, 1):
        for line_of in {place[1 - axis] for place in table}:
            cells = [place for place in table if place[1 - axis] == line_of]
            assert len(hidden & set(cells)) != 1 or len(cells) == 1
    assert ("51", "SELF") not in hidden


def test_cases_that_came_in_and_others_that_were_decided_are_not_added_up() -> None:
    """Nine came in here and nine were decided there: together nine cases, and not eighteen."""
    cells = {(0,): Behind(9, 0), (1,): Behind(0, 9), (2,): Behind(50, 50)}
    assert combine_cells(cells.values()) == Behind(59, 59)
    assert suppressed_cells(cells, lines_of(cells)) == set(cells)


def test_nothing_is_withheld_of_an_empty_table() -> None:
    assert suppressed_cells({}, lines_of({})) == set()


def test_pending_of_months_does_not_add_up() -> None:
    """A month in which cases only waited is hidden, and takes no other month with it: no sum tells it."""
    months = {(1,): Behind(pending=3), (2,): Behind(20, 20), (3,): Behind(30, 30)}
    assert suppressed_cells(months, lines_of(months, months_at=0)) == {(1,)}
    assert suppressed_cells(months, lines_of(months)) == {(1,), (2,)}


def test_whole_periods_do_not_overlap() -> None:
    latest = Period(date(2025, 12, 1), date(2026, 11, 1))
    assert {whole_period(month, TODAY) for month in latest.months} == {latest}
    assert whole_period(date(2025, 3, 1), TODAY) == Period(date(2024, 4, 1), date(2025, 3, 1))
    assert whole_period(date(2024, 4, 1), TODAY) == Period(date(2024, 4, 1), date(2025, 3, 1))
    between = Period(date(2025, 4, 1), date(2025, 11, 1))
    assert [whole_period(month, TODAY) for month in between.months] == [None] * 8
    assert {judged_with(month, TODAY) for month in between.months} == {between}
    assert judged_with(date(2026, 1, 1), TODAY) == latest
    assert whole_period(date(2027, 1, 1), TODAY) is None
    assert judged_with(date(2027, 1, 1), TODAY) == Period(date(2027, 1, 1), date(2027, 1, 1))


def test_in_march_the_latest_year_is_the_financial_year() -> None:
    assert whole_period(date(2026, 4, 1), date(2027, 3, 31)) == Period(date(2026, 4, 1), date(2027, 3, 1))
    assert whole_period(date(2026, 3, 1), date(2027, 3, 31)) == Period(date(2025, 4, 1), date(2026, 3, 1))
