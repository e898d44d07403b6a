"""Makes the monthly review of delays, by department and district, and sends it to the Commission once.

A review is made on a day of the next month (Law.delay_review_day) and never changed: what is recorded later is in the
review of its own month. It holds no names and no case.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from actions.appeals.commission_filing import commission_of
from actions.appeals.delays import reviewer_postings
from actions.kernel import Environment, UnitOfWork
from domain.appeals.appeals import AppealLevel
from domain.appeals.commission import DelayReview
from domain.appeals.delays import OLDEST_MONTHS
from domain.kernel import SYSTEM, Posting, Subject, ist_date, ist_midnight
from domain.statistics.figures import Measure, month_of, months_back
from store.appeals import commission, commission_figures
from store.catalogue import catalogue
from store.database import Transaction, audit, canonical_json, require_there
from store.platform import outbox
from store.statistics import figures
from store.statistics.figures import FigureFilter

REVIEW = "commission.review"
"""The outbox topic of a review; its key is the month, so each is sent once."""

AMOUNTS = (
    "received",
    "disposed",
    "delivered",
    "disposedWithLimit",
    "onTime",
    "late",
    "daysTaken",
    "pendingBeyondLimit",
    "firstAppeals",
    "secondAppeals",
    "commissionAppeals",
)
"""The numbers of a row, in the order of the table. `daysTaken` is the sum of days from submission to disposal."""

_LEVELS = {
    AppealLevel.FIRST: "firstAppeals",
    AppealLevel.SECOND: "secondAppeals",
    AppealLevel.COMMISSION: "commissionAppeals",
}
_MEASURES = {
    "received": Measure.RECEIVED,
    "disposed": Measure.DISPOSED,
    "delivered": Measure.DELIVERED,
    "disposedWithLimit": Measure.TIMED,
    "onTime": Measure.ON_TIME,
    "daysTaken": Measure.DAYS,
}


def is_due(env: Environment) -> bool:
    """Whether the day of the month has come on which the review of the month before is made."""
    return ist_date(env.clock.now()).day >= env.rules.law.delay_review_day.value


async def make_review(env: Environment, month: date | None = None) -> DelayReview | None:
    """Make the review of a month, or of the one before this, and have it sent; None where it is there already.

    Raises ValueError for a month that is not over or too far back.
    """
    this_month = month_of(ist_date(env.clock.now()))
    month = month_of(month) if month else months_back(this_month, 1)
    if not months_back(this_month, OLDEST_MONTHS) <= month < this_month:
        raise ValueError("a review is of a month that is over, at most two years ago")

    async def work(tx: Transaction) -> DelayReview | None:
        if await commission.review(tx, month) is not None:
            return None
        acting = UnitOfWork(env, tx, SYSTEM)
        content = await _content(acting, month)
        digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
        review = DelayReview(month, digest, content, acting.now)
        if not await commission.add_review(tx, review):
            return None
        name = f"{month:%Y-%m}"
        if env.partners.commission is not None:
            await outbox.add(tx, REVIEW, name, {"month": month.isoformat()})
        detail = {"month": name, "sha256": digest}
        await audit.record(tx, SYSTEM.label, "delay.review", "DELAY_REVIEW", name, **detail)
        return review

    return await env.store.carry_out(work)


async def send_review(env: Environment, month: date) -> None:
    """Bring a review to the Commission, which takes each month once. Raises Unavailable, Refused."""
    partner = commission_of(env)
    review = require_there(await env.store.read(lambda tx: commission.review(tx, month)), "the review of a month")
    if review.sent_at is None:
        await partner.put_review(month, review.content)
        await env.store.carry_out(lambda tx: commission.review_sent(tx, month, env.clock.now()))


async def shown_review(env: Environment, subject: Subject, month: date) -> DelayReview | None:
    """The review of a month, with the rows of the subject's jurisdictions; raises as `delays.reviewer_postings`."""
    postings = reviewer_postings(subject)
    review = await env.store.read(lambda tx: commission.review(tx, month_of(month)))
    return None if review is None else _restrict_review(review, postings)


async def reviews_made(env: Environment, subject: Subject, limit: int) -> list[DelayReview]:
    """The latest reviews as `shown_review` gives each, the newest month first; raises as `delays.reviewer_postings`."""
    postings = reviewer_postings(subject)
    async with env.store.read_transaction() as tx:
        return [_restrict_review(review, postings) for review in await commission.reviews(tx, limit)]


def _restrict_review(review: DelayReview, postings: Sequence[Posting]) -> DelayReview:
    rows = [
        row
        for row in review.content["rows"]
        if any(one.covers(row["department"] or None, row["district"] or None, one.tehsil) for one in postings)
    ]
    return replace(review, content={**review.content, "rows": rows})


async def _content(acting: UnitOfWork, month: date) -> dict[str, Any]:
    following = months_back(month, -1)
    since, until = ist_midnight(month), ist_midnight(following)
    wanted = FigureFilter(month, month)
    sums = await figures.sums(acting.tx, wanted, ("department", "district"))
    pending = await figures.dues_before(acting.tx, wanted, following, ("department", "district"))
    appeals = await commission_figures.appeals_filed(acting.tx, since, until)
    reasons = await commission_figures.reasons_given(acting.tx, month)
    counted = {(str(one[0]), str(one[1])) for one in (*sums, *pending)}
    places = sorted(counted | appeals.keys() | reasons.keys())
    departments = {one.slug: one.name for one in await catalogue.departments(acting.tx)}
    districts = {one.code: one.name for one in await catalogue.districts(acting.tx)}
    rows = []
    for department, district in places:
        place = (department, district)
        row = _amounts(sums.get(place, {}), appeals.get(place, {}))
        row["pendingBeyondLimit"] = pending.get(place, 0)
        named = {"department": departments.get(department), "district": districts.get(district)}
        names = {f"{key}Name": {"hi": name.hi, "en": name.en} if name else None for key, name in named.items()}
        given = {cause.value: many for cause, many in sorted(reasons.get(place, {}).items())}
        rows.append({"department": department, "district": district, **names, **row, "reasons": given})
    return {
        "month": f"{month:%Y-%m}",
        "madeOn": acting.today.isoformat(),
        "rows": rows,
        "total": {name: sum(row[name] for row in rows) for name in AMOUNTS},
        "reasons": dict(sorted(_sum_reasons(rows).items())),
    }


def _amounts(sums: Mapping[Measure, int], appeals: Mapping[AppealLevel, int]) -> dict[str, Any]:
    row = {name: sums.get(measure, 0) for name, measure in _MEASURES.items()}
    row["late"] = row["disposedWithLimit"] - row["onTime"]
    return row | {name: appeals.get(level, 0) for level, name in _LEVELS.items()}


def _sum_reasons(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row["reasons"])
    return total
