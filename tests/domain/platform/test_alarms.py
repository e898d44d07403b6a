"""Which numbers raise which alarm."""

from dataclasses import replace

import pytest

from domain.kernel import Language
from domain.kernel.messages import label
from domain.platform.alarms import (
    PRESENT_SECONDS,
    RULES,
    AlarmCode,
    Event,
    JobRuns,
    ProcessFacts,
    Readings,
    active_alarms,
)

WELL = ProcessFacts("gateway@one", {}, {}, 0, 50_000_000_000, None, None)
QUIET = Readings((WELL,), dead_letters=0, outbox_seconds=0, unsealed_seconds=0, session_key_seconds=0)

FAILING = {"settle_budgets": JobRuns({"failed": 3}, 3), "seal_ledger": JobRuns({"failed": 9, "done": 1}, 2)}


def of(**changes: object) -> Readings:
    return replace(QUIET, processes=(replace(WELL, **changes),))


def test_a_quiet_house_has_no_alarm():
    assert active_alarms(QUIET) == {}


@pytest.mark.parametrize(
    ("readings", "code", "about"),
    [
        (replace(QUIET, dead_letters=1), AlarmCode.OUTBOX_DEAD_LETTER, ""),
        (replace(QUIET, worker_seconds=300), AlarmCode.WORKER_AWAY, ""),
        (replace(QUIET, outbox_seconds=1800), AlarmCode.OUTBOX_LATE, ""),
        (replace(QUIET, unsealed_seconds=4 * 3600), AlarmCode.AUDIT_UNSEALED, ""),
        (replace(QUIET, session_key_seconds=90 * 86400), AlarmCode.SESSION_KEY_OLD, ""),
        (of(not_closed={"UMANG": 300.0}), AlarmCode.BREAKER_OPEN, "UMANG"),
        (of(integrity={"DIGILOCKER": Event(1, 10)}), AlarmCode.INTEGRITY_FAILURE, "DIGILOCKER"),
        (of(not_let_in={"API_SETU": Event(1, 10)}), AlarmCode.NOT_LET_IN, "API_SETU"),
        (of(sign_in_failures=50), AlarmCode.SIGN_IN_FAILURES, ""),
        (of(free_bytes=999_999_999), AlarmCode.DISK_LOW, "gateway@one"),
        (of(disk_refusals=Event(3, 599)), AlarmCode.DISK_LOW, "gateway@one"),
        (of(store_away=Event(31, 10)), AlarmCode.STORE_UNAVAILABLE, "gateway@one"),
        (of(clock_step=Event(7, 10)), AlarmCode.CLOCK_STEPPED, "gateway@one"),
        (of(sweep=7200.0), AlarmCode.LEGAL_CLOCK_LATE, ""),
        (of(jobs=FAILING), AlarmCode.JOB_FAILING, "settle_budgets"),
        (replace(QUIET, holiday_lists_in_doubt=("2027",)), AlarmCode.HOLIDAYS_IN_DOUBT, "2027"),
    ],
)
def test_each_alarm_is_raised_by_its_own_number(readings, code, about):
    assert list(active_alarms(readings)) == [(code, about)]


@pytest.mark.parametrize(
    "readings",
    [
        replace(QUIET, outbox_seconds=1799),
        replace(QUIET, worker_seconds=299.9),
        of(not_closed={"UMANG": 299.0}),
        of(sign_in_failures=49),
        of(integrity={"DIGILOCKER": Event(5, 3601)}),
        of(clock_step=Event(7, 3601)),
        of(disk_refusals=Event(3, 601)),
        of(not_let_in={"API_SETU": Event(9, 3601)}),
    ],
)
def test_below_its_threshold_or_past_its_time_nothing_is_raised(readings):
    assert active_alarms(readings) == {}


def test_the_legal_clock_is_not_late_while_any_worker_ran_it():
    two = (replace(WELL, sweep=9000.0), replace(WELL, sweep=3000.0))

    assert active_alarms(replace(QUIET, processes=two)) == {}


def test_failed_sign_ins_are_added_over_all_processes():
    facts = replace(WELL, sign_in_failures=25)

    assert (AlarmCode.SIGN_IN_FAILURES, "") in active_alarms(replace(QUIET, processes=(facts, facts)))


def test_the_longest_open_breaker_of_all_processes_counts():
    two = (replace(WELL, not_closed={"UMANG": 10.0}), replace(WELL, not_closed={"UMANG": 400.0}))

    assert active_alarms(replace(QUIET, processes=two)) == {(AlarmCode.BREAKER_OPEN, "UMANG"): 400.0}


def test_what_a_process_that_fell_silent_said_of_the_present_counts_no_more_but_its_events_do():
    silent = {"age": PRESENT_SECONDS + 1, "not_closed": {"UMANG": 400.0}, "integrity": {"DIGILOCKER": Event(1, 0)}}

    assert list(active_alarms(of(**silent))) == [(AlarmCode.INTEGRITY_FAILURE, "DIGILOCKER")]


def test_the_worst_worker_of_a_job_counts():
    others = replace(WELL, jobs={"settle_budgets": JobRuns({"failed": 5}, 5)})
    two = (replace(WELL, jobs=FAILING), others)

    assert active_alarms(replace(QUIET, processes=two)) == {(AlarmCode.JOB_FAILING, "settle_budgets"): 5}


def test_an_outage_of_the_store_is_one_alarm_and_not_one_for_each_job():
    outage = of(jobs=FAILING, store_away=Event(31, 590))

    assert list(active_alarms(outage)) == [(AlarmCode.STORE_UNAVAILABLE, "gateway@one")]
    assert list(active_alarms(of(jobs=FAILING, store_away=Event(31, 601)))) == [
        (AlarmCode.JOB_FAILING, "settle_budgets")
    ]


@pytest.mark.parametrize("code", AlarmCode)
def test_every_alarm_has_a_rule_and_a_meaning_in_both_languages(code):
    assert RULES[code].runbook
    assert label(f"alarm.{code.value}", Language.HI) != label(f"alarm.{code.value}", Language.EN)
