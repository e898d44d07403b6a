"""Stand-ins of tests are bound to the clients whose places they take: the same methods, answers of the same kind."""

import ast
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from lxml.etree import fromstring

from actions.certificates.content import RenderedCertificate
from domain.benefits.benefits import PaymentStatus
from domain.kernel import ManualClock, Provider, Source, Sourced, SourceState
from gateway.documents.renderer import CertificateRenderer
from integrations.calling.errors import RemoteError
from integrations.dbt_finance import DbtFinance, PaymentState
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from integrations.digilocker import DigiLocker, IssuedDocument
from integrations.etaal import EtaalPush
from integrations.umang import Umang
from integrations.whatsapp import WhatsApp
from store.database import Keyrings
from tests.actions.benefits.test_sources import AS_OF, DEPARTMENT_CERTIFICATE, NotingRation
from tests.actions.etaal.test_etaal_rounds import FakePush
from tests.actions.feedback import test_message_turns
from tests.crash.test_message_points import KeptProvider
from tests.faults import adapters, benefits, lockers, people, stand_ins
from tests.faults.base import Adapter
from tests.faults.files import PfmsFiles
from tests.faults.site import FastClock, open_site
from tests.faults.stand_ins import Same
from tests.gateway.documents.conftest import CONTENT
from tests.properties import test_message_states
from tests.race.test_tokens import RotatingTokens
from tests.schema.test_unchanged_home import Treasury
from tests.support import actions, graph
from tests.support.endings import Pushes
from tests.support.fakes import FAKES, methods_of, parameters_of
from tests.support.legacy import PlainXml
from tests.support.noting import Noting
from tests.support.phones import Phones
from tests.support.remotes import shared_resilience
from tests.support.sign_in import FakeProvider

ROOT = Path(__file__).parents[2]

ONE_FILE: Mapping[str, type] = {
    "tests/actions/etaal/test_etaal_rounds.py FakePush": EtaalPush,
    "tests/actions/feedback/test_message_turns.py Number": WhatsApp,
    "tests/properties/test_message_states.py Number": WhatsApp,
    "tests/actions/benefits/test_payment_corrections.py LosesInstructions": DbtFinance,
    "tests/actions/benefits/test_payment_corrections.py Losing": DbtFinance,
    "tests/actions/benefits/test_payment_corrections.py Refusing": DbtFinance,
    "tests/race/test_tokens.py RotatingTokens": DigiLocker,
    "tests/actions/benefits/test_sources.py NotingRation": Umang,
    "tests/actions/certificates/test_issue.py Broken": CertificateRenderer,
    "tests/actions/payments/test_payment_rounds.py Slow": SftpExchange,
    "tests/schema/kernel/test_asked_once.py SilentLocker": DigiLocker,
    "tests/schema/test_unchanged_home.py Treasury": DbtFinance,
    "tests/support/legacy.py PlainXml": CertificateRenderer,
}
"""Stand-ins of one file that have but few methods, or such whose names other things have too."""

OTHERS = {
    "tests/hostile/frame.py Target",
    "tests/race/test_withdrawals.py Process",
    "tests/support/graph.py Down",
    "tests/support/spoilt_bodies.py Reader",
}
"""Classes whose methods have the names of a client's and that stand for none."""

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


def with_certificate() -> actions.FakeApiSetu:
    """API Setu with the certificate that tests of three sources are about."""
    made = actions.FakeApiSetu()
    made.answer = Sourced(DEPARTMENT_CERTIFICATE, Source.API_SETU, SourceState.LIVE, AS_OF)
    return made


def with_paid_bills() -> actions.FakeDbt:
    """DBT finance that knows the bills of the demo."""
    made = actions.FakeDbt()
    made.known = {stand_ins.PAID.bill_number}
    state = PaymentState(PaymentStatus.CREDITED, graph.NOW, "1234")
    made.states = {f"UKE{payment}": state for payment in benefits.PaymentStatuses.payments}
    return made


