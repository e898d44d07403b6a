"""`/dashboard`: the main series as plots with tables; public figures for everybody, more for officers.

`?district=`, `?department=` and `?months=` choose, and `?role=` bounds the page to the posts of a dashboard of one's
own; both languages; no script. Strangers are shown no cell behind which fewer people stand than
domain.statistics.small_cells.SMALLEST, and are answered from a copy that is at most a minute old.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.statistics.baseline import baseline_beside_counters
from actions.statistics.counts import Question
from actions.statistics.figures import FigureRow, Statistics, period, sees_small_cells, statistics
from actions.statistics.names import Names, read_names
from domain.kernel import (
    IST,
    Bilingual,
    ErrorCode,
    Language,
    NotSignedIn,
    Posting,
    Problem,
    Problems,
    Subject,
    ist_date,
)
from domain.kernel.messages import Texts, label
from domain.officers.dashboards import DashboardRole, Dimension, dashboards_of
from domain.statistics.baseline import BaselineFigure, BaselineMeasure
from domain.statistics.figures import Delivery, months_back
from domain.statistics.small_cells import SMALLEST
from gateway.http.session_auth import reader_of
from gateway.pages.plots import Plot, Series, Writer, bars, columns, line
from gateway.pages.refusals import problem_page, to_sign_in
from gateway.pages.rendering import language_of, pages_of
from schema.kernel.errors import problem_of
from store.database import StoreError

_TEXTS = Texts("page.dashboard")

KEPT_SECONDS = 60.0
MOST_KEPT = 256
SHOWN_SERVICES = 25

_MONTHS = (6, 12, 24)
_CHOICES = ("role", "district", "department", "months")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a page is about."""

    role: DashboardRole | None
    district: str | None
    department: str | None
    months: int
    language: str | None
    """As the address says it; None where the browser's own is meant."""

    def address(self, **changes: object) -> str:
        """The address of a page with some of it changed, in the language that was chosen."""
        named = {name: getattr(self, name) for name in (*_CHOICES, "language")} | changes
        return "/dashboard?" + urlencode({name: value for name, value in named.items() if value is not None})


Values = Mapping[str, Any]
Kept = OrderedDict[tuple[_Chosen, Language], tuple[float, Values]]


def dashboard_routes(environment: Environment) -> list[Route]:
    """`/dashboard`."""
    kept: Kept = OrderedDict()

    async def show(request: Request) -> Response:
        language = language_of(request).catalogue
        try:
            subject = await reader_of(environment, request)
            values = await _values(environment, subject, _parse_selection(request.query_params), language, kept)
        except NotSignedIn:
            return to_sign_in(request)
        except (Problems, ValueError):
            return problem_page(pages_of(request), request, Problem(ErrorCode.NOT_FOUND), 404)
        except (StoreError, TimeoutError) as away:
            return problem_page(pages_of(request), request, problem_of(away), 503)
        return pages_of(request).draw(request, "public/figures.html", values, person=subject.kind)

    return [Route("/dashboard", show, methods=["GET"])]


def _parse_selection(given: Mapping[str, str]) -> _Chosen:
    months = int(given.get("months", "12"))
    if months not in _MONTHS:
        raise ValueError("another number of months")
    language = given.get("language")
    role = given.get("role")
    return _Chosen(
        DashboardRole(role) if role else None,
        given.get("district") or None,
        given.get("department") or None,
        months,
        language if language in set(Language) else None,
    )


async def _values(env: Environment, subject: Subject, chosen: _Chosen, language: Language, kept: Kept) -> Values:
    if sees_small_cells(subject):
        return await _read_figures(env, subject, chosen, language)
    now = env.clock.monotonic()
    there = kept.get((chosen, language))
    if there is not None and now - there[0] < KEPT_SECONDS:
        return there[1]
    values = await _read_figures(env, subject, chosen, language)
    kept[chosen, language] = (now, values)
    kept.move_to_end((chosen, language))
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return values


