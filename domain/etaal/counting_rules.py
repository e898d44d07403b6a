"""Loads the versioned rules for what counts as an e-transaction (domain/etaal/counting_rules.json).

The table is docs/contracts/etaal.md section 2. Which version holds depends on the day of the event alone, so a change
of rule begins on its date and leaves every day before it as it was (docs/contracts/etaal.md section 9).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from domain.applications.lifecycle import Move
from domain.etaal.counting import Category, CountingEvent
from domain.kernel import IST, Role


class RulesWrong(ValueError):
    """The rule table cannot be followed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether one kind of event counts, as what, and why. `unit` says one of what is counted."""

    event: CountingEvent
    counted: bool
    category: Category | None
    unit: str
    why: str


@dataclass(frozen=True, slots=True)
class RuleTable:
    """One version of the table. The mappings of what is excluded give the reason of each."""

    version: str
    starts_on: date
    rules: Mapping[CountingEvent, Rule]
    repeat_minutes: int
    """A repeated enquiry within so many minutes of the clock counts once."""
    roles: Mapping[Role, str]
    agents: Mapping[str, str]
    delivered_with: frozenset[Move]
    """The steps with the first of which an application is delivered."""

    def event_of(self, move: Move) -> CountingEvent | None:
        """What a step of an application is to e-Taal; None for one that is no event."""
        if move in self.delivered_with:
            return CountingEvent.DELIVERED
        return CountingEvent.REJECTED_BY_ORDER if move is Move.REJECT else None

    def category(self, event: CountingEvent) -> Category | None:
        """The category under which an event counts; None where it does not count."""
        rule = self.rules[event]
        return rule.category if rule.counted else None

    def is_automated(self, roles: Iterable[Role], agent: str | None) -> bool:
        """Whether an enquiry was not a person's: by the role of the caller, or by what its program calls itself."""
        named = (agent or "").casefold()
        return any(role in self.roles for role in roles) or any(word in named for word in self.agents)

    def window(self, moment: datetime) -> int:
        """The number of the stretch of the day, in India, within which repeated enquiries count once."""
        here = moment.astimezone(IST)
        return (here.hour * 60 + here.minute) // self.repeat_minutes


def read_rules(content: Mapping[str, Any]) -> tuple[RuleTable, ...]:
    """The versions, the oldest first; raises RulesWrong where they leave an event out or do not follow each other."""
    try:
        tables = tuple(_table(each) for each in content["versions"])
    except (KeyError, TypeError, ValueError) as error:
        raise RulesWrong(f"the rule table cannot be read: {error}") from error
    if not tables:
        raise RulesWrong("the rule table has no version")
    starts = [table.starts_on for table in tables]
    if starts != sorted(set(starts)) or len({table.version for table in tables}) != len(tables):
        raise RulesWrong("versions must begin one after the other, each under its own name")
    return tables


@cache
def counting_rules() -> tuple[RuleTable, ...]:
    """The versions of domain/etaal/counting_rules.json, the oldest first."""
    text = files("domain.etaal").joinpath("counting_rules.json").read_text(encoding="utf-8")
    return read_rules(json.loads(text))


def rules_on(day: date) -> RuleTable:
    """The version that holds on a day; the first one also for days before it."""
    known = counting_rules()
    return next((table for table in reversed(known) if table.starts_on <= day), known[0])


def rules_named(version: str) -> RuleTable | None:
    """The version with a name, or None."""
    return next((table for table in counting_rules() if table.version == version), None)


def _table(given: Mapping[str, Any]) -> RuleTable:
    rules = {rule.event: rule for rule in map(_rule, given["rules"])}
    if len(rules) != len(given["rules"]) or rules.keys() != set(CountingEvent):
        raise RulesWrong(f"version {given['version']} does not say of each event once whether it counts")
    excluded = given["excluded"]
    minutes = int(given["repeat_minutes"])
    if not 1 <= minutes <= 24 * 60:
        raise RulesWrong("repeat_minutes must lie within a day")
    return RuleTable(
        version=str(given["version"]),
        starts_on=date.fromisoformat(given["from"]),
        rules=rules,
        repeat_minutes=minutes,
        roles={Role(name): why for name, why in excluded["roles"].items()},
        agents={str(word).casefold(): why for word, why in excluded["agents"].items()},
        delivered_with=frozenset(map(Move, given["delivered_with"])),
    )


def _rule(given: Mapping[str, Any]) -> Rule:
    category = None if given["category"] is None else Category(given["category"])
    counted = given["counted"]
    if not isinstance(counted, bool) or (counted and category is None):
        raise RulesWrong(f"{given['event']} counts under no category")
    return Rule(CountingEvent(given["event"]), counted, category, str(given["unit"]), str(given["why"]))