def by(provider: Provider) -> Callable[[], FakeProvider]:
    return lambda: FakeProvider(provider)


def well(fake: Callable[[graph.Down], Any]) -> Callable[[], Any]:
    """A stand-in of the graph's world that nobody stopped."""
    return lambda: fake(graph.Down())


CLOCK = ManualClock(graph.NOW)


def kept_provider() -> KeptProvider:
    return KeptProvider(Path(mkdtemp()))


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
    benefits.PaymentStatuses: (with_paid_bills, FINANCE, lambda: Treasury(CLOCK)),
    stand_ins.OrderAndReceipt: (actions.FakeDbt,),
    stand_ins.Confirmation: (with_paid_bills,),
    stand_ins.CitizenSignIn: (by(Provider.MERI_PEHCHAAN),),
    stand_ins.JanParichaySignIn: (by(Provider.JAN_PARICHAY),),
    stand_ins.OfficerSignIn: (by(Provider.PARICHAY),),
    stand_ins.OperatorSignIn: (by(Provider.CSC_CONNECT),),
    stand_ins.RenewedTokens: (lambda: RotatingTokens(CLOCK),),
    stand_ins.CountsOfADay: (FakePush,),
    stand_ins.ConversationLine: (
        test_message_turns.Number,
        lambda: test_message_states.Number(Phones()),
        kept_provider,
    ),
    adapters.DepartmentCertificateCall: (with_certificate,),
    adapters.RationCardCall: (RATION, NotingRation),
    adapters.MandisCall: (RATION,),
    adapters.MedicinesCall: (RATION,),
    adapters.BloodCall: (RATION,),
    people.SmsByMsdp: (Phones,),
}
"""Stand-ins that answer what the adapter of the fault matrix asks of the client over the system's sandbox."""


def alike(real: Any, fake: Any) -> bool:
    """Whether two answers are of the same classes through and through; a list of a stand-in may be empty.

    What an answer may leave out, either of the two may.
    """
    if isinstance(real, Same):
        return real == fake
    if isinstance(real, Sourced):
        return isinstance(fake, Sourced) and real.source is fake.source and alike(real.value, fake.value)
    if isinstance(real, Mapping):
        return isinstance(fake, Mapping) and alike(list(real.values()), list(fake.values()))
    if is_dataclass(real):
        told = [(getattr(real, part.name), getattr(fake, part.name, None)) for part in fields(real)]
        return type(real) is type(fake) and all(None in pair or alike(*pair) for pair in told)
    if isinstance(real, tuple) and any(isinstance(part, Same) for part in real):
        return len(real) == len(fake) and all(map(alike, real, fake))
    if isinstance(real, (tuple, list)):
        return isinstance(fake, (tuple, list)) and {type(part) for part in fake} <= {type(part) for part in real}
    return type(real) is type(fake)


@cache
def written_classes() -> Mapping[str, tuple[Collection[str], Mapping[str, list[str]]]]:
    """Of each class that tests write, by file and name: what it inherits from, and what each public method takes."""
    found = {}
    for path in sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts):
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(one, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in one.bases}
                found[f"{path.relative_to(ROOT)} {one.name}"] = bases, dict(taken_in(one))
    return found


def taken_in(one: ast.ClassDef) -> Iterator[tuple[str, list[str]]]:
    for method in one.body:
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and not method.name.startswith("_"):
            given = method.args
            yield method.name, [arg.arg for arg in (*given.args, given.vararg, *given.kwonlyargs, given.kwarg) if arg]


def names_of(one: type) -> dict[str, list[str]]:
    """The parameters of each method of a client."""
    return {name: list(inspect.signature(method).parameters) for name, method in methods_of(one).items()}


