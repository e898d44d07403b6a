"""What counts as an e-transaction: the rule table, its versions, and what is left out as a machine's."""

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import pytest

from domain.etaal.counting import Category, CountingEvent, EtaalClass, Level
from domain.etaal.counting_rules import RulesWrong, counting_rules, read_rules, rules_named, rules_on
from domain.kernel import Role

DAY = date(2026, 11, 24)


def content() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files("domain.etaal").joinpath("counting_rules.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(
    ("event", "category"),
    [
        (CountingEvent.DELIVERED, Category.A),
        (CountingEvent.REJECTED_BY_ORDER, Category.A),
        (CountingEvent.BENEFIT_CREDITED, Category.E),
        (CountingEvent.STATUS_ENQUIRY, Category.D),
        (CountingEvent.BILL_PAID, Category.B),
        (CountingEvent.SUBMITTED, None),
        (CountingEvent.TAKEN_OVER, None),
        (CountingEvent.DOWNLOADED_AGAIN, None),
        (CountingEvent.FORM_DOWNLOADED, None),
        (CountingEvent.SERVICE_VIEWED, None),
        (CountingEvent.FEE_PAID, None),
    ],
)
def test_each_event_of_the_contract_counts_as_it_says(event: CountingEvent, category: Category | None):
    assert rules_on(DAY).category(event) is category


def test_a_new_rule_begins_on_its_day_and_leaves_the_days_before_it():
    first, second, third = counting_rules()
    assert rules_on(third.starts_on) is third
    assert rules_on(second.starts_on) is second
    assert rules_on(date.fromordinal(second.starts_on.toordinal() - 1)) is first
    assert rules_on(date(2001, 1, 1)) is first
    assert first.category(CountingEvent.STATUS_ENQUIRY) is None
    assert rules_named(first.version) is first
    assert rules_named("1999-1") is None


@pytest.mark.parametrize(
    ("roles", "agent", "automated"),
    [
        ({Role.CITIZEN}, "Mozilla/5.0 (Android 15)", False),
        ({Role.ANONYMOUS}, None, False),
        ({Role.OPERATOR}, "ApuniSarkar/1.4 okhttp", False),
        ({Role.ANONYMOUS}, "Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ({Role.ANONYMOUS}, "apuni-self-test/1", True),
        ({Role.ANONYMOUS}, "kube-probe/1.31", True),
        ({Role.CITIZEN, Role.DEVELOPER}, "Mozilla/5.0", True),
        ({Role.SYSTEM}, None, True),
        ({Role.ROUTER}, "router", True),
    ],
)
def test_what_a_machine_asks_is_told_by_role_or_name(roles: set[Role], agent: str | None, automated: bool):
    assert rules_on(DAY).is_automated(roles, agent) is automated


def test_enquiries_are_repeated_within_five_minutes_of_the_day_in_india():
    rules = rules_on(DAY)
    midnight = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    assert rules.window(midnight) == 0
    assert rules.window(midnight.replace(minute=34)) == 0
    assert rules.window(midnight.replace(minute=35)) == 1


def spoilt(**changes: Any) -> dict[str, Any]:
    given = content()
    given["versions"][0] |= changes
    return given


def without_an_event() -> dict[str, Any]:
    given = content()
    del given["versions"][0]["rules"][0]
    return given


def with_an_event_twice() -> dict[str, Any]:
    given = content()
    given["versions"][1]["rules"].append(given["versions"][1]["rules"][0])
    return given


def counting_under_nothing() -> dict[str, Any]:
    given = content()
    given["versions"][0]["rules"][0]["category"] = None
    return given


@pytest.mark.parametrize(
    "given",
    [
        {"versions": []},
        {},
        {"versions": [{}]},
        without_an_event(),
        with_an_event_twice(),
        counting_under_nothing(),
        spoilt(repeat_minutes=0),
        spoilt(**{"from": "2027-01-01"}),
        spoilt(**{"from": "soon"}),
        spoilt(version="2026-2"),
        spoilt(excluded={"roles": {"NOBODY": ""}, "agents": {}}),
    ],
)
def test_a_table_that_cannot_be_followed_is_refused(given: dict[str, Any]):
    with pytest.raises(RulesWrong):
        read_rules(given)


def test_a_standing_is_read_back_as_it_was_written():
    standing = EtaalClass("UK0517", Category.A, Level.STATE)
    assert EtaalClass.of(str(standing)) == standing
    assert (EtaalClass.of(""), EtaalClass.of("-")) == (None, None)
