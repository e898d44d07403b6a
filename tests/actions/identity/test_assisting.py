"""An operator acts for a citizen: by her code, by a relative, by a signed paper; never without, and never for long."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, answer_query
from actions.applications.submit import SaveDraft, save_draft, submit_application
from actions.consents.consent_ledger import recorded_consents
from actions.consents.consents import ChangeConsent, grant_consent, withdraw_consent
from actions.identity.assistance import ask_assistance, confirm_assistance, end_assistance
from actions.identity.contact_lookup import index_contacts
from actions.identity.paper_disputes import DisputePaper, dispute_paper
from actions.identity.relatives import RegisterRelative, register_relative, remove_relative
from actions.kernel import may_read, of_application, of_citizen
from domain.applications.applications import Application, Channel, DeliveryMode, RejectionGround
from domain.applications.lifecycle import Status
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.consents.consents import ConsentPurpose, ConsentStatus
from domain.feedback.grievances import GrievanceCategory
from domain.feedback.notices import NoticeKind
from domain.identity.assisting import AssistanceState, AssistanceWay
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Assurance, Bilingual, ErrorCode, Needed, NotSignedIn, Problems, Subject
from domain.officers.desk import QueueFilter
from store.catalogue import centres
from store.database import audit
from store.feedback import notices
from store.identity import accesses, assistances, people, strengths
from store.officers import desk_queue
from tests.support.actions import FREE, request_for
from tests.support.assisting import (
    MOBILE,
    again,
    asking,
    by_code,
    by_paper,
    delivered,
    paper_of,
    scan,
    signed_in,
)
from tests.support.phones import Phones, with_phones

PENSION = "ES91"
"""The disability pension, which asks for no papers here."""

ASSISTANCE = ConsentPurpose.ASSISTANCE


@pytest.fixture
async def phones(world) -> Phones:
    """Asha's number is her own here, and codes reach telephones."""
    phones = Phones()
    world.env = with_phones(world.env, phones)
    async with world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [world.sunil.person_id])).values()
        await people.update_citizen(tx, replace(sunil, mobile="9800000002"))
    return phones


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


async def actions_of(world) -> list[str]:
    async with world.env.store.read_transaction() as tx:
        rows = await tx.connection.execute(select(audit.audit_lines_table.c.action))
        return [str(row.action) for row in rows.all()]


async def test_by_her_code_the_operator_files_drafts_and_answers_for_her_and_nothing_else(world, phones):
    operator = await signed_in(world)
    assert await may_read(world.env, operator, of_citizen(world.asha.person_id)) is None

    acting = await by_code(world, phones, operator, service_code=None)

    assert (acting.on_behalf_of, acting.assurance) == (world.asha.person_id, Assurance.SUBSTANTIAL)
    application, _ = await submit_application(world.env, acting, request_for(FREE, channel=Channel.CSC))
    draft, _ = await save_draft(
        world.env,
        acting,
        SaveDraft(PENSION, "49", "304", Channel.CSC, DeliveryMode.PORTAL, {"village": "Raipur"}, "draft"),
    )
    assert (application.citizen_id, application.operator_id) == (world.asha.person_id, operator.person_id)
    assert draft.status is Status.DRAFT
    query = Decide(
        application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FACTS_NOT_CONFIRMED, reason="Which ward?"
    )
    await decide_application(world.env, world.registrar, query)
    answered, _ = await answer_query(world.env, acting, AnswerQuery(application.id, "Ward 4", {}, "answer"))
    assert answered.status is Status.IN_SCRUTINY
    assert await refusal(grant_consent(world.env, acting, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "g"))) is (
        ErrorCode.NOT_FOUND
    )


async def test_the_consent_is_in_the_ledger_with_centre_service_and_end_and_she_is_told(world, phones):
    operator = await signed_in(world)
    await by_code(world, phones, operator, minutes=15)

    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
        [notice] = await notices.of_citizen(world.asha.person_id).page(tx, limit=5)
        [held] = await assistances.of_citizen(tx, world.asha.person_id, 5)
    assert (consent.purpose, consent.status(world.clock.now())) == (ASSISTANCE, ConsentStatus.GIVEN)
    assert consent.scope == ("centre/CSC-49-1", f"service/{FREE}")
    assert consent.until == world.clock.now() + timedelta(minutes=15) == held.until
    assert consent.records[0].artefact["way"] == "OTP"
    assert (notice.kind, notice.params["centre"]) == (NoticeKind.ASSISTANCE_GIVEN, "CSC-49-1")
    assert {"assistance.ask", "consent.grant"} <= set(await actions_of(world))


