"""`/open-data.json` and `/open-data/{name}.csv` or `.json`: public data with licence, dictionary and version; `/nesda`.

Open to everybody. Figures are those that strangers are shown: small cells are withheld as on /dashboard
(docs/figures.md), here as there by what the figures are and not by who asks.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.statistics.counts import Question
from actions.statistics.figures import FigureRow, period, statistics
from actions.statistics.nesda import NesdaFigure, nesda_figures
from domain.catalogue.catalogue import Service
from domain.kernel import ANONYMOUS, ErrorCode, Language, Problem, state_language
from domain.kernel.messages import label
from domain.officers.dashboards import Dimension
from domain.statistics.figures import DEFINITIONS_VERSION
from gateway.graphql.answers import encode_json
from gateway.graphql.conditional import conditional
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.downloads.spreadsheets import MEDIA_TYPE, csv_line, leading_mark
from gateway.pages.refusals import problem_page, refusal_response
from gateway.pages.rendering import pages_of
from schema.kernel.errors import problem_of
from store.catalogue import catalogue
from store.database import StoreError

PATH = "/open-data"
LICENCE = "Government Open Data License - India (GODL-India)"

KEPT_SECONDS = 60

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table that is published: the type of each column with what reads it from an item, and the items."""

    columns: Mapping[str, tuple[str, Callable[[Any], Any]]]
    items: Callable[[Environment], Awaitable[Sequence[Any]]]
    edition: str = "1"
    """Grows where a column changes its meaning; a changed content has another `version`."""

    async def read(self, env: Environment) -> Rows:
        columns = self.columns.items()
        return [{name: read(item) for name, (_, read) in columns} for item in await self.items(env)]


@dataclass(frozen=True, slots=True)
class Edition:
    """The rows of a dataset, also as JSON, and their version, which is the same for the same content."""

    rows: Rows
    content: bytes
    version: str


class Editions:
    """What is published, each dataset read once a minute and anew after a change of the catalogue."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._kept: dict[str, tuple[tuple[int, int], Edition]] = {}
        self._turn = asyncio.Lock()

    async def read(self, name: str) -> Edition:
        """A dataset as it is now, or was within this minute; those who ask at the same time wait for one reading."""
        async with self._turn:
            minute = int(self.env.clock.now().timestamp() // KEPT_SECONDS)
            key = (await self.env.store.read(catalogue.catalogue_stamp), minute)
            held = self._kept.get(name)
            if held is None or held[0] != key:
                rows = await DATASETS[name].read(self.env)
                content = encode_json(rows)
                held = self._kept[name] = (key, Edition(rows, content, hashlib.sha256(content).hexdigest()[:16]))
            return held[1]


def open_data_routes(environment: Environment) -> list[Route]:
    """The list of datasets, and each in both forms."""
    kept = Editions(environment)
    return [
        Route(f"{PATH}.json", partial(_answer, kept, _index), methods=["GET"]),
        Route("/nesda", partial(_nesda_page, kept), methods=["GET"]),
        *(
            Route(f"{PATH}/{name}.{form}", partial(_answer, kept, partial(make, name)), methods=["GET"])
            for name in DATASETS
            for form, make in (("json", _json), ("csv", _csv))
        ),
    ]


async def _answer(
    kept: Editions, make: Callable[[Editions, Request], Awaitable[Response]], request: Request
) -> Response:
    try:
        made = await make(kept, request)
    except (StoreError, TimeoutError):
        return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": "30"})
    return conditional(made, request, bytes(made.body))


async def _nesda_page(kept: Editions, request: Request) -> Response:
    """The dataset of NeSDA's parameters for people, in the language that they ask for."""
    try:
        rows = (await kept.read("nesda")).rows
    except (StoreError, TimeoutError) as away:
        return problem_page(pages_of(request), request, problem_of(away), 503)
    return pages_of(request).draw(request, "public/nesda.html", {"rows": rows})


async def _index(kept: Editions, _: Request) -> Response:
    datasets = [
        {
            "name": name,
            "title": _labels_of(f"open_data.{name}"),
            "licence": LICENCE,
            "edition": dataset.edition,
            "version": (await kept.read(name)).version,
            "addresses": [f"{kept.env.public_url}{PATH}/{name}.{form}" for form in ("json", "csv")],
            "columns": [
                {"name": column, "type": kind, "label": _labels_of(f"field.{column}")}
                for column, (kind, _) in dataset.columns.items()
            ],
        }
        for name, dataset in DATASETS.items()
    ]
    return Response(encode_json({"datasets": datasets}), headers=EVERY_ANSWER, media_type="application/json")


