"""What is merged from our store and outside systems: whole where all answer, honest where one does not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from actions.benefits.benefits import benefits_of
from actions.benefits.payment_status import apply_status
from actions.benefits.sanction import add_instalment, send_instruction, settle
from actions.certificates.certificates import certificates_of
from actions.certificates.issue import issue_certificate
from actions.documents.department_documents import RATION_CARD, department_certificates_of
from actions.kernel import UnitOfWork
from actions.umang.ration import ration_card_of
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.documents.documents import CARD_NUMBER
from domain.kernel import SYSTEM, Bilingual, Language, Problems, Source, Sourced, SourceState, Subject
from integrations.apisetu import DepartmentCertificate
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.dbt_finance import BankAccount, PaymentState
from integrations.digilocker import IssuedDocument
from integrations.umang import RationCard
from store.benefits import benefits
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import accesses
from tests.support.actions import FREE, PENSION, FakeRenderer, World, papers
from tests.support.graph import Down, Ration

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
LOCKER_DOCUMENT = IssuedDocument(
    "in.gov.pan-PANCR-1", "PAN", "PANCR", "Income Tax", "in.gov.pan", ("application/pdf",), AS_OF
)
DEPARTMENT_CERTIFICATE = DepartmentCertificate(
    uri="in.gov.uk.old-INCER-77",
    name="Income Certificate",
    number="C-77",
    issuer="e-District",
    doctype="INCER",
    issued_on=date(2020, 1, 2),
    holder="Asha Negi",
    media_type="application/xml",
    signature_verified=True,
)


async def hold(world: World, publisher: str = "edistrictuk", **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": world.env.ids.key(),
        "citizen_id": world.asha.person_id,
        "publisher": publisher,
        "doctype": "INCER",
        "name": Bilingual("आय प्रमाण पत्र", "Income Certificate"),
        "parameters": {"ApplicationNo": "1"},
        "consent": {},
        "valid_until": world.clock.now() + timedelta(days=1),
    }
    async with world.env.store.write_transaction() as tx:
        await department_documents.add(tx, DepartmentDocument(**{**values, **changes}))


async def everything(world: World) -> str:
    """One certificate of ours, one in the locker, one of a department; gives the URI of ours."""
    application = await world.approved(world.asha, FREE, world.registrar)
    issued = await issue_certificate(world.env, application.id, FakeRenderer())
    await world.link_locker(world.asha)
    world.locker.documents = (LOCKER_DOCUMENT,)
    await hold(world)
    world.apisetu.answer = Sourced(DEPARTMENT_CERTIFICATE, Source.API_SETU, SourceState.CACHED, AS_OF)
    assert issued is not None
    return issued.uri


async def test_certificates_of_three_places_are_one_list(world: World):
    ours = await everything(world)
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert [(node.uri, node.origin) for node in view.nodes] == [
        (ours, Source.STORE),
        ("in.gov.pan-PANCR-1", Source.DIGILOCKER),
        ("in.gov.uk.old-INCER-77", Source.API_SETU),
    ]
    assert (view.complete, view.failures) == (True, ())
    assert [(source, state) for source, state, _ in view.provenances] == [
        (Source.STORE, SourceState.LIVE),
        (Source.DIGILOCKER, SourceState.LIVE),
        (Source.API_SETU, SourceState.CACHED),
    ]
    request = world.apisetu.requests[0]
    assert (request.publisher, request.holder_names) == ("edistrictuk", ("Asha Negi", "आशा नेगी"))


async def test_a_certificate_of_ours_that_is_in_her_locker_too_is_shown_once(world: World):
    ours = await everything(world)
    world.locker.documents = (replace(LOCKER_DOCUMENT, uri=ours.lower()), LOCKER_DOCUMENT)
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert [node.origin for node in view.nodes] == [Source.STORE, Source.DIGILOCKER, Source.API_SETU]


@pytest.mark.parametrize("failure", [Unavailable(Source.DIGILOCKER, "down"), Garbled(Source.DIGILOCKER, "not_json")])
async def test_a_dead_locker_leaves_the_rest_and_says_so(world: World, failure: Unavailable | Garbled):
    await everything(world)
    world.locker.failure = failure
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert [node.origin for node in view.nodes] == [Source.STORE, Source.API_SETU]
    assert (view.complete, view.failures) == (False, (failure,))
    assert (Source.DIGILOCKER, SourceState.DOWN, None) in view.provenances


async def test_without_a_linked_locker_the_rest_is_told_as_incomplete_and_linking_is_offered(world: World):
    await hold(world)
    world.apisetu.answer = Sourced(DEPARTMENT_CERTIFICATE, Source.API_SETU, SourceState.LIVE, AS_OF)
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert not view.complete
    assert [(type(failure), failure.source, failure.code) for failure in view.failures] == [
        (Refused, Source.DIGILOCKER, "consent_needed")
    ]
    assert [source for source, _, _ in view.provenances] == [Source.STORE, Source.API_SETU]


async def test_a_consent_that_had_ended_before_drops_nothing_that_is_kept_of_the_citizen(world: World):
    await hold(world, valid_until=world.clock.now())
    dropped: list[str] = []

    async def forget(citizen_id: str) -> bool:
        dropped.append(citizen_id)
        return True

    env = replace(world.env, partners=replace(world.env.partners, forget_citizen=forget))

    (answer,) = await department_certificates_of(env, world.asha, world.asha.person_id or "")

    assert isinstance(answer.failure, Refused)
    assert dropped == []


async def test_one_dead_department_does_not_hide_the_others(world: World):
    await everything(world)
    world.apisetu.answer = Unavailable(Source.API_SETU, "down")
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert len(view.nodes) == 2
    assert not view.complete
    assert view.provenances[-1] == (Source.API_SETU, SourceState.DOWN, None)


@pytest.mark.parametrize("code", ["record_not_found", "invalid_parameter"])
async def test_a_number_that_a_department_does_not_know_is_no_outage(world: World, code: str):
    await everything(world)
    world.apisetu.answer = Refused(Source.API_SETU, code)

    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")

    assert (len(view.nodes), view.complete, [one.code for one in view.failures]) == (2, True, [code])
    assert view.provenances[-1] == (Source.API_SETU, SourceState.LIVE, world.clock.now())


async def test_a_department_that_refuses_for_another_reason_is_there_and_the_list_is_not_complete(world: World):
    await everything(world)
    world.apisetu.answer = Refused(Source.API_SETU, "invalid_authorization")

    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")

    assert not view.complete
    assert view.provenances[-1] == (Source.API_SETU, SourceState.LIVE, world.clock.now())


async def test_a_locker_that_refuses_is_there_and_the_list_is_not_complete(world: World):
    await everything(world)
    world.locker.failure = Refused(Source.DIGILOCKER, "insufficient_scope")

    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")

    assert not view.complete
    assert (Source.DIGILOCKER, SourceState.LIVE, world.clock.now()) in view.provenances


async def test_a_consent_that_has_lapsed_is_not_used(world: World):
    await hold(world, valid_until=world.clock.now())
    answers = await department_certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert [answer.failure.code for answer in answers if answer.failure] == ["consent_needed"]
    assert world.apisetu.requests == []


async def test_a_long_list_is_cut_and_says_so(world: World):
    await world.link_locker(world.asha)
    world.locker.documents = tuple(replace(LOCKER_DOCUMENT, uri=f"in.gov.x-PANCR-{n}") for n in range(201))
    view = await certificates_of(world.env, world.asha, world.asha.person_id or "")
    assert (len(view.nodes), view.complete) == (200, False)


async def test_each_source_that_is_asked_leaves_a_receipt(world: World):
    await everything(world)
    await certificates_of(world.env, world.asha, world.asha.person_id or "")
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
    own = {(one.source, one.object_kind) for one in receipts if one.role == "CITIZEN"}
    assert own == {("DIGILOCKER", "CERTIFICATE"), ("API_SETU", "CERTIFICATE")}


@pytest.mark.parametrize("who", ["sunil", "registrar", "operator"])
async def test_nobody_else_sees_them_and_no_source_is_asked(world: World, who: str):
    await everything(world)
    calls, stranger = world.locker.calls, cast("Subject", getattr(world, who))
    for read in (certificates_of, benefits_of, department_certificates_of):
        with pytest.raises(Problems):
            await read(world.env, stranger, world.asha.person_id or "")
    assert world.locker.calls == calls


async def pension(world: World) -> str:
    """A sanctioned pension whose first instalment was instructed; gives its end-to-end id."""
    world.locker.failure = Unavailable(Source.DIGILOCKER, "down")
    await world.link_locker(world.asha)
    keys = ("applicant-photo", "aadhaar-card", "age-proof", "bank-passbook-aadhaar-linked", "income-certificate")
    application = await world.approved(world.asha, PENSION, world.welfare, documents=papers(*keys))
    async with world.env.store.read_transaction() as tx:
        sanction = (await benefits.sanction_of_applications(tx, [application.id]))[application.id]
        instalment = (await benefits.instalments(tx, [sanction.id]))[sanction.id][0]
    await send_instruction(world.env, instalment.id)
    return instalment.end_to_end_id


async def test_a_benefit_shows_where_each_payment_stands(world: World):
    payment = await pension(world)
    world.dbt.states = {payment: PaymentState(PaymentStatus.RETURNED, AS_OF, "1234", "53")}
    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")
    assert (view.complete, view.failure) == (True, None)
    node = view.nodes[0]
    assert node.scheme is not None
    assert (node.scheme.code, node.sanction.amount_paise) == ("uk-old-age-pension", 150_000)
    assert [one.state.status if one.state else None for one in node.instalments] == [PaymentStatus.RETURNED]
    assert view.provenances[-1] == (Source.DBT_FINANCE, SourceState.LIVE, AS_OF)


async def record_status(world: World, payment: str, status: PaymentStatus, at: datetime) -> None:
    async with world.env.store.write_transaction() as tx:
        made = await benefits.instalments(
            tx, [one.id for one in await benefits.sanctions_of_citizen(tx, world.asha.person_id or "")]
        )
        one = next(one for several in made.values() for one in several if one.end_to_end_id == payment)
        await apply_status(UnitOfWork(world.env, tx, SYSTEM), one.id, PaymentNews(status, at))


@pytest.mark.parametrize(("status", "days"), [(PaymentStatus.CREDITED, 11), (PaymentStatus.RETURNED, 0)])
async def test_of_a_settled_payment_the_store_tells_and_the_treasury_is_not_asked(
    world: World, status: PaymentStatus, days: int
):
    payment = await pension(world)
    at = world.clock.now()
    await record_status(world, payment, status, at)
    world.clock.advance(timedelta(days=days))
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")
    assert (view.complete, view.failure) == (True, None)
    assert [(one.instalment.status, one.state) for one in view.nodes[0].instalments] == [(status, None)]
    assert view.provenances[1:] == ((Source.DBT_FINANCE, SourceState.CACHED, at),)


async def many_payments(world: World, count: int) -> list[str]:
    """Payments of a pension whose orders the treasury has and was never asked for; their end-to-end ids in order."""
    await pension(world)
    async with world.env.store.write_transaction() as tx:
        acting = UnitOfWork(world.env, tx, SYSTEM)
        (held,) = await benefits.sanctions_of_citizen(tx, world.asha.person_id or "")
        (latest,) = (await benefits.instalments(tx, [held.id]))[held.id]
        for _ in range(count - 1):
            latest = await add_instalment(acting, held, begins=latest.period_to + timedelta(days=1), rail=Rail.IFMS)
            await settle(acting, latest, PaymentStatus.INSTRUCTED)
        return [one.end_to_end_id for one in (await benefits.instalments(tx, [held.id]))[held.id]]


async def test_of_many_payments_that_were_never_asked_for_a_page_asks_about_the_two_newest_alone(world: World):
    payments = await many_payments(world, 6)

    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")

    assert [bill.end_to_end_id for bill in world.dbt.shown] == [payments[5], payments[4]]
    assert (view.complete, len(view.nodes[0].instalments)) == (True, 6)
    told = [state for source, state, _ in view.provenances if source is Source.DBT_FINANCE]
    assert told == [SourceState.LIVE, SourceState.CACHED]


async def test_a_page_asks_about_payments_on_their_way_before_those_that_may_come_back(world: World):
    payments = await many_payments(world, 4)
    async with world.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql(
            'UPDATE payment_enquiries SET asked_at = due_at, reached = \'{"paid_at":""}\''
        )
    await record_status(world, payments[3], PaymentStatus.CREDITED, world.clock.now())

    await benefits_of(world.env, world.asha, world.asha.person_id or "")

    assert [bill.end_to_end_id for bill in world.dbt.shown] == [payments[2], payments[1]]


async def test_a_payment_is_asked_about_with_the_account_and_the_amount_that_were_sent(world: World):
    await pension(world)

    await benefits_of(world.env, world.asha, world.asha.person_id or "")

    (bill,) = world.dbt.shown
    (sent,) = world.dbt.instructed[0].payees
    assert (bill.account, bill.amount_paise) == (BankAccount(sent.account_number, sent.ifsc), sent.amount_paise)


async def test_an_answer_from_before_does_not_hide_what_the_store_has_heard_since(world: World):
    payment = await pension(world)
    await record_status(world, payment, PaymentStatus.AT_BANK, world.clock.now())
    world.dbt.states = {payment: PaymentState(PaymentStatus.INSTRUCTED, AS_OF)}
    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")
    assert [(one.instalment.status, one.state) for one in view.nodes[0].instalments] == [(PaymentStatus.AT_BANK, None)]


async def test_while_dbt_finance_is_away_the_sanction_is_shown_without_a_state(world: World):
    await pension(world)
    failure = world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")
    assert (view.complete, view.failure) == (False, failure)
    assert [one.state for one in view.nodes[0].instalments] == [None]
    assert view.provenances[-1] == (Source.DBT_FINANCE, SourceState.DOWN, None)


async def test_without_payments_dbt_finance_is_not_asked(world: World):
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    view = await benefits_of(world.env, world.asha, world.asha.person_id or "")
    assert (view.nodes, view.complete, view.failure) == ((), True, None)
    assert [source for source, _, _ in view.provenances] == [Source.STORE]


class NotingRation:
    """Ration cards, and who asked for which."""

    def __init__(self) -> None:
        self._cards = Ration(Down())
        self.asked: list[tuple[str, str, Language]] = []

    async def ration_card(self, citizen_id: str, card_number: str, language: Language) -> Sourced[RationCard]:
        self.asked.append((citizen_id, card_number, language))
        return await self._cards.ration_card(citizen_id, card_number, language)


async def test_a_ration_card_is_asked_for_by_its_number_only_where_one_is_known(world: World):
    umang: Any = NotingRation()
    env = replace(world.env, partners=replace(world.env.partners, umang=umang))
    citizen_id = world.asha.person_id or ""
    assert await ration_card_of(env, world.asha, citizen_id, Language.HI) is None
    await hold(world, RATION_CARD, parameters={CARD_NUMBER: "051234567890"})
    await ration_card_of(env, world.asha, citizen_id, Language.HI)
    assert umang.asked == [(citizen_id, "051234567890", Language.HI)]
    assert await department_certificates_of(env, world.asha, citizen_id) == ()
