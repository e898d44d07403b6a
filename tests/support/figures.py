"""Figures counted a second time, from the timelines, case by case: what the counters are compared with."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta, timezone
from typing import Any

from sqlalchemy import select

from actions.kernel import Environment
from domain.statistics.figures import Measure
from store.applications.application_rows import applications_table
from store.applications.timeline import timeline_table
from store.statistics import figures
from store.statistics.figures import FigureFilter

_INDIA = timezone(timedelta(hours=5, minutes=30))
_ENDED_BY = {
    "DELIVERED": "DELIVER",
    "REJECTED": "REJECT",
    "RETURNED_AS_INCOMPLETE": "RETURN_AS_INCOMPLETE",
    "WITHDRAWN": "WITHDRAW",
}
_SELF = {"WEB": "SELF", "MOBILE": "SELF", "SCHOOL": "SCHOOL_OR_CAMP", "CAMP": "SCHOOL_OR_CAMP"}
_RUNNING = {"IN_SCRUTINY", "IN_VERIFICATION", "QUERY_RAISED", "APPROVED"}
_EVER = FigureFilter(date(2000, 1, 1), date(2100, 1, 1))
_SHOWN = (
    Measure.RECEIVED,
    Measure.PROCESSED,
    Measure.DROPPED,
    Measure.WITHDRAWN,
    Measure.DISPOSED,
    Measure.DELIVERED,
    Measure.TIMED,
    Measure.ON_TIME,
    Measure.DAYS,
)


async def wrong_figures(env: Environment) -> list[str]:
    """Each month, district and channel whose counters are not what the timelines add up to; and the overdue cases."""
    today = env.clock.now().astimezone(_INDIA).date()
    expected: Counter[Any] = Counter()
    overdue = 0
    async with env.store.read_transaction() as tx:
        names = [column for column in applications_table.c if column.name not in {"form", "reason"}]
        cases = (await tx.connection.execute(select(*names))).all()
        steps = defaultdict(list)
        for step in (await tx.connection.execute(select(timeline_table))).all():
            steps[step.application_id].append(step)
        for case in cases:
            for day, measure, amount in _events(case, steps[case.id]):
                expected[day.replace(day=1), case.district, _SELF.get(case.channel, case.channel), measure] += amount
            running = case.status in _RUNNING and case.paused_since is None and case.due_at is not None
            overdue += running and case.due_at.astimezone(_INDIA).date() < today
        found = await figures.sums(tx, _EVER, ("period", "district", "channel"))
        told = await figures.due_before(tx, _EVER, today)
    kept = {(*place, measure): sums[measure] for place, sums in found.items() for measure in _SHOWN if sums[measure]}
    right = {key: amount for key, amount in expected.items() if amount}
    wrong = [
        f"{key}: {kept.get(key, 0)} and not {right.get(key, 0)}"
        for key in {*kept, *right}
        if kept.get(key) != right.get(key)
    ]
    return wrong + ([f"overdue: {told} and not {overdue}"] if told != overdue else [])


def _events(case: Any, steps: list[Any]) -> Iterator[tuple[date, Measure, int]]:
    at = {step.move: step.at.astimezone(_INDIA) for step in sorted(steps, key=lambda step: step.sequence)}
    if "SUBMIT" not in at:
        return
    received = at["SUBMIT"].date()
    yield received, Measure.RECEIVED, 1
    if case.status not in _ENDED_BY:
        return
    ended = at[_ENDED_BY[case.status]]
    if case.status == "WITHDRAWN":
        yield received, Measure.DROPPED, 1
        yield ended.date(), Measure.WITHDRAWN, 1
        return
    yield received, Measure.PROCESSED, 1
    yield ended.date(), Measure.DISPOSED, 1
    yield ended.date(), Measure.DELIVERED, int(case.status == "DELIVERED")
    yield ended.date(), Measure.DAYS, (ended.date() - received).days
    if case.due_at is not None:
        yield ended.date(), Measure.TIMED, 1
        yield ended.date(), Measure.ON_TIME, int(ended <= case.due_at)
