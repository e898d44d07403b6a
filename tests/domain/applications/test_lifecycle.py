"""The state machine: what is lawful, what is final, and that everything else is refused by name."""

import itertools

import pytest

from domain.applications.lifecycle import FINAL, OPEN, TRANSITIONS, WITH_OFFICER, Move, Status, advance, moves_from
from domain.kernel import ErrorCode, Problems

ALL = list(itertools.product(Status, Move))


@pytest.mark.parametrize(("status", "move"), ALL)
def test_every_pair_of_state_and_step_is_lawful_or_refused_by_name(status: Status, move: Move):
    if (status, move) in TRANSITIONS:
        assert advance(status, move) is TRANSITIONS[status, move]
        assert move in moves_from(status)
        return
    with pytest.raises(Problems) as caught:
        advance(status, move)
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    assert caught.value.problems[0].params == {"status": status.value, "move": move.value}
    assert move not in moves_from(status)


def test_no_step_leads_out_of_a_final_state_and_out_of_every_other_one_does():
    assert {status for status in Status if {advance(status, move) for move in moves_from(status)} <= {status}} == FINAL


def test_every_state_can_be_reached_from_a_draft():
    reached, frontier = {Status.DRAFT}, {Status.DRAFT}
    while frontier:
        frontier = {advance(status, move) for status in frontier for move in moves_from(status)} - reached
        reached |= frontier
    assert reached == set(Status)


def test_an_application_is_never_approved_without_scrutiny_nor_delivered_without_approval():
    into_approved = {
        status
        for (status, move), after in TRANSITIONS.items()
        if after is Status.APPROVED and move is not Move.RECEIVE_FINAL_FEE
    }
    into_delivered = {before for (before, _), after in TRANSITIONS.items() if after is Status.DELIVERED is not before}
    assert into_approved == {Status.IN_SCRUTINY, Status.IN_VERIFICATION}
    assert into_delivered == {Status.APPROVED, Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED}


def test_a_decided_case_cannot_be_withdrawn():
    decided = {Status.APPROVED, Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED, Status.REJECTED, *FINAL}
    assert not any(Move.WITHDRAW in moves_from(status) for status in decided)


def test_what_lies_with_the_officer_is_open():
    assert WITH_OFFICER < OPEN
    assert not OPEN & FINAL


def test_a_final_fee_leads_back_to_the_approval_with_which_it_fell_due():
    assert advance(advance(Status.APPROVED, Move.ASK_FEE), Move.RECEIVE_FINAL_FEE) is Status.APPROVED
