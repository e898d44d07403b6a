"""The certificate of a definition as people will see it: made-up data, marked as a specimen in both languages."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pypdfium2
import pytest
from starlette.applications import Starlette

from actions.catalogue.definition_drafts import DraftServiceDefinition, draft_service_definition
from actions.catalogue.definitions import plan_of
from actions.certificates.specimens import specimen_of
from domain.certificates.kinds import CertificateKinds
from domain.kernel import Bilingual, Subject, ist_date
from gateway.documents.certificate_words import preview_data
from gateway.http import session_auth
from gateway.pages.downloads.definition_pdf import definition_pdf_routes
from gateway.pages.downloads.review_pdf import laid_out
from tests.support.actions import FREE, World
from tests.support.definitions import a_document
from tests.support.forms import small, text
from tests.support.staffing import ADMIN

CERTIFICATE = dict.fromkeys(("slug", "name", "department")) | {
    "service": FREE,
    "outcome": {"kind": "CERTIFICATE", "validMonths": 12},
}


def words_of(pdf: bytes) -> str:
    """The text of the pages without white space: pdfium drops a space after some vowel signs."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


@pytest.fixture
async def client(sqlite_peopled: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    known: dict[str, Subject] = {"admin": ADMIN, "officer": sqlite_peopled.registrar, "citizen": sqlite_peopled.asha}

    async def subject(_env: Any, token: str) -> Subject:
        return known[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    transport = httpx.ASGITransport(app=Starlette(routes=definition_pdf_routes(sqlite_peopled.env)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as asking:
        yield asking


async def address(world: World, **changes: Any) -> str:
    """Where the certificate of a drafted definition is."""
    document = json.dumps(a_document(**{**CERTIFICATE, **changes}))
    draft, _ = await draft_service_definition(world.env, ADMIN, DraftServiceDefinition("draft", document))
    return f"/staff/definitions/{draft.id}/certificate.pdf"


async def ask(client: httpx.AsyncClient, path: str, who: str) -> httpx.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {who}"})


async def test_an_administrator_sees_the_certificate_as_people_will(sqlite_peopled: World, client: httpx.AsyncClient):
    answer = await ask(client, await address(sqlite_peopled), "admin")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    seen = words_of(answer.content)
    assert "SPECIMEN:apreviewwithmade-updata,notvalid" in seen
    assert "नमूना" in seen
    assert "SpecimenHolder" in seen


@pytest.mark.parametrize("who", ["officer", "citizen"])
async def test_whoever_administers_no_department_sees_none(sqlite_peopled: World, client: httpx.AsyncClient, who: str):
    answer = await ask(client, await address(sqlite_peopled), who)

    assert answer.status_code == 404


async def test_a_service_that_ends_in_an_order_has_none(sqlite_peopled: World, client: httpx.AsyncClient):
    path = await address(sqlite_peopled, outcome={"kind": "ORDER"})

    assert (await ask(client, path, "admin")).status_code == 404


async def test_a_definition_that_is_not_there_is_not_found(client: httpx.AsyncClient):
    assert (await ask(client, "/staff/definitions/none/certificate.pdf", "admin")).status_code == 404


async def test_printed_facts_are_those_of_the_example_of_the_form(sqlite_peopled: World):
    [examined] = await plan_of(sqlite_peopled.env, [a_document(**CERTIFICATE)])
    form = small({"village": text()}, examples=[{"village": "Example Village"}])
    today = ist_date(sqlite_peopled.clock.now())

    content = specimen_of(
        examined.service,
        form,
        Bilingual("विभाग", "Department"),
        today=today,
        public_url="http://gateway.test",
        kinds=CertificateKinds(),
    )

    assert content is not None
    assert [(one.key, one.value) for one in content.fields] == [("village", "Example Village")]
    again = replace(content, number=content.number)
    assert await laid_out(preview_data(content)) == await laid_out(preview_data(again))
