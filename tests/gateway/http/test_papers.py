"""Acknowledgement, fee receipt, rejection order and sanction order as PDF, for whoever may see the application."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
from starlette.applications import Starlette

from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.papers import paper_of
from actions.certificates.verification import verify
from domain.applications.applications import Application, RejectionGround
from domain.benefits.benefits import Sanction, SanctionState
from domain.certificates.certificates import CertificateStatus
from domain.certificates.kinds import PAPER_FACTS, Paper
from domain.kernel import ErrorCode, MistypedNumber, Problems, Subject
from gateway.documents.authority import Authority
from gateway.documents.certificate_checks import check_certificate
from gateway.http import session_auth
from gateway.pages.downloads.papers import paper_routes
from states.certificate_kinds import certificate_kinds
from store.benefits import benefits
from tests.support.actions import FREE, INCOME, PENSION, World, papers
from tests.support.papers import INCOME_PAPERS
from tests.support.state import PACKAGE
from tests.support.worlds import PENSION_PAPERS, link_and_offer


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    rules = replace(sqlite_peopled.env.rules, certificate_kinds=certificate_kinds(PACKAGE.folder))
    return replace(sqlite_peopled, env=replace(sqlite_peopled.env, rules=rules))


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    known: dict[str, Subject] = {"asha": world.asha, "sunil": world.sunil}

    async def subject(_env: Any, token: str) -> Subject:
        return known[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    authority = Authority(world.env.keyrings, tmp_path / "certificates", world.clock)
    transport = httpx.ASGITransport(app=Starlette(routes=paper_routes(world.env, authority)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as asking:
        yield asking


async def ask(client: httpx.AsyncClient, application: Application, paper: str, who: str = "asha") -> httpx.Response:
    path = f"/my/applications/{application.number}/{paper}.pdf"
    return await client.get(path, headers={"Authorization": f"Bearer {who}"})


def words_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


async def rejected(world: World) -> Application:
    application = await world.in_scrutiny(world.asha, FREE, world.registrar)
    decision = Decide(
        application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Born in another district."
    )
    return (await decide_application(world.env, world.registrar, decision))[0]


async def test_the_acknowledgement_says_what_came_when_and_by_when_it_is_decided(
    world: World, client: httpx.AsyncClient
):
    application = await world.submit(world.asha)

    answer = await ask(client, application, "acknowledgement")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == (f'attachment; filename="acknowledgement-{application.number}.pdf"')
    seen = words_of(answer.content)
    assert "आवेदनकीपावतीAcknowledgement" in seen
    assert f"Acknowledgementnumber{application.acknowledgement}" in seen
    assert "digitalsealofthedepartment" in seen


async def test_a_rejection_order_gives_ground_reasons_and_the_way_of_appeal(world: World, client: httpx.AsyncClient):
    application = await rejected(world)

    seen = words_of((await ask(client, application, "rejection-order")).content)

    law = world.env.rules.law.first_appeal_days
    assert "Borninanotherdistrict." in seen
    assert "Decidedby" in seen
    assert "registrar,Officer" in seen
    assert "".join(f"Within {law.value} days of being told of the decision ({law.section})".split()) in seen
    assert f"/my/applications/{application.number}/appeal" in seen


async def test_the_receipt_names_number_and_amount_of_a_fee_that_was_paid_at_the_counter(
    world: World, client: httpx.AsyncClient
):
    await link_and_offer(world, world.asha, INCOME_PAPERS)
    application = await world.in_scrutiny(world.asha, INCOME, world.tehsildar, documents=papers(*INCOME_PAPERS))
    amount = world.env.rules.certificate_kinds.amount((application.fee_paise or 0) // 100)

    seen = words_of((await ask(client, application, "fee-receipt")).content)

    assert "ReceiptnumberR-1" in seen
    assert "".join(amount.en.split()) in seen


@pytest.mark.parametrize("paper", ["fee-receipt", "rejection-order", "pension-order", "diploma"])
async def test_an_application_that_has_no_such_paper_gives_none(world: World, client: httpx.AsyncClient, paper: str):
    application = await world.submit(world.asha)

    assert (await ask(client, application, paper)).status_code == 404


async def test_nobody_gets_the_paper_of_another(world: World, client: httpx.AsyncClient):
    application = await world.submit(world.asha)

    assert (await ask(client, application, "acknowledgement", "sunil")).status_code == 404


async def test_who_is_not_signed_in_gets_none(world: World, client: httpx.AsyncClient):
    application = await world.submit(world.asha)

    answer = await client.get(f"/my/applications/{application.number}/acknowledgement.pdf")

    assert answer.status_code == 401


async def test_a_sanction_order_names_scheme_amount_and_the_end_of_the_account_alone(world: World):
    await link_and_offer(world, world.asha, PENSION_PAPERS)
    application = await world.approved(world.asha, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))

    content = await paper_of(world.env, world.asha, application.number, Paper.PENSION_ORDER)

    said = {one.key: (one.shown or one.value) for one in content.fields}
    assert said["amount"] == world.env.rules.certificate_kinds.amount(1500)
    assert str(said.get("account", "XXXX")).startswith("XXXX")


async def sanctioned(world: World) -> Application:
    await link_and_offer(world, world.asha, PENSION_PAPERS)
    return await world.approved(world.asha, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))


async def sanction_of(world: World, application: Application) -> Sanction:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanction_of_applications(tx, [application.id]))[application.id]


async def codes_of(world: World, pdf: bytes) -> dict[str, str]:
    return {check.name: check.code for check in await check_certificate(world.env, pdf)}


SEALED = {"pdf": "OK", "register": "OK"}


async def test_every_paper_bears_the_seal_and_agrees_with_the_register(world: World, client: httpx.AsyncClient):
    granted, refused = await sanctioned(world), await rejected(world)
    given = [(granted, "pension-order"), (granted, "acknowledgement"), (refused, "rejection-order")]

    found = [await codes_of(world, (await ask(client, application, paper)).content) for application, paper in given]

    assert found == [SEALED] * 3


async def test_a_changed_order_is_told(world: World, client: httpx.AsyncClient):
    pdf = (await ask(client, await sanctioned(world), "pension-order")).content

    assert (await codes_of(world, pdf.replace(b"/Title", b"/Titla", 1)))["pdf"] == "BAD_SIGNATURE"
    assert (await codes_of(world, pdf + b"\n%more\n"))["pdf"] == "BAD_SIGNATURE"


async def test_a_copy_of_an_order_that_is_given_later_is_the_same_order(world: World, client: httpx.AsyncClient):
    """Also after the account was corrected, which the sanction then has."""
    application = await sanctioned(world)
    first = (await ask(client, application, "pension-order")).content
    sanction = await sanction_of(world, application)
    await world.env.store.carry_out(lambda tx: benefits.change_sanction(tx, sanction.id, bank_account_last4="9999"))
    world.clock.advance(timedelta(days=40))

    assert (await ask(client, application, "pension-order")).content == first


async def test_an_order_can_be_verified_by_its_number_until_its_benefit_ends(world: World, client: httpx.AsyncClient):
    application = await sanctioned(world)
    pdf = (await ask(client, application, "pension-order")).content
    sanction = await sanction_of(world, application)
    stands = await verify(world.env, sanction.number)

    await world.env.store.carry_out(lambda tx: benefits.change_sanction(tx, sanction.id, state=SanctionState.ENDED))
    ended = await verify(world.env, sanction.number)

    assert f"/verify/{sanction.number}" in words_of(pdf)
    assert stands is not None
    assert (stands.status, stands.certificate.holder.en) == (CertificateStatus.ACTIVE, "Asha Negi")
    assert ended is not None
    assert ended.status is CertificateStatus.EXPIRED
    assert await codes_of(world, pdf) == SEALED | {"register": "EXPIRED"}


async def test_a_sanction_that_waits_for_a_second_approval_is_no_order(world: World, client: httpx.AsyncClient):
    application = await sanctioned(world)
    sanction = await sanction_of(world, application)
    await world.env.store.carry_out(
        lambda tx: benefits.change_sanction(tx, sanction.id, state=SanctionState.AWAITING_APPROVAL)
    )

    assert (await ask(client, application, "pension-order")).status_code == 404
    with pytest.raises(MistypedNumber):
        await verify(world.env, sanction.number)


async def test_without_the_certificate_of_the_seal_no_paper_is_given(
    world: World, tmp_path: Path, client: httpx.AsyncClient
):
    application = await world.submit(world.asha)
    none = Authority(world.env.keyrings, tmp_path / "none", world.clock, makes_tests=False)
    transport = httpx.ASGITransport(app=Starlette(routes=paper_routes(world.env, none)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as asking:
        answer = await ask(asking, application, "acknowledgement")

    assert answer.status_code == 503


async def test_a_paper_that_is_not_there_is_not_found(world: World):
    application = await world.submit(world.asha)

    with pytest.raises(Problems) as refused:
        await paper_of(world.env, world.asha, application.number, Paper.FEE_RECEIPT)

    assert refused.value.code is ErrorCode.NOT_FOUND


def test_every_paper_has_its_template_in_the_package():
    assert set(certificate_kinds(PACKAGE.folder).papers) == set(Paper) == set(PAPER_FACTS)
