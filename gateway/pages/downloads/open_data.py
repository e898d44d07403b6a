"""`/open-data.json` and `/open-data/{name}.csv` or `.json`: public data with licence, dictionary and version.

Open to everybody. Figures are those that strangers are shown: small cells are withheld as on /dashboard
(docs/figures.md), here as there by what the figures are and not by who asks.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.statistics.counts import Question
from actions.statistics.figures import period, statistics
from domain.catalogue.catalogue import Service
from domain.kernel import ANONYMOUS, ErrorCode, Language, Problem
from domain.kernel.messages import label
from domain.officers.dashboards import Dimension
from domain.statistics.figures import DEFINITIONS_VERSION
from gateway.graphql.answers import encode_json
from gateway.graphql.conditional import conditional
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.downloads.spreadsheets import MEDIA_TYPE, csv_line, leading_mark
from gateway.pages.refusals import refusal_response
from store.catalogue import catalogue
from store.database import StoreError

PATH = "/open-data"
LICENCE = "Government Open Data License - India (GODL-India)"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table that is published: its columns by name and type, and what reads its rows."""

    columns: Mapping[str, str]
    read: Callable[[Environment], Awaitable[Rows]]
    edition: str = "1"
    """Grows where a column changes its meaning; a changed content has another `version`."""


def open_data_routes(environment: Environment) -> list[Route]:
    """The list of datasets, and each in both forms."""
    return [
        Route(f"{PATH}.json", partial(_answer, environment, _index), methods=["GET"]),
        *(
            Route(f"{PATH}/{name}.{form}", partial(_answer, environment, partial(make, name)), methods=["GET"])
            for name in DATASETS
            for form, make in (("json", _json), ("csv", _csv))
        ),
    ]


async def _answer(
    env: Environment, make: Callable[[Environment, Request], Awaitable[Response]], request: Request
) -> Response:
    try:
        made = await make(env, request)
    except (StoreError, TimeoutError):
        return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": "30"})
    return conditional(made, request, bytes(made.body))


async def _index(env: Environment, _: Request) -> Response:
    datasets = [
        {
            "name": name,
            "title": _both(f"open_data.{name}"),
            "licence": LICENCE,
            "edition": dataset.edition,
            "version": _version(await dataset.read(env)),
            "addresses": [f"{env.public_url}{PATH}/{name}.{form}" for form in ("json", "csv")],
            "columns": [
                {"name": column, "type": kind, "label": _both(f"field.{column}")}
                for column, kind in dataset.columns.items()
            ],
        }
        for name, dataset in DATASETS.items()
    ]
    return Response(encode_json({"datasets": datasets}), headers=EVERY_ANSWER, media_type="application/json")


async def _json(name: str, env: Environment, _: Request) -> Response:
    rows = await DATASETS[name].read(env)
    content = {"name": name, "licence": LICENCE, "edition": DATASETS[name].edition, "version": _version(rows)}
    return Response(encode_json({**content, "rows": rows}), headers=EVERY_ANSWER, media_type="application/json")


async def _csv(name: str, env: Environment, request: Request) -> Response:
    columns, rows = DATASETS[name].columns, await DATASETS[name].read(env)
    lines = [leading_mark(request), csv_line(list(columns))]
    lines += [csv_line([_cell(row[column]) for column in columns]) for row in rows]
    headers = {**EVERY_ANSWER, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPE)


def _cell(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def _version(rows: Rows) -> str:
    """The same for the same content."""
    return hashlib.sha256(encode_json(rows)).hexdigest()[:16]


def _both(key: str) -> dict[str, str]:
    return {language.value: label(key, language) for language in (Language.HI, Language.EN)}


async def _services(env: Environment) -> Rows:
    return [_service(one) for one in await env.store.read(catalogue.all_services)]


def _service(one: Service) -> dict[str, Any]:
    confirmed = {fact for source in one.fact_sources if source.confirmed for fact in source.facts}
    return {
        "code": one.code,
        "slug": one.slug,
        "nameHi": one.name.hi,
        "nameEn": one.name.en,
        "department": one.department,
        "kind": one.kind,
        "open": one.open,
        "rtsNotified": one.rts_notified,
        "timeLimitDays": one.limit_days,
        "timeLimitUnit": None if one.limit_days is None else one.limit_unit,
        "portalDeliveryDays": one.portal_delivery_days,
        "fee": one.fee_paise,
        "designatedOfficer": one.designated_officer,
        "firstAppellate": one.first_appellate,
        "secondAppellate": one.second_appellate,
        "address": one.hand_over.address if one.hand_over else None,
        "version": one.version,
        "source": one.source,
        "notConfirmed": [fact.value for fact in one.stated_facts if fact not in confirmed],
    }


async def _delivery(dimension: Dimension, env: Environment) -> Rows:
    """The last twelve months by one dimension, as strangers are shown them; a row that is withheld says so alone."""
    question = Question(*period(env, None, None), group_by=(Dimension.MONTH, dimension))
    found = await statistics(env, ANONYMOUS, question)
    return [
        {
            "month": row.place[Dimension.MONTH].isoformat(),
            dimension.value.lower(): row.place[dimension],
            "received": row.figures and row.figures.received,
            "disposed": row.figures and row.figures.disposed,
            "pending": row.figures and row.figures.pending,
            "onTimeRateHundredths": row.figures and row.figures.on_time_rate,
            "medianDays": row.figures and row.figures.median_days,
            "withheld": row.figures is None,
        }
        for row in found.rows
    ]


_TEXT, _NUMBER, _TRUTH = "text", "whole number", "true or false"
_FIGURES = {
    "received": _NUMBER,
    "disposed": _NUMBER,
    "pending": _NUMBER,
    "onTimeRateHundredths": _NUMBER,
    "medianDays": _NUMBER,
    "withheld": _TRUTH,
}

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        "services": Dataset(
            {
                "code": _TEXT,
                "slug": _TEXT,
                "nameHi": _TEXT,
                "nameEn": _TEXT,
                "department": _TEXT,
                "kind": _TEXT,
                "open": _TRUTH,
                "rtsNotified": _TRUTH,
                "timeLimitDays": _NUMBER,
                "timeLimitUnit": _TEXT,
                "portalDeliveryDays": _NUMBER,
                "fee": "paise",
                "designatedOfficer": _TEXT,
                "firstAppellate": _TEXT,
                "secondAppellate": _TEXT,
                "address": _TEXT,
                "version": _NUMBER,
                "source": _TEXT,
                "notConfirmed": "list of texts",
            },
            _services,
        ),
        **{
            f"delivery-by-{dimension.value.lower()}": Dataset(
                {"month": "first day", dimension.value.lower(): "code", **_FIGURES},
                partial(_delivery, dimension),
                DEFINITIONS_VERSION,
            )
            for dimension in (Dimension.DISTRICT, Dimension.DEPARTMENT)
        },
    }
)
"""What is published, by the name in its address."""