async def _json(name: str, kept: Editions, _: Request) -> Response:
    edition = await kept.read(name)
    head = {"name": name, "licence": LICENCE, "edition": DATASETS[name].edition, "version": edition.version}
    content = encode_json(head)[:-1] + b',"rows":' + edition.content + b"}"
    return Response(content, headers=EVERY_ANSWER, media_type="application/json")


async def _csv(name: str, kept: Editions, request: Request) -> Response:
    columns, rows = DATASETS[name].columns, (await kept.read(name)).rows
    lines = [leading_mark(request), csv_line(list(columns))]
    lines += [csv_line([_cell(row[column]) for column in columns]) for row in rows]
    headers = {**EVERY_ANSWER, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPE)


def _cell(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _labels_of(key: str) -> dict[str, str]:
    return {language.value: label(key, language) for language in (state_language(), Language.EN)}


async def _services(env: Environment) -> Sequence[Service]:
    return await env.store.read(catalogue.all_services)


async def _nesda(env: Environment) -> Sequence[NesdaFigure]:
    return await nesda_figures(env, len(DATASETS))


def _nesda_name(figure: NesdaFigure, language: Language) -> str:
    keys = f"nesda.{figure.parameter}", f"nesda_measure.{figure.measure or 'NONE'}"
    return ": ".join(label(key, language) for key in keys)


async def _delivery(dimension: Dimension, env: Environment) -> Sequence[FigureRow]:
    """The last twelve months by one dimension, as strangers are shown them; a row that is withheld says so alone."""
    question = Question(*period(env, None, None), group_by=(Dimension.MONTH, dimension))
    return (await statistics(env, ANONYMOUS, question)).rows


def _code_at(dimension: Dimension, row: FigureRow) -> Any:
    return row.place[dimension]


def _figure_column(name: str) -> tuple[str, Callable[[FigureRow], Any]]:
    return _NUMBER, lambda row: None if row.figures is None else getattr(row.figures, name)


_TEXT, _NUMBER, _TRUTH = "text", "whole number", "true or false"

DATASETS: Mapping[str, Dataset] = {
    "services": Dataset(
        {
            "code": (_TEXT, attrgetter("code")),
            "slug": (_TEXT, attrgetter("slug")),
            "nameHi": (_TEXT, attrgetter("name.hi")),
            "nameEn": (_TEXT, attrgetter("name.en")),
            "department": (_TEXT, attrgetter("department")),
            "kind": (_TEXT, attrgetter("kind")),
            "open": (_TRUTH, attrgetter("open")),
            "rtsNotified": (_TRUTH, attrgetter("rts_notified")),
            "timeLimitDays": (_NUMBER, attrgetter("limit_days")),
            "timeLimitUnit": (_TEXT, attrgetter("limit_unit")),
            "portalDeliveryDays": (_NUMBER, attrgetter("portal_delivery_days")),
            "fee": ("paise", attrgetter("fee_paise")),
            "designatedOfficer": (_TEXT, attrgetter("designated_officer")),
            "firstAppellate": (_TEXT, attrgetter("first_appellate")),
            "secondAppellate": (_TEXT, attrgetter("second_appellate")),
            "address": (_TEXT, lambda one: one.hand_over.address if one.hand_over else None),
            "version": (_NUMBER, attrgetter("version")),
            "source": (_TEXT, attrgetter("source")),
            "notConfirmed": ("list of texts", attrgetter("facts_not_confirmed")),
        },
        _services,
    ),
    **{
        f"delivery-by-{dimension.value.lower()}": Dataset(
            {
                "month": ("first day", lambda row: row.place[Dimension.MONTH].isoformat()),
                dimension.value.lower(): ("code", partial(_code_at, dimension)),
                "received": _figure_column("received"),
                "disposed": _figure_column("disposed"),
                "pending": _figure_column("pending"),
                "onTimeRateHundredths": _figure_column("on_time_rate"),
                "medianDays": _figure_column("median_days"),
                "withheld": (_TRUTH, lambda row: row.figures is None),
            },
            partial(_delivery, dimension),
            DEFINITIONS_VERSION,
        )
        for dimension in (Dimension.DISTRICT, Dimension.DEPARTMENT)
    },
    "nesda": Dataset(
        {
            "parameter": (_TEXT, attrgetter("parameter")),
            "measure": (_TEXT, attrgetter("measure")),
            "nameHi": (_TEXT, lambda one: _nesda_name(one, state_language())),
            "nameEn": (_TEXT, lambda one: _nesda_name(one, Language.EN)),
            "value": (_NUMBER, attrgetter("value")),
            "unit": (_TEXT, attrgetter("unit")),
        },
        _nesda,
        DEFINITIONS_VERSION,
    ),
}
"""What is published, by the name in its address."""
