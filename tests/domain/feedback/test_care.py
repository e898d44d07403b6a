"""The state machines of citizen care, their texts and their slots."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from stdnum import verhoeff

from domain import doorstep
from domain.applications.deadline import WorkCalendar
from domain.doorstep import Slot, SlotWindow, Visit, VisitMove, VisitPurpose, VisitState
from domain.feedback import grievances
from domain.feedback.feedback import SuggestionState, check_rating, moderate_text, replied_state
from domain.feedback.grievances import GrievanceMove, GrievanceState
from domain.feedback.tracking import SecondFactor, matches
from domain.kernel import Bilingual, Citizen, ErrorCode, Language, Problems
from tests.support.digits import devanagari_digits

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
AADHAAR = "99991234567" + verhoeff.calc_check_digit("99991234567")


def code_of(call) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("machine", [grievances, doorstep])
def test_a_step_that_is_not_in_the_table_is_refused(machine):
    states, moves = (GrievanceState, GrievanceMove) if machine is grievances else (VisitState, VisitMove)
    for state, move in product(states, moves):
        after = machine.TRANSITIONS.get((state, move))
        if after is None:
            assert code_of(lambda state=state, move=move: machine.advance(state, move)) is ErrorCode.STEP_NOT_ALLOWED
        else:
            assert machine.advance(state, move) is after


def test_nothing_leads_out_of_a_visit_that_is_over_or_a_grievance_that_is_closed():
    assert not [key for key in doorstep.TRANSITIONS if key[0] not in doorstep.OPEN]
    assert not [key for key in grievances.TRANSITIONS if key[0] is GrievanceState.CLOSED]


def test_texts_are_kept_without_aadhaar_numbers_and_control_characters():
    written = f" मेरा {AADHAAR[:4]} {AADHAAR[4:8]} {AADHAAR[8:]}\x00 देखें "
    assert moderate_text(written, "input", "text") == f"मेरा XXXX XXXX {AADHAAR[8:]} देखें"
    assert AADHAAR[:8] not in (moderate_text(devanagari_digits(AADHAAR), "text") or "")
    assert devanagari_digits(AADHAAR[:8]) not in (moderate_text(devanagari_digits(AADHAAR), "text") or "")
    assert moderate_text(" \n", "text", required=False) is None
    assert moderate_text("श्री\u200dमती\x07", "text") == "श्री\u200dमती"
    assert code_of(lambda: moderate_text("why\u202e", "text")) is ErrorCode.TEXT_HIDDEN_CHARACTER
    assert code_of(lambda: moderate_text(" ", "text")) is ErrorCode.REASON_REQUIRED
    assert code_of(lambda: moderate_text("x" * 2001, "text")) is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_ratings_are_one_to_five(rating):
    check_rating(1)
    check_rating(5)
    assert code_of(lambda: check_rating(rating)) is ErrorCode.BAD_INPUT


def test_a_final_reply_to_a_suggestion_stays():
    assert replied_state(SuggestionState.RECEIVED, SuggestionState.UNDER_REVIEW) is SuggestionState.UNDER_REVIEW
    final = (SuggestionState.ACCEPTED, SuggestionState.DECLINED)
    for before, after in product(final, SuggestionState):
        assert code_of(lambda b=before, a=after: replied_state(b, a)) is ErrorCode.STEP_NOT_ALLOWED


def test_slots_lie_on_working_days_of_the_district_only():
    holiday = date(2026, 11, 26)
    calendar = WorkCalendar("test", {holiday: frozenset({"49"})})
    here = {slot.on for slot in doorstep.offered_slots(date(2026, 11, 24), calendar, "49")}
    there = {slot.on for slot in doorstep.offered_slots(date(2026, 11, 24), calendar, "50")}
    assert holiday not in here
    assert holiday in there
    assert date(2026, 11, 24) not in here
    assert len(here) == len(there) == 5
    assert all(calendar.is_working(day, "49") for day in here)


def test_the_code_of_a_visit_holds_on_the_way_for_five_tries_until_it_expires():
    visit = a_visit(state=VisitState.OUT, otp_expires_at=NOW)
    assert visit.otp_holds(NOW)
    assert not visit.otp_holds(NOW + timedelta(seconds=1))
    assert not replace(visit, otp_tries=5).otp_holds(NOW)
    assert not replace(visit, state=VisitState.SCHEDULED).otp_holds(NOW)


def test_after_three_failures_there_is_no_further_visit():
    failed = [a_visit(state=VisitState.FAILED)] * 2
    doorstep.check_may_visit_again(failed)
    assert code_of(lambda: doorstep.check_may_visit_again(failed * 2)) is ErrorCode.VISITS_EXHAUSTED


@pytest.mark.parametrize(
    ("factor", "right"),
    [
        (SecondFactor(mobile_last4="0001"), True),
        (SecondFactor(mobile_last4="०००१"), True),
        (SecondFactor(mobile_last4="0002"), False),
        (SecondFactor(born_on=date(1984, 3, 14)), True),
        (SecondFactor(born_on=date(1984, 3, 15)), False),
    ],
)
def test_a_second_factor_is_hers_or_not(factor, right):
    assert factor.usable
    assert matches(a_citizen(), factor) is right
    assert not matches(None, factor)


def test_what_is_not_known_of_a_citizen_matches_nothing():
    unknown = replace(a_citizen(), mobile=None, born_on=None)
    assert not matches(unknown, SecondFactor(mobile_last4=""))
    assert not matches(unknown, SecondFactor(born_on=date(1984, 3, 14)))
    assert not SecondFactor().usable
    assert not SecondFactor(mobile_last4="12a4").usable
    assert not SecondFactor("1234", date(1984, 3, 14)).usable


def a_citizen() -> Citizen:
    name = Bilingual(None, "Asha")
    return Citizen(
        id="c",
        name=name,
        born_on=date(1984, 3, 14),
        gender="F",
        mobile="9800000001",
        district="49",
        tehsil="304",
        language=Language.HI,
        created_at=NOW,
    )


def a_visit(**changes) -> Visit:
    plain = Visit(
        id="v",
        application_id="a",
        citizen_id="c",
        purpose=VisitPurpose.DELIVERY,
        sequence=1,
        state=VisitState.SCHEDULED,
        slot=Slot(date(2026, 11, 25), SlotWindow.MORNING),
        agent_id="g",
        department=None,
        district="49",
        tehsil=None,
        fee_paise=None,
        otp="123456",
        otp_hash="hash",
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)
