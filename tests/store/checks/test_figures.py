import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from actions.statistics.upkeep import rebuild
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.kernel import Posting, Role
from domain.statistics.figures import Measure, bucket_of, difference, figure_inputs, marks_of, month_of
from domain.statistics.silence import Activity
from store.applications import applications
from store.database import Store, Transaction, TryAgain
from store.identity import people
from store.statistics import figure_days, figure_recount, figures
from store.statistics.figures import FigureFilter
from tests.store.builders import NOW, application, citizen

YEAR = FigureFilter(date(2026, 1, 1), date(2026, 12, 1))
DAY = timedelta(days=1)


def delivered(key: str, days: int, **changes: object) -> Application:
    """Submitted so many days before NOW and delivered then, in time."""
    values = {
        "status": Status.DELIVERED,
        "submitted_at": NOW - days * DAY,
        "delivered_at": NOW,
        "due_at": NOW + DAY,
    } | changes
    return application(key, **values)


async def keep(tx: Transaction, *cases: Application) -> None:
    for case in cases:
        await applications.add(tx, case)
        await figures.add(tx, marks_of(figure_inputs(case)), case.id)


async def agrees(store: Store) -> None:
    async with store.read_transaction() as tx:
        assert await figure_recount.stored_cubes(tx) == await figure_recount.recount_cubes(tx)


@pytest.fixture
async def peopled(store: Store) -> Store:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
    return store


async def test_figures_are_the_same_before_and_after_folding(peopled: Store) -> None:
    async with peopled.write_transaction() as tx:
        await keep(
            tx,
            delivered("a1", 3),
            delivered("a2", 9, channel=Channel.CSC, tehsil="t2"),
            delivered("a3", 40, district="58", due_at=NOW - DAY),
            application("a4", status=Status.IN_SCRUTINY, submitted_at=NOW, due_at=NOW + 5 * DAY),
        )

    async def read() -> list[object]:
        async with peopled.read_transaction() as tx:
            return [
                await figures.sums(tx, YEAR),
                await figures.sums(tx, YEAR, ("period", "district")),
                await figures.sums(tx, replace(YEAR, channel="CSC"), ("tehsil",)),
                await figure_days.histograms(tx, YEAR, ("district",)),
                await figures.due_before(tx, YEAR, NOW.date() + 30 * DAY),
                await figures.due_before(tx, YEAR, NOW.date()),
                await figures.activity(tx, NOW.date() - 30 * DAY),
            ]

    before = await read()
    total = before[0][()]
    assert (total[Measure.RECEIVED], total[Measure.DISPOSED], total[Measure.ON_TIME]) == (4, 3, 2)
    assert total[Measure.DAYS] == 52
    assert before[3] == {("57",): {3: 1, 9: 1}, ("58",): {40: 1}}
    assert before[4:6] == [1, 0]
    async with peopled.write_transaction() as tx:
        assert await figures.fold(tx) > 0
        assert await figures.fold(tx) == 0
    assert await read() == before
    await agrees(peopled)


async def test_a_cell_of_every_dimension_answers_in_wider_classes_folded_or_not(peopled: Store) -> None:
    wanted = replace(YEAR, tehsil="t9", service_code="ES09", channel="SELF")
    async with peopled.write_transaction() as tx:
        await keep(tx, delivered("a1", 12, tehsil="t9"))

    async def read() -> dict[object, dict[int, int]]:
        async with peopled.read_transaction() as tx:
            return await figure_days.histograms(tx, wanted)

    assert await read() == {(): {10: 1}}
    async with peopled.write_transaction() as tx:
        await figures.fold(tx)
    assert await read() == {(): {10: 1}}


async def test_a_reopened_and_then_delivered_case_leaves_one_disposal(peopled: Store) -> None:
    opened = application("a1", status=Status.IN_SCRUTINY, submitted_at=NOW - 5 * DAY, due_at=NOW + DAY)
    refused = replace(opened, status=Status.WITHDRAWN, updated_at=NOW)
    again = replace(opened, due_at=NOW + 9 * DAY)
    done = replace(again, status=Status.DELIVERED, delivered_at=NOW + 2 * DAY)
    path = [opened, refused, again, done]
    async with peopled.write_transaction() as tx:
        await applications.add(tx, replace(done, version=1))
        before = Counter()
        for case in path:
            after = marks_of(figure_inputs(case))
            await figures.add(tx, difference(before, after), "a1")
            before = after
        await figures.fold(tx)
    async with peopled.read_transaction() as tx:
        sums = (await figures.sums(tx, YEAR))[()]
        assert (sums[Measure.RECEIVED], sums[Measure.DISPOSED], sums[Measure.WITHDRAWN]) == (1, 1, 0)
        assert await figures.due_before(tx, YEAR, date(2027, 1, 1)) == 0
    await agrees(peopled)


