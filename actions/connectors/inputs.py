"""The inputs of a connector's call: what we know of the citizen and her application, and what the caller gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.applications.applications import Application
from domain.connectors import DepartmentCaseState
from domain.kernel import Citizen, ErrorCode, Problem, Problems
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorCall, Input
from store.connectors import cases
from store.database import Transaction

_CITIZEN = frozenset({"mobile", "born_on", "name_hi", "name_en", "gender", "district", "tehsil"})
_OF_APPLICATION = ("form", "application")
_APPLICATION = frozenset({"number", "service_code", "district", "tehsil"})


@dataclass(frozen=True, slots=True)
class Known:
    """Whom and what a call is about, as far as it is about somebody."""

    citizen: Citizen | None = None
    application: Application | None = None
    cases: Mapping[str, str] = field(default_factory=dict)
    """The numbers that the system has for her, by kind: of what was sent there for her and taken."""


async def known_numbers(tx: Transaction, citizen_id: str, connector: Connector, call: ConnectorCall) -> dict[str, str]:
    """The numbers of the citizen's own cases at the system that the call takes an input from."""
    found = {}
    for one in call.takes.values():
        head, _, kind = (one.source or "").partition(".")
        if head == "case":
            taken = await cases.of_citizen(tx, citizen_id, connector.name, kind)
            sent = (each.number for each in taken if each.state is DepartmentCaseState.SENT and each.number)
            found[kind] = next(sent, "")
    return found


def inputs_of(call: ConnectorCall, known: Known, given: Mapping[str, str], at: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a call's inputs as texts, a point as its `lat` and `long`.

    What says who somebody is comes from us, never from the caller: a number that she types could be another's. Raises
    Problems with BAD_INPUT at `inputs`, under `at`, and the name of what is unknown, missing or not hers to give.
    """
    unknown = [name for name in given if name not in call.takes or not may_give(call, call.takes[name])]
    values = {name: _value(one, known, given.get(name)) for name, one in call.takes.items()}
    missing = [name for name, one in call.takes.items() if values[name] is None and is_needed(call, name, one)]
    if unknown or missing:
        raise bad_inputs(*unknown, *missing, at=at)
    return {name: value for name, value in values.items() if value is not None}


def bad_inputs(*names: str, at: tuple[str, ...] = ()) -> Problems:
    """BAD_INPUT at each named input of the call, cut short as any text may stand there."""
    return Problems(*(Problem(ErrorCode.BAD_INPUT, (*at, "inputs", name[:40])) for name in names))


def bad_argument(*path: str) -> Problems:
    """BAD_INPUT at what names no system, kind of records or call."""
    return Problems(Problem(ErrorCode.BAD_INPUT, path))


def may_give(call: ConnectorCall, one: Input) -> bool:
    """Whether a caller gives the input: one that no source fills, and in a read none that is personal."""
    return one.source is None and (call.effect is not Effect.READ or one.personal is None)


def is_of_application(call: ConnectorCall) -> bool:
    """Whether an input comes from an application or its form."""
    return any((one.source or "").partition(".")[0] in _OF_APPLICATION for one in call.takes.values())


def is_needed(call: ConnectorCall, name: str, one: Input) -> bool:
    """Whether the call cannot be made without the input: the file says so, its path has it, or it says who it is."""
    return one.needed or one.source is not None or name in call.path.holes


def _value(one: Input, known: Known, given: str | None) -> Any:
    text = given if one.source is None else _from_source(one.source, known)
    if text is None or text == "":
        return None
    if one.kind == "point":
        lat, _, long = text.partition(",")
        return {"lat": lat.strip(), "long": long.strip()}
    return text


def _from_source(source: str, known: Known) -> str | None:
    head, _, name = source.partition(".")
    if head == "case":
        return known.cases.get(name)
    if head == "citizen":
        return _of_citizen(name, known.citizen)
    if known.application is None:
        return None
    if head == "application" and name in _APPLICATION:
        return getattr(known.application, name) or None
    return known.application.form.get(name)


def _of_citizen(name: str, citizen: Citizen | None) -> str | None:
    if citizen is None or name not in _CITIZEN:
        return None
    if name.startswith("name_"):
        return getattr(citizen.name, name.removeprefix("name_")) or None
    value = getattr(citizen, name)
    return value.isoformat() if isinstance(value, date) else value