async def test_reads_of_the_operator_are_receipts_that_she_sees(world, phones):
    acting = await by_code(world, phones, await signed_in(world))
    assert await may_read(world.env, acting, of_citizen(world.asha.person_id)) is not None

    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id, 10)
    assert ("OPERATOR", "ASSIST") in {(one.role, one.purpose) for one in receipts}


async def test_a_consent_for_one_service_opens_no_other(world, phones):
    own = await world.submit(world.asha, PENSION)
    acting = await by_code(world, phones, await signed_in(world))

    other = request_for(PENSION, channel=Channel.CSC, idempotency_key="other")
    assert await refusal(submit_application(world.env, acting, other)) is ErrorCode.NOT_FOUND
    assert await refusal(answer_query(world.env, acting, AnswerQuery(own.id, "x", {}, "a"))) is ErrorCode.NOT_FOUND


async def test_it_ends_with_its_minutes(world, phones):
    acting = await by_code(world, phones, await signed_in(world), minutes=1)
    world.clock.advance(timedelta(seconds=60))

    over = await again(world, acting)
    assert (over.on_behalf_of, over.assurance) == (None, None)
    assert await refusal(submit_application(world.env, over, request_for(FREE))) is ErrorCode.FORBIDDEN


async def test_she_takes_it_back_like_any_consent(world, phones):
    acting = await by_code(world, phones, await signed_in(world))
    await withdraw_consent(world.env, world.asha, ChangeConsent(ASSISTANCE, "back"))

    assert (await again(world, acting)).on_behalf_of is None
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN


async def test_the_operator_ends_it_and_the_ledger_says_so(world, phones):
    acting = await by_code(world, phones, await signed_in(world))
    assert await end_assistance(world.env, acting, "end") == (1, False)

    assert (await again(world, acting)).on_behalf_of is None
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN


async def test_a_session_acts_for_one_citizen_at_a_time(world, phones):
    operator = await signed_in(world)
    await by_code(world, phones, operator)
    second = await by_code(world, phones, operator, key="second", mobile="9800000002")

    assert second.on_behalf_of == world.sunil.person_id
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN


async def test_another_session_of_the_same_operator_does_not_act_for_her(world, phones):
    await by_code(world, phones, await signed_in(world))

    assert (await signed_in(world)).on_behalf_of is None


async def test_a_code_is_tried_three_times_and_no_more(world, phones):
    operator = await signed_in(world)
    asked, _ = await ask_assistance(world.env, operator, asking())
    [(_, code)] = await delivered(world, phones)
    wrong = "000000" if code != "000000" else "111111"

    for left in ("2", "1", "0"):
        with pytest.raises(Problems) as refused:
            await confirm_assistance(world.env, operator, asked.id, wrong, f"try-{left}")
        assert refused.value.problems[0].params == {"left": left}
    assert await refusal(confirm_assistance(world.env, operator, asked.id, code, "late")) is ErrorCode.NOT_FOUND
    assert (await actions_of(world)).count("assistance.wrong_code") == 3
    assert (await again(world, operator)).on_behalf_of is None


async def test_a_code_holds_ten_minutes_and_once(world, phones):
    operator = await signed_in(world)
    asked, _ = await ask_assistance(world.env, operator, asking())
    [(_, code)] = await delivered(world, phones)
    world.clock.advance(timedelta(minutes=10))
    assert await refusal(confirm_assistance(world.env, operator, asked.id, code, "late")) is ErrorCode.OTP_EXPIRED

    fresh, _ = await ask_assistance(world.env, operator, asking("fresh"))
    [(_, code)] = await delivered(world, phones)
    await confirm_assistance(world.env, operator, fresh.id, code, "c")
    assert await refusal(confirm_assistance(world.env, operator, fresh.id, code, "d")) is ErrorCode.NOT_FOUND
    assert (await confirm_assistance(world.env, operator, fresh.id, code, "c"))[1]  # the same key tells it again


async def test_nobody_else_enters_the_code(world, phones):
    operator = await signed_in(world)
    asked, _ = await ask_assistance(world.env, operator, asking())
    [(_, code)] = await delivered(world, phones)

    other_session = await signed_in(world)
    assert await refusal(confirm_assistance(world.env, other_session, asked.id, code, "a")) is ErrorCode.NOT_FOUND
    assert await refusal(confirm_assistance(world.env, world.asha, asked.id, code, "b")) is ErrorCode.NOT_FOUND
    assert await refusal(ask_assistance(world.env, world.tehsildar, asking("c"))) is ErrorCode.NOT_FOUND


