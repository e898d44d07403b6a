"""UMANG's read-only operations: catalogue, forms, applications, certificates, benefits."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from domain.applications.lifecycle import Status
from domain.kernel import MistypedNumber, NumberKind, parse_number, rupees
from gateway.umang.failures import CallFailed
from gateway.umang.reading import Text, Whole, Word, wrong
from gateway.umang.running import OperationResult, Operations
from integrations.calling.answers import BodyModel
from integrations.umang.door_answers import NOT_FOUND, failure

MOST_LIMIT, SAMPLE = 50, "12600000000126"
WALK = 100
"""Rows that are asked of the graph at once; a page of UMANG is a part of what is walked so."""

_YEAR = re.compile(r"(?P<from>20[0-9]{2})-(?P<to>[0-9]{2})")


class _Page(BodyModel):
    page: Annotated[Whole, Field(ge=1, le=1000, description="From 1.", examples=["1"])] = 1
    limit: Annotated[Whole, Field(ge=1, le=MOST_LIMIT, description="At most 50.", examples=["20"])] = MOST_LIMIT


class _Applications(_Page):
    status: Word[Status] | None = None


class _Service(BodyModel):
    service_code: Text = Field(examples=["ES09"])


class ByNumber(BodyModel):
    """The parameters of what is about one application."""

    application_id: Annotated[
        Text, Field(description="Number or acknowledgement; Devanagari digits are taken too.", examples=[SAMPLE])
    ]


def _check_year(text: str) -> str:
    match = _YEAR.fullmatch(text)
    if match is None or (int(match["from"]) + 1) % 100 != int(match["to"]):
        raise wrong("NOT_A_YEAR")
    return text


class _Benefits(BodyModel):
    financial_year: Annotated[Text, AfterValidator(_check_year)] = Field("", examples=["2026-27"])


async def get_services(graph: Operations, given: _Page) -> Mapping[str, Any]:
    """The catalogue in pages of at most 50."""

    async def page(after: str | None) -> tuple[Mapping[str, Any], OperationResult]:
        said = await graph.run("UmangGetServices", limit=WALK, after=after)
        return said.data["services"], said

    total, rows, _ = await _walk_pages(page, given)
    return {"services": [_service(row) for row in rows], "total": total}


async def get_service_detail(graph: Operations, given: _Service) -> Mapping[str, Any]:
    """One service with its papers and its officers."""
    said = await graph.run("UmangGetServiceDetail", code=given.service_code)
    return _service(require_found(said.data["service"], graph))


async def get_form(graph: Operations, given: _Service) -> Mapping[str, Any]:
    """The form of a service. The names of its questions are the keys of `formData`."""
    service = require_found((await graph.run("UmangGetForm", code=given.service_code)).data["service"], graph)
    form = require_found(service["form"], graph)
    return {
        "serviceCode": service["code"],
        "formVersion": form["version"],
        "title": form["label"],
        "help": form["help"],
        "sections": form["sections"],
        "documents": service["documents"],
    }


async def get_my_applications(graph: Operations, given: _Applications) -> Mapping[str, Any]:
    """The applications of the linked citizen, the newest first."""
    statuses = [given.status.value] if given.status else None

    async def page(after: str | None) -> tuple[Mapping[str, Any], OperationResult]:
        said = await graph.run("UmangGetMyApplications", limit=WALK, after=after, statuses=statuses)
        return require_found(said.data["viewer"], graph)["applications"], said

    total, rows, _ = await _walk_pages(page, given)
    return {"applications": [_row(row) for row in rows], "total": total}


async def get_application_status(graph: Operations, given: ByNumber) -> Mapping[str, Any]:
    """Status, stages, due date and delivery of one application."""
    seen = await find_application(graph, "UmangGetApplicationStatus", given.application_id)
    return {
        **_row(seen),
        "stages": [
            {"stage": step["after"], "text": step["label"], "at": step["at"]}
            for step in sorted(seen["timeline"], key=lambda step: int(step["sequence"]))
        ],
        "feeDue": fee_due(seen),
        "payment": payment_of(seen["feePayments"]),
        "deliveredOn": day_of(seen["deliveredAt"]),
    }


async def get_certificate(graph: Operations, given: ByNumber) -> Mapping[str, Any]:
    """The certificate of an application: its DigiLocker address, and one of ours for some minutes; else 0404."""
    seen = await find_application(graph, "UmangGetCertificate", given.application_id)
    certificate = require_found(seen["certificate"], graph)
    address = certificate["download"]
    return {
        "applicationId": seen["number"],
        "digilockerUri": certificate["uri"],
        "downloadUrl": address["url"] if address else None,
        "downloadUntil": address["expiresAt"] if address else None,
        "certificateNo": certificate["number"],
        "name": certificate["name"],
        "status": certificate["status"],
        "issuedOn": certificate["issuedOn"],
        "validUntil": certificate["validUntil"],
    }


async def get_benefits(graph: Operations, given: _Benefits) -> Mapping[str, Any]:
    """The instalments of the linked citizen's benefits, of one financial year where one is named.

    Where DBT finance does not answer it is what our own record says: `partial` is true and names it.
    """
    span = _span(given.financial_year) if given.financial_year else None
    said = await graph.run("UmangGetBenefits")
    held = require_found(said.data["viewer"], graph)["benefits"] or {"nodes": [], "complete": False}
    rows = [
        _instalment(benefit, one)
        for benefit in held["nodes"]
        for one in benefit["instalments"]
        if span is None or span[0] <= one["periodFrom"] <= span[1]
    ]
    partial = {"partial": True, "missing": list(said.missing)} if said.missing else {}
    return {"benefits": rows, **partial}


def application_selector(number: str) -> Mapping[str, str]:
    """How the graph is asked for an application: by the number of its acknowledgement, or by its own."""
    try:
        return {"acknowledgement": parse_number(number, NumberKind.ACKNOWLEDGEMENT)}
    except MistypedNumber:
        return {"number": number}


async def find_application(graph: Operations, document: str, number: str) -> Mapping[str, Any]:
    """The application of a number, as a document asks for it. Raises CallFailed with 0404."""
    return require_found((await graph.run(document, by=application_selector(number))).data["application"], graph)


def require_found(value: Any, graph: Operations) -> Mapping[str, Any]:
    """What the graph gave; raises CallFailed with 0404 where it gave nothing, be it absent or somebody else's."""
    if not value:
        raise CallFailed(failure(NOT_FOUND, graph.language))
    known: Mapping[str, Any] = value
    return known