async def _read_figures(env: Environment, subject: Subject, chosen: _Chosen, language: Language) -> Values:
    names = await read_names(env)
    if chosen.district not in (None, *names.districts) or chosen.department not in (None, *names.departments):
        raise ValueError("no such place or department")
    postings = _posts(subject, chosen.role)
    this_month = ist_date(env.clock.now())
    first, last = period(env, months_back(this_month.replace(day=1), chosen.months - 1), this_month)

    async def statistics_by(*groups: Dimension) -> Statistics:
        question = Question(
            first, last, department=chosen.department, district=chosen.district, group_by=groups, postings=postings
        )
        return await statistics(env, subject, question)

    page = _Page(chosen, language, names, sees_small_cells(subject), postings or ())
    monthly = await statistics_by(Dimension.MONTH)
    plots = page.over_time(monthly.rows, first, last)
    place = Dimension.TEHSIL if page.district else Dimension.DISTRICT
    groups = [place, Dimension.CHANNEL, Dimension.SERVICE if page.department else Dimension.DEPARTMENT]
    # Strangers combine at most two dimensions, and a department in a district is two already.
    shown = groups if page.every_cell or not (chosen.district and chosen.department) else []
    plots += [page.dimension_plot(dimension, (await statistics_by(dimension)).rows) for dimension in shown]
    return {
        "about": page.subject_words(),
        "periods": [(many, chosen.address(months=many), many == chosen.months) for many in _MONTHS],
        "whole": chosen.address(role=None, district=None, department=None) if page.narrowed else None,
        "smallest": None if page.every_cell else SMALLEST,
        "csv": page.table_address(first, last) if page.every_cell and chosen.role is None else None,
        "totals": page.totals(monthly.total),
        "baseline": [] if page.narrowed else page.baseline(await baseline_beside_counters(env)),
        "plots": [(plot.key, plot.title, drawn) for plot, drawn in plots],
        "at": env.clock.now().astimezone(IST),
    }


def _posts(subject: Subject, role: DashboardRole | None) -> tuple[Posting, ...] | None:
    """The posts of a dashboard, which bound the page; None where no role is asked for.

    Raises NotSignedIn for a stranger, ValueError for one who has no such dashboard.
    """
    if role is None:
        return None
    subject.require_signed_in()
    held = dashboards_of(subject.postings).get(role)
    if held is None:
        raise ValueError("a dashboard of somebody else")
    return held