def test_every_class_of_tests_with_a_method_of_a_client_takes_what_the_client_takes():
    clients = {one for bound in FAKES.values() for one in bound.real}
    distinct = {name: taken for one in clients for name, taken in names_of(one).items() if name not in COMMON}
    bound = {where: names_of(client) for where, client in ONE_FILE.items()}

    wrong = {
        f"{where}.{name}": taken
        for where, (_, methods) in written_classes().items()
        for name, taken in methods.items()
        if taken != bound.get(where, distinct).get(name, taken)
    }

    assert wrong == {}
    assert set(ONE_FILE) <= set(written_classes())


def test_every_class_of_tests_with_methods_of_one_client_alone_is_bound_to_a_client():
    called = {inspect.signature(one.client).return_annotation for one in adapters.ADAPTERS}
    clients = [names_of(one) for one in called | {one for bound in FAKES.values() for one in bound.real}]
    parents = {one.__name__ for one in (*called, *FAKES)}
    bound = {f"{Path(inspect.getfile(one)).relative_to(ROOT)} {one.__name__}" for one in FAKES} | {*ONE_FILE, *OTHERS}

    strangers = [
        where
        for where, (bases, methods) in written_classes().items()
        if methods and not bases & parents and where not in bound and not where.startswith("tests/faults/")
        if any(methods.keys() <= names.keys() for names in clients)
    ]

    assert strangers == []


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


def test_a_stand_in_gives_documents_as_the_renderer_does(tmp_path: Path):
    keys = Keyrings(tmp_path)
    keys.init()

    real = CertificateRenderer(keys, tmp_path, CLOCK)
    for one in (real, actions.FakeRenderer()):
        made = one.render(CONTENT)
        assert (type(made), made.pdf[:4]) == (RenderedCertificate, b"%PDF")
        assert fromstring(made.xml).get("number") == CONTENT.number
    for data in (real.data(CONTENT), PlainXml().data(CONTENT)):
        assert fromstring(data).get("number") == CONTENT.number


LOST_FILE = [{"kind": "reset", "route": "/sftp/rename", "calls": None, "params": {}}]
"""It got no name of its own, which who sent it does not know."""
LOST_ANSWER = [
    {"kind": "reset", "route": "/sftp/rename", "calls": None, "params": {"after": True}},
    {"kind": "reset", "route": "/sftp/stat", "calls": [*range(5, 40)], "params": {}},
]
"""It is written, and when it is looked for, in its three folders as before, nothing is told."""


@pytest.mark.integration
@pytest.mark.parametrize(("loses", "faults"), [(None, []), ("file", LOST_FILE), ("answer", LOST_ANSWER)])
async def test_the_noted_way_to_pfms_loses_what_a_broken_line_loses(tmp_path: Path, loses: str | None, faults: Any):
    told = []
    async with open_site(tmp_path, "pfms") as site:
        for number, at_the_line in enumerate([faults, []]):
            name, clock = f"0905DBTPAYREQ24112026{100_000 + number}.xml", FastClock()
            line = PfmsFiles(site)._exchange(clock, shared_resilience(clock))
            await site.set(at_the_line)
            how = await fate_of(
                (Noting(line, loses) if number else line).send(FileKind.PAYMENTS, name, b"<DbtPayment/>")
            )
            await site.heal()
            clock.skip(60)
            told.append((how, await line.is_sent(FileKind.PAYMENTS, name)))
            await line.aclose()

    assert told[1] == told[0]
    assert told[0][1] is (loses != "file")


async def fate_of(sending: Awaitable[None]) -> object:
    """How it ended: None where well."""
    try:
        await sending
    except RemoteError as error:
        return type(error), error.nothing_arrived
    return None


@pytest.mark.parametrize("fake", FAKES, ids=lambda fake: fake.__name__)
def test_a_stand_in_has_the_methods_of_the_client_whose_place_it_takes(fake: type):
    real = {name: method for one in FAKES[fake].real for name, method in methods_of(one).items()}
    ours = {name: method for name, method in methods_of(fake).items() if name not in FAKES[fake].own}

    assert set(ours) - set(real) == set()
    assert {name: parameters_of(method) for name, method in ours.items()} == {
        name: parameters_of(real[name]) for name in ours
    }