async def test_what_the_operator_is_told_does_not_say_whether_she_is_known(world, phones):
    operator = await signed_in(world)
    known, _ = await ask_assistance(world.env, operator, asking("known"))
    unknown, _ = await ask_assistance(world.env, operator, asking("unknown", born_on=date(1999, 1, 1)))

    assert replace(known, id="", citizen_id=None, applicant=known.applicant) == replace(
        unknown, id="", citizen_id=None, applicant=known.applicant
    )
    assert [mobile for mobile, _ in await delivered(world, phones)] == [MOBILE]
    assert await refusal(confirm_assistance(world.env, operator, unknown.id, "123456", "x")) is ErrorCode.OTP_WRONG
    assert await refusal(confirm_assistance(world.env, operator, known.id, "12345", "y")) is ErrorCode.OTP_WRONG


async def test_one_who_is_not_known_is_entered_once_she_consented(world, phones):
    operator = await signed_in(world)
    acting = await by_code(world, phones, operator, mobile="9876500001", name="Kamla Bisht", born_on=date(1950, 1, 1))

    async with world.env.store.read_transaction() as tx:
        [entered] = (await people.citizens(tx, [acting.on_behalf_of or ""])).values()
    assert (entered.name.en, entered.mobile, entered.born_on) == ("Kamla Bisht", "9876500001", date(1950, 1, 1))
    assert "citizen.enter" in await actions_of(world)
    again_at_the_centre = await by_code(
        world, phones, operator, key="next", mobile="9876500001", name="Kamla Bisht", born_on=date(1950, 1, 1)
    )
    assert again_at_the_centre.on_behalf_of == entered.id


async def test_a_registered_relative_speaks_for_her_and_no_other_telephone_does(world, phones):
    await register_relative(world.env, world.asha, RegisterRelative("Mohan Negi", "son", "98000 00077", "r"))
    operator = await signed_in(world)
    stranger = asking("s", way=AssistanceWay.RELATIVE, relative_mobile="9800000078")
    await ask_assistance(world.env, operator, stranger)
    assert await delivered(world, phones) == []

    asked, _ = await ask_assistance(
        world.env, operator, asking("m", way=AssistanceWay.RELATIVE, relative_mobile="9800000077")
    )
    [(mobile, code)] = await delivered(world, phones)
    await confirm_assistance(world.env, operator, asked.id, code, "c")

    acting = await again(world, operator)
    assert (mobile, acting.on_behalf_of, acting.assurance) == ("9800000077", world.asha.person_id, Assurance.LOW)


async def test_relatives_are_hers_to_register_and_to_strike_off(world, phones):
    held, _ = await register_relative(world.env, world.asha, RegisterRelative("Mohan", "son", "9800000077", "r"))
    acting = await by_code(world, phones, await signed_in(world))

    assert (
        await refusal(register_relative(world.env, acting, RegisterRelative("X", "y", "9800000078", "o")))
        is ErrorCode.NOT_FOUND
    )
    assert (await remove_relative(world.env, world.sunil, held[0].id, "n"))[0] == []
    assert (await remove_relative(world.env, world.asha, held[0].id, "z"))[0] == []


async def by_relative(world, phones, operator: Subject) -> Subject:
    """A weak consent: her son's telephone, which she registered."""
    await register_relative(world.env, world.asha, RegisterRelative("Mohan Negi", "son", "9800000077", "r"))
    return await by_code(
        world, phones, operator, key="p", way=AssistanceWay.RELATIVE, relative_mobile="9800000077", service_code=None
    )


@pytest.fixture
async def kamla(world, phones) -> Application:
    """An application of one who has no telephone on file, filed before."""
    paper = await by_paper(world, await signed_in(world), name="Kamla Bisht", key="before")
    application, _ = await submit_application(world.env, paper, request_for(FREE, channel=Channel.CSC))
    world.clock.advance(timedelta(days=1))
    return application


async def test_a_signed_paper_that_was_scanned_speaks_for_her_with_its_strength(world, phones, kamla):
    operator = await signed_in(world)
    paper = paper_of("", name="Kamla Bisht", number=kamla.number)
    assert await refusal(ask_assistance(world.env, operator, paper)) is ErrorCode.BAD_INPUT
    assert await refusal(ask_assistance(world.env, operator, replace(paper, paper="a" * 64))) is (
        ErrorCode.UPLOAD_UNKNOWN
    )

    request = replace(paper, paper=await scan(world, operator))
    given, _ = await ask_assistance(world.env, operator, request)

    acting = await again(world, operator)
    assert (given.state, given.strength) == (AssistanceState.GIVEN, Assurance.LOW)
    assert acting.on_behalf_of == kamla.citizen_id
    async with world.env.store.read_transaction() as tx:
        consent = (await recorded_consents(tx, kamla.citizen_id))[-1]
        [notice, *_] = await notices.of_citizen(kamla.citizen_id).page(tx, limit=5)
    assert consent.records[-1].artefact["paper"] == request.paper
    assert notice.params["assistance_way"] == "SIGNED_PAPER"


