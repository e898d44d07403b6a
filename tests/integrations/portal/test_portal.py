"""The portal's catalogue, asked at a sandbox that was written from the description a second time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Source
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.portal import (
    NotACatalogue,
    PortalCatalogue,
    PortalDepartment,
    PortalPaper,
    PortalService,
    read_catalogue,
)
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome, load_demo
from sandbox.portal.server import create_sandbox
from tests.support.remotes import remote_over

DEMO = Path(__file__).parents[3] / "demo"
VECTOR: dict[str, Any] = {
    "id": "ES09",
    "slug": "income-certificate",
    "nameEnglish": "Income Certificate",
    "nameHindi": "आय प्रमाण पत्र",
    "department": {"slug": "revenue-department"},
    "serviceType": "Revenue Certificates",
    "charge": 40,
    "deliveryTimeInSeconds": 1_296_000,
    "rts": True,
    "documents": [{"nameEnglish": "ID Proof", "required": True}, {"name": "Pay Slip", "required": False}],
    "officerFields": [],
    "forms": [],
}
"""The capture's example: 1296000 seconds are 15 days (docs/catalogue.md)."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    home = SandboxHome(
        "portal", tmp_path, tmp_path / "portal.json", SandboxClock(), load_demo(DEMO), "http://g.test", "http://p.test"
    )
    made = create_sandbox(home)
    yield made
    made.close()


def client(sandbox: Sandbox) -> PortalCatalogue:
    return PortalCatalogue(remote_over(sandbox.app, Source.DEPARTMENTS))


def answering(status: int, body: bytes) -> PortalCatalogue:
    async def answer(request: Request) -> Response:
        return Response(body, status, media_type="application/json")

    app = Starlette(routes=[Route("/api/service", answer)])
    return PortalCatalogue(remote_over(app, Source.DEPARTMENTS))


def test_a_record_is_read_as_the_capture_says():
    (service,) = read_catalogue([VECTOR]).services
    assert service == PortalService(
        code="ES09",
        slug="income-certificate",
        name_en="Income Certificate",
        name_hi="आय प्रमाण पत्र",
        department=PortalDepartment("revenue-department", None),
        category="Revenue Certificates",
        charge_paise=4000,
        delivery_days=15,
        rts=True,
        documents=(PortalPaper("ID Proof", True), PortalPaper("Pay Slip", False)),
        row=1,
    )


def test_what_a_record_does_not_say_is_none_and_never_zero():
    (bare,) = read_catalogue({"services": [{"id": "X", "nameEnglish": "Bare", "deliveryTimeInSeconds": 0}]}).services
    assert (bare.charge_paise, bare.delivery_days, bare.rts, bare.documents) == (None, None, None, None)
    (free,) = read_catalogue({"data": [{"id": "X", "nameEnglish": "Free", "charge": 0, "documents": []}]}).services
    assert (free.charge_paise, free.documents) == (0, ())
    (dear,) = read_catalogue([{**VECTOR, "charge": "12.50"}]).services
    assert dear.charge_paise == 1250


@pytest.mark.parametrize("document", [None, {}, [], "text", {"services": {}}, [VECTOR] * 10_001])
def test_another_document_is_no_catalogue(document: Any):
    with pytest.raises(NotACatalogue):
        read_catalogue(document)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("id", 0, "NOT_TEXT"),
        ("id", True, "NOT_TEXT"),
        ("nameEnglish", None, "MISSING"),
        ("nameHindi", ["आय"], "NOT_TEXT"),
        ("slug", "x" * 301, "TOO_LONG"),
        ("charge", True, "NOT_AN_AMOUNT"),
        ("charge", float("nan"), "NOT_AN_AMOUNT"),
        ("charge", -1, "OUT_OF_RANGE"),
        ("deliveryTimeInSeconds", 1.5, "NOT_A_NUMBER"),
        ("deliveryTimeInSeconds", -86_400, "OUT_OF_RANGE"),
        ("deliveryTimeInSeconds", 86_401, "NOT_WHOLE_DAYS"),
        ("rts", "true", "NOT_YES_OR_NO"),
        ("documents", "ID Proof", "NOT_A_LIST"),
        ("documents", [1], "NOT_AN_OBJECT"),
        ("documents", [{"required": True}], "MISSING"),
        ("documents", [{"name": "A", "required": "yes"}], "NOT_YES_OR_NO"),
    ],
)
def test_a_record_that_is_wrong_is_told_by_its_field(field: str, value: Any, reason: str):
    read = read_catalogue([{**VECTOR, field: value}, {**VECTOR, "id": "ES01"}])
    assert [(each.row, each.reason) for each in read.rejects] == [(1, reason)]
    assert read.rejects[0].field in (field, "nameEnglish")
    assert [service.code for service in read.services] == ["ES01"]


async def test_the_sandbox_gives_every_record_and_what_was_changed_there(sandbox: Sandbox):
    read = await client(sandbox).services()
    assert read.rejects == ()
    assert {service.code for service in read.services} >= {"ES09", "ES08", "ES90"}
    assert await sandbox.act("change", {"id": "ES09", "charge": 55}) == {"changed": True}
    assert await sandbox.act("change", {"id": "no such", "charge": 55}) == {"changed": False}
    again = {service.code: service for service in (await client(sandbox).services()).services}
    assert again["ES09"].charge_paise == 5500


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (200, b"{not json", Garbled, "not_json"),
        (200, b'{"message": "ok"}', Garbled, "not_a_catalogue"),
        (200, b"[" * 100_000, Garbled, "not_json"),
        (200, b'[{"id": 1}]', Garbled, "no_record_readable"),
        (500, b"{}", Unavailable, "http_500"),
        (404, b"{}", Refused, "http_404"),
        (403, b"{}", Refused, "http_403"),
    ],
)
async def test_another_answer_is_one_of_the_three_outcomes(status: int, body: bytes, error: type, code: str):
    with pytest.raises(error) as raised:
        await answering(status, body).services()
    assert raised.value.code == code


def test_the_demo_has_the_shape_of_the_capture():
    records = json.loads((DEMO / "portal_catalogue.json").read_text(encoding="utf-8"))
    assert {frozenset(record) for record in records} == {frozenset(VECTOR)}
