"""Rows of a roster are taken or refused one by one, and wait for the guardian's consent."""

import pytest
from sqlalchemy import func, select

from actions.catalogue.submit_checks import open_service
from actions.kernel import UnitOfWork
from actions.rosters.adding import AddRows, add_rows
from actions.rosters.checks import Batch, row_problems
from domain.kernel import ErrorCode, Language, ist_date
from domain.kernel.messages import message
from domain.rosters.rosters import MOST_ROWS, ConsentWay, RowOutcome, RowState
from domain.rosters.rows import read_row
from store.applications import applications
from store.platform import outbox
from tests.support.actions import FREE, INCOME
from tests.support.camps import (
    a_filed_roster,
    added,
    child,
    opened,
    rows_now,
    signed_paper,
    told,
)
from tests.support.refusals import refusal


async def test_rows_with_a_signed_paper_are_ready_and_the_others_wait_for_a_consent(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)

    first, second = await added(camps, roster, child(1, consent_paper=paper), child(2))

    assert [first.outcome, second.outcome] == [RowOutcome.ADDED, RowOutcome.ADDED]
    assert (first.row.state, second.row.state) == (RowState.READY, RowState.CONSENT_MISSING)
    assert first.row.consent.way is ConsentWay.SIGNED_PAPER


async def test_a_wrong_row_names_field_and_remedy_in_the_asked_language_and_the_others_go_on(camps):
    roster = await opened(camps)

    wrong, right = await added(
        camps, roster, child(1, name="7", born_on="31-02-2010", relation="UNCLE", mobile="12"), child(2)
    )

    assert (wrong.outcome, right.outcome) == (RowOutcome.REFUSED, RowOutcome.ADDED)
    assert told(wrong) == [
        ("name", "Name: write the whole name on one line, without numbers."),
        ("bornOn", "Date of birth: write a date as DD-MM-YYYY."),
        ("relation", "Relation: write FATHER, MOTHER or GUARDIAN; SELF only from 18 years of age."),
        ("mobile", "Mobile: write an Indian mobile number of ten digits."),
    ]
    assert told(wrong, Language.HI)[1] == ("bornOn", "जन्म तिथि: तिथि DD-MM-YYYY के रूप में लिखें।")
    assert {one.path[:3] for one in wrong.problems} == {("input", "rows", "0")}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "Asha \u202eigeN"}, ("name",)),
        ({"name_hi": "आशा\u200b"}, ("nameHi",)),
        ({"guardian": "\ufeffBachan Singh"}, ("guardian",)),
        ({"reference": "7-\u20601"}, ("reference",)),
        ({"answers": {"purpose": "school\u2069"}}, ("answers", "purpose")),
    ],
)
async def test_a_row_with_a_character_that_nobody_sees_is_refused_at_its_place(camps, changes, path):
    roster = await opened(camps)

    (result,) = await added(camps, roster, child(1, **changes))

    problem = next(one for one in result.problems if one.code is ErrorCode.TEXT_HIDDEN_CHARACTER)
    assert (result.outcome, problem.path) == (RowOutcome.REFUSED, ("input", "rows", "0", *path))
    assert problem.params["character"].startswith("U+")


async def test_a_hindi_name_with_a_joiner_is_taken(camps):
    (result,) = await added(camps, await opened(camps), child(1, name_hi="लक्ष्\u200dमी नेगी"))

    assert (result.outcome, result.row.person.name_hi) == (RowOutcome.ADDED, "लक्ष्\u200dमी नेगी")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"relation": "SELF"}, "relation"),
        ({"guardian": ""}, "guardian"),
        ({"reference": "9999 4105 7058"}, "reference"),
        ({"name": "Asha 999941057058"}, "name"),
        ({"born_on": "2031-01-01"}, "bornOn"),
    ],
)
async def test_a_child_needs_a_guardian_and_no_aadhaar_number_is_taken(camps, changes, field):
    roster = await opened(camps)
    [result] = await added(camps, roster, child(1, **changes))
    assert [place for place, _ in told(result)] == [field]