async def test_a_paper_is_refused_where_a_telephone_is_on_file_or_named(world, phones):
    operator, own = await signed_in(world), await world.submit(world.asha)
    scanned = await scan(world, operator)

    on_file = ask_assistance(world.env, operator, paper_of(scanned, number=own.number))
    named = ask_assistance(world.env, operator, paper_of(scanned, "q", mobile=MOBILE))

    assert (await refusal(on_file), await refusal(named)) == (ErrorCode.TELEPHONE_ON_FILE, ErrorCode.BAD_INPUT)
    assert (await again(world, operator)).on_behalf_of is None


async def test_a_paper_lets_file_and_opens_nothing_from_before(world, phones, kamla):
    acting = await by_paper(world, await signed_in(world), name="Kamla Bisht", number=kamla.number)

    filed, _ = await submit_application(
        world.env, acting, request_for(PENSION, channel=Channel.CSC, idempotency_key="now")
    )

    assert filed.citizen_id == kamla.citizen_id
    assert await may_read(world.env, acting, of_application(filed)) is Purpose.ASSIST
    assert await may_read(world.env, acting, of_application(kamla)) is None
    assert await may_read(world.env, acting, of_citizen(kamla.citizen_id)) is None
    query = AnswerQuery(kamla.id, "x", {}, "a")
    assert await refusal(answer_query(world.env, acting, query)) is ErrorCode.NOT_FOUND


async def test_an_operator_acts_on_so_many_papers_in_a_day(world, phones):
    rules = replace(world.env.rules, sign_on=replace(world.env.rules.sign_on, papers_a_day=2))
    world.env = replace(world.env, rules=rules)
    operator = await signed_in(world)
    for number in range(2):
        await by_paper(world, operator, f"k{number}", name=f"Kamla {number}")

    third = paper_of(await scan(world, operator), "k3", name="Kamla 3")
    assert await refusal(ask_assistance(world.env, operator, third)) is ErrorCode.RATE_LIMITED
    world.clock.advance(timedelta(days=1, seconds=1))
    later = await signed_in(world)
    assert (await by_paper(world, later, "k4", name="Kamla 4")).on_behalf_of is not None


async def test_the_office_finds_what_was_filed_by_paper_in_its_queue(world, phones, kamla):
    await world.submit(world.asha)

    async with world.env.store.read_transaction() as tx:
        found = await desk_queue.page(tx, "", world.registrar.postings, QueueFilter(filed_by_paper=True), limit=10)
        papers = await assistances.papers_of_applications(tx, [kamla.id])
    assert [one.id for one in found] == [kamla.id]
    assert papers[kamla.id].centre_code == "CSC-49-1"


async def test_another_centre_and_the_office_open_a_case_for_whom_it_was_not_and_the_paper_ends(world, phones):
    acting = await by_paper(world, await signed_in(world), name="Kamla Bisht")
    filed, _ = await submit_application(world.env, acting, request_for(FREE, channel=Channel.CSC))
    dispute = DisputePaper(filed.number, "d")
    assert await refusal(dispute_paper(world.env, acting, dispute)) is ErrorCode.NOT_FOUND
    assert await refusal(dispute_paper(world.env, world.asha, dispute)) is ErrorCode.NOT_FOUND

    case, _ = await dispute_paper(world.env, world.registrar, dispute)

    assert (case.application_id, case.category) == (filed.id, GrievanceCategory.PERSONAL_DATA)
    assert (await again(world, acting)).on_behalf_of is None
    async with world.env.store.read_transaction() as tx:
        consent = (await recorded_consents(tx, filed.citizen_id))[-1]
    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN
    assert "assistance.dispute" in await actions_of(world)


async def test_an_operator_of_another_centre_disputes_a_paper_and_one_of_the_same_centre_does_not(world, phones, kamla):
    there = await signed_in(world)
    assert await refusal(dispute_paper(world.env, there, DisputePaper(kamla.number, "a"))) is ErrorCode.NOT_FOUND
    async with world.env.store.write_transaction() as tx:
        elsewhere = Centre("CSC-49-2", CentreKind.CSC, Bilingual(None, "CSC"), "49", None, open=True)
        await centres.save_centres(tx, [elsewhere])
        await centres.bind(tx, [Binding(there.person_id, elsewhere.code, None)])

    assert (await dispute_paper(world.env, there, DisputePaper(kamla.number, "b")))[0].application_id == kamla.id


