"""Which class of the product each stand-in of tests takes the place of; tests/faults/test_fakes.py compares the two."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.documents.renderer import CertificateRenderer
from integrations.apisetu import ApiSetu
from integrations.dbt_finance import DbtFinance
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from integrations.digilocker import DigiLocker
from integrations.digilocker.requester.aadhaar import EAadhaarReader
from integrations.digilocker.requester.document_pulls import DocumentPulling
from integrations.digilocker.requester.drive import Drive
from integrations.digilocker.requester.uri_pushes import UriPushing
from integrations.sms import SmsGateway
from integrations.sso import MeriPehchaan
from integrations.umang import Umang
from integrations.umang.central import CentralServices
from tests.support import actions, graph
from tests.support.endings import Pushes
from tests.support.noting import Noting
from tests.support.phones import Phones
from tests.support.sign_in import FakeProvider


@dataclass(frozen=True)
class StandsFor:
    """The classes whose methods a stand-in has, and methods of its own by which a test tells it what to answer."""

    real: tuple[type, ...]
    own: frozenset[str] = frozenset()


FAKES: Mapping[type, StandsFor] = {
    actions.FakeLocker: StandsFor((DigiLocker,)),
    actions.FakeDbt: StandsFor((DbtFinance,)),
    actions.FakeApiSetu: StandsFor((ApiSetu,)),
    actions.FakeRenderer: StandsFor((CertificateRenderer,)),
    graph.Locker: StandsFor((DigiLocker,)),
    graph.Drawer: StandsFor((Drive, EAadhaarReader, DocumentPulling)),
    graph.Finance: StandsFor((DbtFinance,)),
    graph.Ration: StandsFor((Umang,)),
    graph.Union: StandsFor((CentralServices,)),
    Phones: StandsFor((SmsGateway,), frozenset({"code"})),
    Pushes: StandsFor((UriPushing,)),
    Noting: StandsFor((SftpExchange,)),
    FakeProvider: StandsFor((MeriPehchaan,), frozenset({"vouch"})),
}
"""A stand-in that is used in one file only is not here: it is bound by the names of its methods."""


def methods_of(one: type) -> dict[str, Any]:
    """Its public methods by name."""
    found = inspect.getmembers(one, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def parameters_of(method: Any) -> tuple[bool, tuple[tuple[str, str, bool], ...]]:
    """Whether it is awaited, and of each parameter its name, its kind and whether it may be left out."""
    given = inspect.signature(method).parameters.values()
    return inspect.iscoroutinefunction(method), tuple(
        (one.name, one.kind.description, one.default is not inspect.Parameter.empty) for one in given
    )