async def test_jurisdictions_are_added_up_once_where_they_overlap(peopled: Store) -> None:
    async with peopled.write_transaction() as tx:
        await keep(tx, delivered("a1", 1), delivered("a2", 1, district="58"), delivered("a3", 1, department="other"))
        await figures.fold(tx)
    posts = (Posting(Role.OFFICER, "revenue-department", "57"), Posting(Role.OFFICER, None, "57"))
    async with peopled.read_transaction() as tx:
        assert (await figures.sums(tx, replace(YEAR, postings=posts)))[()][Measure.RECEIVED] == 2
        assert await figures.sums(tx, replace(YEAR, postings=())) == {}


async def test_sixty_four_writers_and_folds_at_once_count_each_case_once(
    peopled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FOLD_BATCH", 7)

    async def write(number: int) -> None:
        await peopled.carry_out(lambda tx: keep(tx, delivered(f"w{number}", number % 5)))

    async def folding() -> None:
        try:
            await peopled.carry_out(figures.fold)
        except TryAgain:
            return

    await asyncio.gather(*(write(number) for number in range(64)), *(folding() for _ in range(6)))
    async with peopled.read_transaction() as tx:
        assert (await figures.sums(tx, YEAR))[()][Measure.DISPOSED] == 64
    while await peopled.carry_out(figures.fold):
        pass
    await agrees(peopled)


async def test_a_rebuild_counts_what_was_never_counted_and_forgets_what_was_wrong(peopled: Store) -> None:
    async with peopled.write_transaction() as tx:
        await applications.add(tx, delivered("a1", 3))
        await figures.add(tx, marks_of(figure_inputs(delivered("a9", 4))), "a9")
        await figures.fold(tx)
        await figures.add(tx, marks_of(figure_inputs(delivered("a8", 4))), "a8")
    assert await rebuild(peopled) > 0
    async with peopled.read_transaction() as tx:
        assert (await figures.sums(tx, YEAR))[()][Measure.DISPOSED] == 1
    await agrees(peopled)


async def test_mixed_cases_add_up_to_what_a_plain_count_says(peopled: Store) -> None:
    cases = [_mixed_case(number) for number in range(120)]
    async with peopled.write_transaction() as tx:
        await keep(tx, *cases)
    for _ in range(2):
        async with peopled.read_transaction() as tx:
            found = await figures.sums(tx, YEAR, ("period", "district", "channel"))
            taken = await figure_days.histograms(tx, YEAR, ("district",))
        for place in found:
            month, district, channel = place
            ours = [case for case in cases if (case.district, figure_inputs(case).cell.channel) == (district, channel)]
            ended = [case for case in ours if case.delivered_at and month_of(case.delivered_at.date()) == month]
            received = [case for case in ours if month_of(case.submitted_at.date()) == month]
            assert found[place][Measure.RECEIVED] == len(received)
            assert found[place][Measure.DISPOSED] == len(ended)
            assert found[place][Measure.DAYS] == sum((case.delivered_at - case.submitted_at).days for case in ended)
            assert found[place][Measure.ON_TIME] == sum(case.delivered_at <= case.due_at for case in ended)
        for (district,), histogram in taken.items():
            days = [(case.delivered_at - case.submitted_at).days for case in cases if _done(case, district)]
            assert histogram == Counter(bucket_of(one) for one in days)
        async with peopled.write_transaction() as tx:
            await figures.fold(tx)


def _done(case: Application, district: str) -> bool:
    return case.delivered_at is not None and case.district == district


def _mixed_case(number: int) -> Application:
    received = datetime(2026, 1, 10, 6, tzinfo=NOW.tzinfo) + timedelta(days=number * 37 % 200)
    ended = received + timedelta(days=number * 53 % 90) if number % 5 else None
    return application(
        f"r{number}",
        district=("57", "50")[number % 2],
        channel=list(Channel)[number * 7 % len(Channel)],
        status=Status.DELIVERED if ended else Status.IN_SCRUTINY,
        submitted_at=received,
        delivered_at=ended,
        due_at=received + timedelta(days=30),
    )


async def test_activity_tells_the_active_days_of_each_tehsil(peopled: Store) -> None:
    async with peopled.write_transaction() as tx:
        await keep(
            tx,
            delivered("a1", 4, tehsil="t1"),
            delivered("a2", 4, tehsil="t1"),
            delivered("a3", 300, tehsil="t2"),
            delivered("a4", 1, tehsil=None),
        )
    today = NOW.date()
    async with peopled.read_transaction() as tx:
        found = await figures.activity(tx, today - 100 * DAY)
    assert found == [Activity("57", "t1", 2, today - 4 * DAY, today), Activity("57", "t2", 1, today, today)]