def rupees_of(paise: Any) -> str | None:
    """An amount in rupees with two decimals, as text; None where nobody knows it."""
    return None if paise is None else rupees(int(paise))


def fee_due(application: Mapping[str, Any]) -> str:
    """What is still to be paid, in rupees."""
    fee = application["fee"]
    return rupees(0 if fee is None or fee["receipt"] else int(fee["amount"]))


def payment_of(payments: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The latest payment of the fee that was begun online; None where there was none."""
    if not payments:
        return None
    receipt = payments[0]["receipt"]
    latest = {name: value for name, value in payments[0].items() if name != "receipt"}
    return {**latest, "amount": rupees(int(latest["amount"])), "receiptNo": receipt["grn"] if receipt else None}


def day_of(instant: str | None) -> str | None:
    """The day in India of an instant of the graph."""
    return None if instant is None else instant[:10]


def _service(row: Mapping[str, Any]) -> dict[str, Any]:
    """A service under UMANG's names, which its published document gives to the fields of the graph."""
    return {**row, "department": (row["department"] or {}).get("name"), "fee": rupees_of(row["fee"])}


def _row(seen: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "applicationId": seen["number"],
        "acknowledgementNo": seen["acknowledgement"],
        "serviceCode": seen["service"]["code"],
        "serviceName": seen["service"]["name"],
        "status": seen["status"],
        "statusText": seen["statusLabel"],
        "submittedOn": day_of(seen["submittedAt"]),
        "dueDate": day_of(seen["deadline"]["dueAt"]),
    }


def _instalment(benefit: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scheme": (benefit["scheme"] or {}).get("name"),
        "amount": rupees_of(one["amount"]),
        "status": one["status"],
        "statusText": one["statusLabel"],
        "periodFrom": one["periodFrom"],
        "periodTo": one["periodTo"],
        "paidOn": day_of(one["statusAt"]) if one["status"] == "CREDITED" else None,
        "utrLast4": one["bankReferenceLast4"],
    }


def _span(year: str) -> tuple[str, str]:
    """The first and last day of a financial year such as 2026-27."""
    return f"{year[:4]}-04-01", f"{int(year[:4]) + 1}-03-31"


async def _walk_pages(page: Any, given: _Page) -> tuple[int | None, list[Mapping[str, Any]], tuple[str, ...]]:
    """So many rows behind so many, walked by the graph's cursors; the total, and systems that did not answer."""
    rows: list[Mapping[str, Any]] = []
    after, total, missing, skip, limit = None, None, (), (given.page - 1) * given.limit, given.limit
    while len(rows) < skip + limit:
        connection, said = await page(after)
        rows += connection["nodes"]
        total, missing = connection["totalCount"], said.missing
        if not connection["pageInfo"]["hasNextPage"]:
            break
        after = connection["pageInfo"]["endCursor"]
    return total, rows[skip : skip + limit], missing
