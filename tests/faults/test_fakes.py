"""Stand-ins of tests are bound to the clients whose places they take: the same methods, answers of the same kind."""

import ast
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Sourced
from integrations.dbt_finance import DbtFinance
from integrations.digilocker import DigiLocker, IssuedDocument
from integrations.etaal import EtaalPush
from integrations.whatsapp import WhatsApp
from tests.faults import adapters, benefits, lockers, people
from tests.faults.base import Adapter
from tests.faults.site import open_site
from tests.support import actions, graph
from tests.support.endings import Pushes
from tests.support.fakes import FAKES, methods_of, parameters_of
from tests.support.phones import Phones

ROOT = Path(__file__).parents[2]

ONE_FILE: Mapping[str, type] = {
    "tests/actions/etaal/test_etaal_rounds.py FakePush": EtaalPush,
    "tests/actions/feedback/test_message_turns.py Number": WhatsApp,
    "tests/properties/test_message_states.py Number": WhatsApp,
    "tests/actions/benefits/test_payment_corrections.py LosesInstructions": DbtFinance,
    "tests/actions/benefits/test_payment_corrections.py Losing": DbtFinance,
    "tests/actions/benefits/test_payment_corrections.py Refusing": DbtFinance,
    "tests/race/test_tokens.py RotatingTokens": DigiLocker,
}
"""Stand-ins of one file whose methods have names that other things have too."""

COMMON = {
    *("archive", "certificate", "confirm", "correct", "data", "exchange", "fetch", "file", "folder", "forget"),
    *("pull", "push", "read", "refresh", "revoke", "send"),
}
"""Methods of clients whose names other things have too."""


class ListedLocker(actions.FakeLocker):
    """A locker with a document, as tests fill it."""

    def __init__(self) -> None:
        super().__init__()
        self.documents = (
            IssuedDocument(graph.LOCKER_URI, "PAN", "PANCR", "IT", "in.gov.pan", ("application/pdf",), None),
        )


class Pushing:
    """DigiLocker of which only the push is asked."""

    def __init__(self) -> None:
        self.pushing = Pushes()


def well(fake: Callable[[graph.Down], Any]) -> Callable[[], Any]:
    """A stand-in of the graph's world that nobody stopped."""
    return lambda: fake(graph.Down())


LOCKER, FINANCE, RATION = well(graph.Locker), well(graph.Finance), well(graph.Ration)
ANSWERS: Mapping[type[Adapter], tuple[Callable[[], Any], ...]] = {
    lockers.LockerList: (ListedLocker, LOCKER),
    lockers.LockerFileCall: (ListedLocker, LOCKER),
    lockers.LockerXml: (ListedLocker,),
    lockers.LockerFolder: (LOCKER,),
    lockers.LockerAadhaar: (LOCKER,),
    lockers.LockerPullIssuers: (LOCKER,),
    lockers.LockerPull: (LOCKER,),
    lockers.LockerPush: (Pushing,),
    benefits.Instruct: (actions.FakeDbt,),
    benefits.Correct: (actions.FakeDbt,),
    benefits.Enquire: (actions.FakeDbt,),
    benefits.HeadBalance: (actions.FakeDbt, FINANCE),
    benefits.PaymentStatuses: (FINANCE,),
    adapters.RationCardCall: (RATION,),
    adapters.MandisCall: (RATION,),
    adapters.MedicinesCall: (RATION,),
    adapters.BloodCall: (RATION,),
    people.SmsByMsdp: (Phones,),
}
"""Stand-ins that answer what the adapter of the fault matrix asks of the client over the system's sandbox."""


def alike(real: Any, fake: Any) -> bool:
    """Whether two answers are of the same classes through and through; a list of a stand-in may be empty."""
    if isinstance(real, Sourced):
        return isinstance(fake, Sourced) and real.source is fake.source and alike(real.value, fake.value)
    if isinstance(real, Mapping):
        return isinstance(fake, Mapping) and alike(list(real.values()), list(fake.values()))
    if isinstance(real, (tuple, list)):
        return isinstance(fake, (tuple, list)) and {type(part) for part in fake} <= {type(part) for part in real}
    return type(real) is type(fake)


def written_methods(names: Collection[str]) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The methods of classes of tests that have one of the names, with the file and the class."""
    wanted = re.compile(rf"def ({'|'.join(names)})\(self")
    for path in sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts):
        text = path.read_text(encoding="utf-8")
        for one in ast.walk(ast.parse(text)) if wanted.search(text) else ():
            for method in one.body if isinstance(one, ast.ClassDef) else ():
                if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name in names:
                    yield f"{path.relative_to(ROOT)} {one.name}", method


def names_of(one: type) -> dict[str, list[str]]:
    """The parameters of each method of a client."""
    return {name: list(inspect.signature(method).parameters) for name, method in methods_of(one).items()}


def test_every_class_of_tests_with_a_method_of_a_client_takes_what_the_client_takes():
    clients = {one for bound in FAKES.values() for one in bound.real}
    distinct = {name: taken for one in clients for name, taken in names_of(one).items() if name not in COMMON}
    bound = {where: names_of(client) for where, client in ONE_FILE.items()}
    wrong, seen = {}, set()
    for where, method in written_methods({*distinct, *(name for names in bound.values() for name in names)}):
        given = method.args
        taken = [one.arg for one in (*given.args, given.vararg, *given.kwonlyargs, given.kwarg) if one]
        seen.add(where)
        if taken != bound.get(where, distinct).get(method.name, taken):
            wrong[f"{where}.{method.name}"] = taken

    assert wrong == {}
    assert set(ONE_FILE) <= seen


@pytest.mark.integration
@pytest.mark.parametrize("system", sorted({adapter.system for adapter in ANSWERS}))
async def test_a_stand_in_answers_as_the_client_does_over_the_sandbox(tmp_path: Path, system: str):
    different = []
    async with open_site(tmp_path, system) as site:
        for kind in (kind for kind in ANSWERS if kind.system == system):
            adapter = kind(site)
            await adapter.prepare()
            async with adapter.line() as line:
                answer = await adapter.ask(adapter.client(line), 0)
            told = [await adapter.ask(fake(), 0) for fake in ANSWERS[kind]]
            different += [(kind.name, answer, one) for one in told if not alike(answer, one)]

    assert different == []


@pytest.mark.parametrize("fake", FAKES, ids=lambda fake: fake.__name__)
def test_a_stand_in_has_the_methods_of_the_client_whose_place_it_takes(fake: type):
    real = {name: method for one in FAKES[fake].real for name, method in methods_of(one).items()}
    ours = {name: method for name, method in methods_of(fake).items() if name not in FAKES[fake].own}

    assert set(ours) - set(real) == set()
    assert {name: parameters_of(method) for name, method in ours.items()} == {
        name: parameters_of(real[name]) for name in ours
    }