async def test_what_an_operator_filed_otherwise_is_not_disputed_as_a_paper(world, phones):
    own = await world.submit(world.asha)

    call = dispute_paper(world.env, world.registrar, DisputePaper(own.number, "d"))
    assert await refusal(call) is ErrorCode.NOT_FOUND


async def test_the_share_of_papers_is_told_of_a_centre_that_helped_enough(world, phones):
    operator = await signed_in(world)
    await by_paper(world, operator, name="Kamla Bisht")
    await by_code(world, phones, operator)

    async with world.env.store.read_transaction() as tx:
        since = world.clock.now() - timedelta(days=30)
        shares = await assistances.paper_shares(tx, since, 2), await assistances.paper_shares(tx, since, 3)
    assert shares == ({"CSC-49-1": 50}, {})


async def test_a_weak_consent_never_changes_a_bank_account(world, phones):
    account = {"bank_account_number": "30000000100", "bank_ifsc": "DEMO0000001"}
    await world.submit(world.asha, FREE, form=account)
    operator = await signed_in(world)
    weak = await by_relative(world, phones, operator)

    def pension(key: str, **form: str) -> Any:
        return request_for(PENSION, form=form, channel=Channel.CSC, idempotency_key=key)

    changed = pension("a", bank_account_number="30000000999", bank_ifsc="DEMO0000001")
    assert await refusal(submit_application(world.env, weak, changed)) is ErrorCode.STRENGTH_TOO_LOW
    draft = SaveDraft(PENSION, "49", "304", Channel.CSC, DeliveryMode.PORTAL, dict(changed.form), "d")
    assert await refusal(save_draft(world.env, weak, draft)) is ErrorCode.STRENGTH_TOO_LOW
    application, _ = await submit_application(world.env, weak, pension("b", **account))
    async with world.env.store.read_transaction() as tx:
        kept = await strengths.applied_with(tx, [application.id])
    assert kept[application.id] == strengths.AppliedWith(Assurance.LOW, assisted=True)

    strong = await by_code(world, phones, operator, key="otp", service_code=None)
    assert await refusal(submit_application(world.env, strong, replace(changed, idempotency_key="c"))) is (
        ErrorCode.ALREADY_APPLIED  # it came past the account
    )


async def test_a_service_may_ask_for_more_than_a_weak_consent(world, phones):
    async with world.env.store.write_transaction() as tx:
        await strengths.replace_all(tx, {FREE: Needed(Assurance.SUBSTANTIAL, Assurance.SUBSTANTIAL)})
    operator = await signed_in(world)
    weak = await by_relative(world, phones, operator)
    assert await refusal(submit_application(world.env, weak, request_for(FREE))) is ErrorCode.STRENGTH_TOO_LOW
    strong = await by_code(world, phones, operator, key="otp")
    assert (await submit_application(world.env, strong, request_for(FREE)))[0].status is Status.IN_SCRUTINY


async def test_an_operator_asks_only_so_often(world, phones, monkeypatch):
    monkeypatch.setattr("actions.identity.assistance.MOST_ASKED", 2)
    operator = await signed_in(world)
    for number in range(2):
        await ask_assistance(world.env, operator, asking(f"k{number}"))

    assert await refusal(ask_assistance(world.env, operator, asking("k3"))) is ErrorCode.RATE_LIMITED


async def test_an_operator_whose_centre_was_closed_is_out_at_once(world, phones):
    acting = await by_code(world, phones, await signed_in(world))
    async with world.env.store.write_transaction() as tx:
        [centre] = (await centres.centres(tx, ["CSC-49-1"])).values()
        await centres.save_centres(tx, [replace(centre, open=False)])

    with pytest.raises(NotSignedIn):
        await again(world, acting)
    assert await refusal(ask_assistance(world.env, acting, asking("later"))) is ErrorCode.FORBIDDEN


async def test_the_number_that_finds_her_is_kept_as_an_index_only(world, phones):
    assert await index_contacts(world.env) == 0
    async with world.env.store.read_transaction() as tx:
        assert await may_read(world.env, world.asha, of_citizen(world.asha.person_id, ObjectKind.ASSISTANCE))
        held = await assistances.of_citizen(tx, world.asha.person_id, 5)
    assert held == []
