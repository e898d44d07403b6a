"""An application keeps the rules that it was filed under: days, fee and papers that change later do not touch it."""

from dataclasses import replace

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, record_fee
from actions.applications.submit import NewDocument
from actions.catalogue.catalogue_import import import_rows
from actions.catalogue.submit_checks import DocumentSource
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems, Subject
from store.catalogue import catalogue
from tests.support.actions import INCOME, World, catalogue_rows
from tests.support.files import hand_in
from tests.support.papers import INCOME_PAPERS
from tests.support.worlds import wrong

ROWS = catalogue_rows()
NEW = {
    "rts_time_limit_days": "30",
    "fee_inr": "75",
    "documents_required": "Applicant Photo; A New Paper",
    "documents_optional": "",
}


async def change_rules(world: World, **cells: str) -> None:
    services = tuple({**row, **cells} if row["service_code"] == INCOME else row for row in ROWS.services)
    await import_rows(world.env.store, replace(ROWS, services=services), dry_run=False)


async def file(world: World, citizen: Subject, *keys: str) -> Application:
    kept = await hand_in(world.env, citizen)
    papers = tuple(NewDocument(key, kept.reference, DocumentSource.UPLOAD.value) for key in keys or INCOME_PAPERS)
    return await world.submit(citizen, INCOME, documents=papers, idempotency_key=f"file-{citizen.person_id}")


async def pay(world: World, application: Application, paise: int) -> Application:
    fee = RecordFee(application.id, "R-1", paise, f"fee-{application.id}")
    return (await record_fee(world.env, world.tehsildar, fee))[0]


async def ask_about(world: World, application: Application, paper: str) -> Application:
    verdict = Decide(
        application.id,
        Verdict.RAISE_QUERY,
        f"query-{application.id}-{paper}",
        ground=RejectionGround.DOCUMENT_NOT_LEGIBLE,
        reason="कृपया फिर से भेजें",
        documents=(paper,),
    )
    return (await decide_application(world.env, world.tehsildar, verdict))[0]


async def test_fee_and_days_that_change_before_the_fee_is_paid_do_not_touch_what_is_filed(world):
    filed = await file(world, world.asha)
    assert (filed.status, filed.fee_paise, filed.service_version) == (Status.FEE_PENDING, 4000, 1)
    await change_rules(world, **NEW)
    with pytest.raises(Problems) as refused:
        await pay(world, filed, 7500)
    assert refused.value.code is ErrorCode.FEE_MISMATCH
    begun = await pay(world, filed, 4000)
    assert begun.limit.days == 15
    later = await pay(world, await file(world, world.sunil, "applicant-photo", "a-new-paper"), 7500)
    assert (later.limit.days, later.service_version) == (30, 2)
    assert later.due_at > begun.due_at
    assert await wrong(world.env) == []


async def test_papers_that_change_before_the_decision_do_not_touch_what_is_filed(world):
    old = await pay(world, await file(world, world.asha), 4000)
    await change_rules(world, **NEW)
    new = await pay(world, await file(world, world.sunil, "applicant-photo", "a-new-paper"), 7500)
    gone = next(key for key in INCOME_PAPERS if key != "applicant-photo")
    for application, paper in ((old, "a-new-paper"), (new, gone)):
        with pytest.raises(Problems) as refused:
            await ask_about(world, application, paper)
        assert refused.value.code is ErrorCode.DOCUMENT_NOT_NOTIFIED
    assert (await ask_about(world, old, gone)).status is Status.QUERY_RAISED
    assert (await ask_about(world, new, "a-new-paper")).status is Status.QUERY_RAISED


async def test_a_decision_goes_by_the_entry_that_was_filed_under(world):
    filed = await pay(world, await file(world, world.asha), 4000)
    await change_rules(world, **NEW)
    await change_rules(world, **NEW | {"fee_inr": "80"})
    approve = Decide(filed.id, Verdict.APPROVE, "approve")
    decided = (await decide_application(world.env, world.tehsildar, approve))[0]
    assert (decided.status, decided.fee_paise, decided.service_version) == (Status.APPROVED, 4000, 1)
    async with world.env.store.read_transaction() as tx:
        now = await catalogue.service(tx, INCOME)
        then = await catalogue.service_as_filed(tx, INCOME, decided.service_version)
    assert (now.version, now.fee_paise, then.version, then.fee_paise) == (3, 8000, 1, 4000)


async def test_a_draft_goes_by_the_rules_of_the_day_it_is_handed_in(world):
    await change_rules(world, **NEW)
    filed = await file(world, world.asha, "applicant-photo", "a-new-paper")
    assert (filed.service_version, filed.fee_paise) == (2, 7500)
