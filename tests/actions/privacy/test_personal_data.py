"""A citizen's data as a whole: handed out as far as it is hers, erased where no rule keeps them, never another's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import SaveDraft, save_draft
from actions.feedback.grievances import RaiseGrievance, ReplyToGrievance, raise_grievance, reply_to_grievance
from actions.privacy import personal_data
from actions.privacy.personal_data import erase_person, export_part, parts
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus
from domain.feedback.grievances import GrievanceCategory
from domain.kernel import ANONYMOUS, SYSTEM, ErrorCode, NotSignedIn, PersonKind, Problems, Provider
from store.applications import applications
from store.benefits import benefits
from store.database import NotThere, sealed_columns
from store.identity import identities, people, sessions
from store.identity.sessions import Session
from store.officers import desk
from store.privacy.export_rules import HANDED_OUT
from store.privacy.personal_rules import DELETED, KEPT, PASSING, PLAIN, TEXTS, VALUES
from store.tables import metadata
from tests.support.actions import FREE, ORDER, request_for
from tests.support.desk import DISABILITY_PENSION
from tests.support.stored import record_payment_status
from tests.support.worlds import AADHAAR, deliver_all, lives, wrong

NAME, MOBILE = "Sunil Rawat", "9800000001"


@pytest.fixture
async def lived(world):
    """A world in which Sunil has a benefit, a refusal, a withdrawal, papers, a session and a number in the vault."""
    await lives(world)
    sunil = world.sunil.person_id
    async with world.env.store.write_transaction() as tx:
        await identities.add_identity(
            tx, Provider.MERI_PEHCHAAN, "sub", PersonKind.CITIZEN, sunil, world.clock.now(), "HIGH"
        )
        later = world.clock.now().replace(year=2027)
        new = Session("s1", PersonKind.CITIZEN, sunil, Provider.MERI_PEHCHAAN, "HIGH", None, world.clock.now(), later)
        await sessions.add_session(tx, new)
    return world


async def paid(world) -> None:
    async with world.env.store.write_transaction() as tx:
        held = await benefits.sanctions_of_citizen(tx, world.sunil.person_id)
        for each in (await benefits.instalments(tx, [one.id for one in held])).values():
            await record_payment_status(tx, each[0].id, PaymentStatus.CREDITED, world.clock.now())


async def everything(world, subject, citizen_id) -> dict[str, list]:
    found = {}
    for part in parts():
        found[part], after = [], None
        while True:
            page = await export_part(world.env, subject, citizen_id, part, after=after, limit=2)
            found[part] += page.rows
            after = page.after
            if after is None:
                break
    return found


async def refused_with(call) -> tuple[ErrorCode, dict]:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code, dict(refused.value.problems[0].params)


async def test_what_is_hers_is_handed_out_page_by_page(lived):
    found = await everything(lived, lived.sunil, lived.sunil.person_id)

    assert found["citizens"][0]["personal"]["name_en"] == NAME
    assert len(found["applications"]) == 3
    assert {row["form"]["father_name"] for row in found["applications"]} == {"Bachan Singh"}
    assert any("The report did not confirm it." in str(row) for row in found["timeline_entries"])
    assert found["application_documents"][0]["reference"]["uri"] == "in.gov.pan-PANCR-1"
    assert len(found["instalments"]) == 1
    assert AADHAAR not in json.dumps(found)
    assert "tokens" not in found["locker_grants"][0]


async def test_a_proposal_that_waits_for_a_second_officer_is_not_handed_out(world):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    doubt = Decide(case.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="A false certificate.")
    await decide_application(world.env, world.welfare, doubt)

    found = await everything(world, world.asha, world.asha.person_id)

    async with world.env.store.read_transaction() as tx:
        assert (await desk.proposals(tx, [case.id]))[case.id].reason == "A false certificate."
    assert "A false certificate." not in json.dumps(found)
    asked = export_part(world.env, world.asha, world.asha.person_id, "second_opinions")
    assert (await refused_with(asked))[0] is ErrorCode.NOT_FOUND


async def test_only_she_and_the_gateways_own_commands_are_handed_anything(lived):
    sunil = lived.sunil.person_id
    for other in (lived.asha, lived.welfare, lived.operator):
        assert (await refused_with(export_part(lived.env, other, sunil, "citizens")))[0] is ErrorCode.NOT_FOUND
        assert (await refused_with(erase_person(lived.env, other, sunil)))[0] is ErrorCode.NOT_FOUND
    with pytest.raises(NotSignedIn):
        await export_part(lived.env, ANONYMOUS, sunil, "citizens")
    assert (await export_part(lived.env, SYSTEM, sunil, "citizens")).rows
    operator_for_sunil = replace(lived.operator, on_behalf_of=sunil)
    assert (await refused_with(export_part(lived.env, operator_for_sunil, sunil, "citizens")))[0] is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("part", "how", "code"),
    [
        ("nothing", {}, ErrorCode.NOT_FOUND),
        ("citizens", {"after": "[1, 2]"}, ErrorCode.BAD_INPUT),
        ("citizens", {"after": "not json"}, ErrorCode.BAD_INPUT),
        ("citizens", {"limit": 0}, ErrorCode.BAD_INPUT),
        ("citizens", {"limit": 101}, ErrorCode.BAD_INPUT),
    ],
)
async def test_what_cannot_be_asked_is_refused(lived, part, how, code):
    assert (await refused_with(export_part(lived.env, lived.sunil, lived.sunil.person_id, part, **how)))[0] is code


async def test_while_anything_is_under_way_nobody_is_erased(lived):
    before = await everything(lived, SYSTEM, lived.sunil.person_id)

    code, params = await refused_with(erase_person(lived.env, lived.sunil, lived.sunil.person_id))

    assert code is ErrorCode.ERASURE_BLOCKED
    assert params == {"payments": "1"}
    assert await everything(lived, SYSTEM, lived.sunil.person_id) == before
    code = await refused_with(erase_person(lived.env, lived.sunil, lived.sunil.person_id, confirmed=False))
    assert code[0] is ErrorCode.BAD_INPUT


async def test_an_erased_person_leaves_bare_records_and_a_store_that_is_right(lived, tmp_path):
    await paid(lived)
    sunil = lived.sunil.person_id
    held = request_for(ORDER)
    draft = SaveDraft(ORDER, "49", "304", held.channel, held.delivery, held.form, "draft")
    await save_draft(lived.env, lived.sunil, draft)
    assert await wrong(lived.env) == []
    async with lived.env.store.read_transaction() as tx:
        reference = (await people.citizens(tx, [sunil]))[sunil].aadhaar_reference

    done = await erase_person(lived.env, lived.sunil, sunil)

    assert not done.already
    assert {"citizens", "identities", "locker_grants", "applications", "timeline_entries"} <= done.erased.keys()
    assert await wrong(lived.env) == []
    found = await everything(lived, SYSTEM, sunil)
    words = json.dumps(found, ensure_ascii=False)
    for word in (
        NAME,
        "सुनील",
        MOBILE,
        "Bachan Singh",
        "30000000100",
        "did not confirm",
        "in.gov.pan-PANCR-1",
        "1984-03",
    ):
        assert word not in words
    assert len(found["applications"]) == 4
    assert {row["status"] for row in found["applications"]} == {"DELIVERED", "REJECTED", "WITHDRAWN"}
    assert found["identities"] == found["locker_grants"] == []
    with pytest.raises(NotThere):
        await lived.env.vault.reveal(reference, purpose="TEST", by="test")
    async with lived.env.store.read_transaction() as tx:
        assert (await sessions.session(tx, "s1")).revoked_at is not None
        assert (await applications.page_of_citizen(tx, sunil, statuses=[Status.DRAFT], limit=9)) == []


async def test_erasing_twice_changes_nothing_the_second_time(lived):
    await paid(lived)
    await erase_person(lived.env, lived.sunil, lived.sunil.person_id)
    before = await everything(lived, SYSTEM, lived.sunil.person_id)

    again = await erase_person(lived.env, SYSTEM, lived.sunil.person_id)

    assert again.already
    assert await everything(lived, SYSTEM, lived.sunil.person_id) == before


async def test_a_file_that_another_still_names_stays(lived):
    await deliver_all(lived)
    async with lived.env.store.write_transaction() as tx:
        await tx.connection.execute(text("UPDATE applications SET status = 'WITHDRAWN'"))
        shared = (await tx.connection.execute(text("SELECT max(sha256) FROM application_documents"))).scalar_one()
        first = "SELECT min(id) FROM application_documents WHERE citizen_id = :c"
        await tx.connection.execute(
            text(f"UPDATE application_documents SET sha256 = :s WHERE id = ({first})"),
            {"s": shared, "c": lived.sunil.person_id},
        )
    await paid(lived)

    done = await erase_person(lived.env, lived.sunil, lived.sunil.person_id)
    assert done.files == 0
    assert await lived.env.objects.exists(shared)
    assert (await erase_person(lived.env, lived.asha, lived.asha.person_id)).files == 1
    assert not await lived.env.objects.exists(shared)


async def test_others_keep_everything(lived):
    await paid(lived)
    before = await everything(lived, SYSTEM, lived.asha.person_id)
    await erase_person(lived.env, lived.sunil, lived.sunil.person_id)
    after = await everything(lived, SYSTEM, lived.asha.person_id)
    assert after == before
    assert await lived.submit(lived.asha, FREE, idempotency_key="goes on")


def test_every_table_with_a_citizen_or_with_sealed_columns_has_its_rule():
    ruled = {*DELETED, *TEXTS, *VALUES, *PLAIN, *KEPT, *PASSING}
    for table in metadata.sorted_tables:
        if "citizen_id" in table.c or sealed_columns(table):
            assert table.name in ruled, f"say in store/privacy/personal_rules.py what an erasure does with {table.name}"
        blanked = {*TEXTS.get(table.name, ()), *VALUES.get(table.name, ())[:1]}
        if table.name not in {*DELETED, *KEPT, *PASSING}:
            assert blanked == set(sealed_columns(table)), table.name
    assert ruled <= set(metadata.tables)
    assert set(personal_data.parts()) >= {"citizens", "applications", "certificates"}


WITHHELD = json.loads((Path(__file__).parents[2] / "store/privacy/withheld.json").read_text(encoding="utf-8"))


def names_a_citizen(table) -> bool:
    """Whether a table has a column with a person, or belongs to one that has."""
    owners = [key.column.table for column in table.columns for key in column.foreign_keys]
    own = {"citizen_id", "person_id", "applicant_id", "holder_id", "beneficiary_id"} & set(table.columns.keys())
    return bool(own) or any(owner is not table and names_a_citizen(owner) for owner in owners)


def test_every_table_that_names_a_citizen_has_a_rule_for_export_and_for_erasure():
    ruled = {*DELETED, *TEXTS, *VALUES, *PLAIN, *KEPT, *PASSING}
    decided = {*HANDED_OUT, *WITHHELD}
    walked = [table.name for table in metadata.sorted_tables if names_a_citizen(table)]
    assert len(walked) > 25
    for name in walked:
        assert name in decided, f"say in store/privacy/export_rules.py what of {name} is handed out"
        assert name in ruled, f"say in store/privacy/personal_rules.py what an erasure does with {name}"


async def test_replies_to_her_grievances_are_handed_out_and_emptied(lived):
    case = await lived.submit(lived.asha, FREE, idempotency_key="grieved")
    raising = RaiseGrievance(case.id, GrievanceCategory.DELAY, "Nothing happens.", "raise")
    grievance, _ = await raise_grievance(lived.env, lived.asha, raising)
    await reply_to_grievance(lived.env, lived.registrar, ReplyToGrievance(grievance.id, "It will, soon.", "reply"))
    [reply] = (await export_part(lived.env, lived.asha, lived.asha.person_id, "grievance_replies")).rows
    assert reply["text"] == "It will, soon."
    assert (await export_part(lived.env, lived.sunil, lived.sunil.person_id, "grievance_replies")).rows == ()