@dataclass(frozen=True, slots=True)
class _Page:
    """Draws the parts of a page in one language."""

    choice: _Chosen
    language: Language
    names: Names
    every_cell: bool
    postings: tuple[Posting, ...]
    """What bounds it; empty where nothing does."""

    @property
    def district(self) -> str | None:
        """The only district that the page is about."""
        return self.choice.district or _single_value({one.district for one in self.postings})

    @property
    def department(self) -> str | None:
        """The only department that the page is about."""
        return self.choice.department or _single_value({one.department for one in self.postings})

    @property
    def narrowed(self) -> bool:
        """Whether it is about less than the whole state."""
        return bool(self.choice.role or self.choice.district or self.choice.department)

    def table_address(self, first: date, last: date) -> str:
        """Where the same figures are a table for a spreadsheet."""
        chosen = {"district": self.choice.district, "department": self.choice.department}
        named = {"by": "month", "from": f"{first:%Y-%m}", "to": f"{last:%Y-%m}", "language": self.language.value}
        return "/figures/statistics.csv?" + urlencode(named | {name: one for name, one in chosen.items() if one})

    def subject_words(self) -> str:
        """What the figures are about, in words."""
        about = [label(f"dashboard_role.{self.choice.role.value}", self.language)] if self.choice.role else []
        about += ["; ".join(self._office(one) for one in self.postings)] if self.postings else []
        if self.choice.district:
            about.append(self.names.districts[self.choice.district].in_language(self.language))
        if self.choice.department:
            about.append(self.names.departments[self.choice.department].in_language(self.language))
        return ", ".join(about) or self._say(_TEXTS.whole)

    def totals(self, total: FigureRow) -> list[tuple[str, str]]:
        """The figures of the whole period; none where they are withheld."""
        one = total.figures
        if one is None:
            return []
        rate, number = Writer(hundredths=True), Writer()
        days = Writer(gap="–")
        rows = [
            ("received", number(one.received)),
            ("disposed", number(one.disposed)),
            ("pending", number(one.pending)),
            ("processingRateHundredths", rate(one.processing_rate)),
            ("onTimeRateHundredths", rate(one.on_time_rate)),
            ("medianDays", days(one.median_days)),
            ("ninetiethPercentileDays", days(one.ninetieth_days)),
            ("grievanceReplyRateHundredths", rate(one.grievance_reply_rate)),
        ]
        names = {
            "processingRateHundredths": "tile.PROCESSING_RATE",
            "onTimeRateHundredths": "tile.ON_TIME_RATE",
            "grievanceReplyRateHundredths": "tile.GRIEVANCE_REPLY_RATE",
        }
        return [(label(names.get(key, f"field.{key}"), self.language), text) for key, text in rows]

    def baseline(
        self, figures: Sequence[tuple[BaselineFigure, int | None]]
    ) -> list[tuple[str, str, str, str, str | None]]:
        """The state's own figures, the counter beside each, and the source of those that nobody confirmed."""
        hundredths, whole = Writer(hundredths=True, gap="–"), Writer(gap="–")

        def figure_text(measure: BaselineMeasure, value: int | None) -> str:
            if measure is BaselineMeasure.SERVICES or value is None:
                return whole(value)
            if measure is BaselineMeasure.AVERAGE_DAYS:
                return whole((value + 5) // 10)
            return hundredths(value)

        return [
            (
                label(f"baseline.{one.measure.value}", self.language),
                figure_text(one.measure, one.before),
                figure_text(one.measure, one.after),
                figure_text(one.measure, counted),
                None if one.confirmed else one.source,
            )
            for one, counted in figures
        ]

    def over_time(self, rows: Sequence[FigureRow], first: date, last: date) -> list[tuple[Plot, str]]:
        """The plots by month; a month without a case is zero, and one that is withheld is a gap."""
        known = {row.place[Dimension.MONTH]: row.figures for row in rows}
        months = [month for many in range(self.choice.months) if (month := months_back(last, many)) >= first][::-1]
        places = [format_date(month, "LLL y", locale=self.language.value) for month in months]

        def values(read: Callable[[Delivery], int | None], empty: int | None = 0) -> list[int | None]:
            found = []
            for month in months:
                one = known.get(month)
                found.append(read(one) if one is not None else (None if month in known else empty))
            return found

        flow = [
            Series(label("field.received", self.language), values(lambda one: one.received)),
            Series(label("field.disposed", self.language), values(lambda one: one.disposed)),
        ]
        rate = [Series(label("tile.ON_TIME_RATE", self.language), values(lambda one: one.on_time_rate, None))]
        left = [Series(label("tile.PENDING", self.language), values(lambda one: one.pending))]
        days = [
            Series(self._say(_TEXTS.median), values(lambda one: one.median_days, None)),
            Series(self._say(_TEXTS.nine), values(lambda one: one.ninetieth_days, None)),
        ]
        flowing = self._plot("flow", _TEXTS.flow, _TEXTS.flow_words, places, flow)
        timely = self._plot("time", _TEXTS.time, _TEXTS.time_words, places, rate)
        waiting = self._plot("left", _TEXTS.left, _TEXTS.left_words, places, left)
        lasting = self._plot("days", _TEXTS.days, _TEXTS.days_words, places, days)
        return [
            (flowing, columns(flowing, Writer())),
            (timely, line(timely, Writer(hundredths=True), 10_000)),
            (waiting, columns(waiting, Writer())),
            (lasting, columns(lasting, Writer())),
        ]

    def dimension_plot(self, dimension: Dimension, rows: Sequence[FigureRow]) -> tuple[Plot, str]:
        """A plot of disposals by one dimension, the most first; districts and departments lead on."""
        found = sorted(rows, key=lambda row: -(row.figures.disposed if row.figures else 0))[:SHOWN_SERVICES]
        place = {Dimension.DISTRICT: self.district} if self.district else {}
        names = [self.names.value_label(place | dict(row.place), dimension, self.language) for row in found]
        leads = {Dimension.DISTRICT: "district", Dimension.DEPARTMENT: "department"}.get(dimension)
        links = [self.choice.address(**{leads: row.place[dimension]}) for row in found] if leads else []
        heading = label(f"dimension.{dimension.value}", self.language)
        title = (
            f"{heading} {self._say(_TEXTS.by)}"
            if self.language is not Language.EN
            else f"{self._say(_TEXTS.by)} {heading.lower()}"
        )
        disposed = [row.figures.disposed if row.figures else None for row in found]
        series = [Series(label("field.disposed", self.language), disposed)]
        key = dimension.value.lower()
        plot = Plot(key, title, self._say(_TEXTS.by_words), names, series, heading, links=links)
        return plot, bars(plot, Writer())

    def _office(self, post: Posting) -> str:
        """Department and place of a post in words."""
        names, district = self.names, post.district or ""
        tehsil = names.tehsils.get((district, post.tehsil or ""))
        found = (names.departments.get(post.department or ""), names.districts.get(district), tehsil)
        said = [name.in_language(self.language) for name in found if name is not None]
        return " – ".join(said) or self._say(_TEXTS.whole)

    def _plot(
        self, key: str, title: Bilingual, words: Bilingual, places: Sequence[str], series: Sequence[Series]
    ) -> Plot:
        heading = label("dimension.MONTH", self.language)
        return Plot(key, self._say(title), self._say(words), places, series, heading)

    def _say(self, text: Bilingual) -> str:
        return text.in_language(self.language)


def _single_value(found: set[str | None]) -> str | None:
    """The one value that there is; None where there are several or none."""
    return next(iter(found)) if len(found) == 1 else None