async def test_somebody_of_age_speaks_for_herself(camps):
    roster = await opened(camps)
    [result] = await added(camps, roster, child(1, born_on="1990-01-01", relation="SELF", guardian=""))
    assert result.row.person.guardian == "Child A"


async def test_required_papers_and_unknown_files_are_told_at_the_row(camps):
    roster = await opened(camps, service=INCOME)
    [result] = await added(camps, roster, child(1, documents={"id-proof": "0" * 64}, consent_paper="f" * 64))

    codes = {problem.code for problem in result.problems}
    assert codes >= {ErrorCode.DOCUMENT_MISSING, ErrorCode.UPLOAD_UNKNOWN}
    assert ("consentPaper" in [".".join(one.path[3:]) for one in result.problems]) is True


async def test_the_same_rows_again_change_nothing_and_a_corrected_one_is_changed(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper), child(2))

    again = await added(camps, roster, child(1, consent_paper=paper), child(2, guardian="Kamla Devi"), key="again")

    assert [one.outcome for one in again] == [RowOutcome.UNCHANGED, RowOutcome.CHANGED]
    assert len(await rows_now(camps.env, roster)) == 2


async def test_another_name_under_a_reference_needs_the_consent_anew(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper))
    [changed] = await added(camps, roster, child(1, name="Somebody Else"), key="other")
    assert changed.row.state is RowState.CONSENT_MISSING


async def test_another_guardian_gives_her_own_word(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper))
    [same] = await added(camps, roster, child(1, answers={"village": "Rajpur"}), key="answers")
    [other] = await added(camps, roster, child(1, guardian="Kamla Devi", relation="MOTHER"), key="guardian")
    assert (same.row.state, other.row.state) == (RowState.READY, RowState.CONSENT_MISSING)


async def test_twins_are_found_within_a_batch_and_within_the_roster(camps):
    roster = await opened(camps)
    _, same_reference = await added(camps, roster, child(1), child(1, name="Another Child"))
    [same_person] = await added(camps, roster, child(1, reference="A-99"), key="second")

    assert [one.problems[0].code for one in (same_reference, same_person)] == [ErrorCode.ROW_TWICE] * 2
    assert len(await rows_now(camps.env, roster)) == 1


async def test_a_child_whose_application_is_open_is_not_added_to_the_next_roster(camps):
    _, rows = await a_filed_roster(camps)
    again = await opened(camps, key="next")

    [result] = await added(camps, again, child(1), key="next rows")

    assert result.problems[0].code is ErrorCode.ALREADY_APPLIED
    async with camps.env.store.read_transaction() as tx:
        application = await applications.get(tx, rows[0].application_id)
    assert result.problems[0].params == {"number": application.number}


async def test_a_full_roster_says_how_many_rows_it_takes(camps):
    roster = await opened(camps)
    person, _ = read_row(child(1), ist_date(camps.env.clock.now()))
    async with camps.env.store.write_transaction() as tx:
        service = await open_service(tx, FREE)
        batch = Batch(roster, service, None, {}, room=0)
        [full] = await row_problems(UnitOfWork(camps.env, tx, camps.principal), batch, person, child(1))

    assert message(full.code, Language.EN, full.params) == (
        f"A roster takes at most {MOST_ROWS} rows; begin another one for the rest."
    )
    none, many = AddRows(roster.number, (), "none"), AddRows(roster.number, (child(1),) * 51, "many")
    assert await refusal(add_rows(camps.env, camps.principal, none)) is ErrorCode.BAD_INPUT
    assert await refusal(add_rows(camps.env, camps.principal, many)) is ErrorCode.BAD_INPUT


async def test_the_same_key_gives_the_first_answer(camps):
    roster = await opened(camps)
    request = AddRows(roster.number, (child(1), child(2, name="")), "once")
    first, replayed = await add_rows(camps.env, camps.principal, request)
    again, repeated = await add_rows(camps.env, camps.principal, request)

    assert (replayed, repeated) == (False, True)
    assert [(one.outcome, one.problems) for one in first] == [(one.outcome, one.problems) for one in again]
    async with camps.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(select(func.count()).select_from(outbox.outbox_table))).scalar_one()
    assert rows == 0
