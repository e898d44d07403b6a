"""The registry of outside systems: a row for each, which drives settings, clients, policies, sandboxes and tests.

A row names modules and loads none, because every command reads this table with the settings. A system's face has
`POLICIES` (its calls), `CODES` (what its codes mean to us) and what opens its clients
(integrations/calling/opening.py).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from domain.kernel import Source

if TYPE_CHECKING:
    from integrations.calling.opening import Clients, Opening
    from integrations.calling.policies import CallPolicy


class Need(Enum):
    """Whether this gateway can do without a system."""

    REQUIRED = "production does not start without its settings"
    OPTIONAL = "connected where its settings are there, and in the demo"
    ALWAYS = "it has no settings: its addresses are rows of the store"
    NO_SETTINGS = "a command asks it at an address that it is given"


@dataclass(frozen=True)
class System:
    """One outside system."""

    name: str
    """Its name in the settings (`APUNI_PARTNERS__<NAME>`), in the demo's folders and in the sandbox city."""
    source: Source
    """What answers of it say that they come from."""
    face: str
    """The package that is its face."""
    sandbox: str | None
    """The module with its `create_sandbox`; None where another system's sandbox plays it."""
    need: Need = Need.REQUIRED
    opens: str = "open_clients"
    """The function of its face that opens its clients."""
    hosted_by: tuple[str, str] | None = None
    """In the demo: the system whose fault proxy it is reached through, and the one whose sandbox plays it."""
    probed: bool = True
    """Whether connections to it are tried before it is asked."""
    asked_with: str | None = None
    """The part of its onboarding without which it only asks us."""
    calls_us: bool = False
    """Whether it asks us at an endpoint of its own, so that the fault matrix must have that endpoint too."""

    def load_face(self) -> Any:
        return import_module(self.face)

    def open_clients(self, opening: "Opening") -> "Awaitable[Clients]":
        open_them: Callable[[Opening], Awaitable[Clients]] = getattr(self.load_face(), self.opens)
        return open_them(opening)


@dataclass(frozen=True)
class OutsideSystems:
    """The outside systems, in the order in which they are shown to operators."""

    systems: tuple[System, ...]

    def __iter__(self) -> Iterator[System]:
        return iter(self.systems)

    def __getitem__(self, name: str) -> System:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, System]:
        return {system.name: system for system in self.systems}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the systems that production does not start without."""
        return tuple(system.name for system in self.systems if system.need is Need.REQUIRED)

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """The names of the systems that may be set, sorted."""
        return tuple(sorted(system.name for system in self.systems if system.need is Need.OPTIONAL))

    @cached_property
    def sandboxes(self) -> Mapping[str, str]:
        """The modules of the sandboxes, by the names of their systems."""
        return {system.name: system.sandbox for system in self.systems if system.sandbox is not None}

    @cached_property
    def policies(self) -> "tuple[CallPolicy, ...]":
        """The policies of all calls: the one table that docs, metrics and the graph print. Loads every face."""
        faces = dict.fromkeys(system.face for system in self.systems)
        declared = [policy for face in faces for policy in import_module(face).POLICIES]
        return tuple(sorted(declared, key=lambda policy: (policy.source, policy.name)))

    @cached_property
    def policies_by_name(self) -> "Mapping[str, CallPolicy]":
        """The same by the name of the call."""
        return {policy.name: policy for policy in self.policies}

    @cached_property
    def codes(self) -> Mapping[Source, Mapping[str, str]]:
        """What each system's codes mean to us, from the tables that its client reads. Loads every face."""
        return {system.source: system.load_face().CODES for system in self.systems}


OUTSIDE_SYSTEMS = OutsideSystems(
    (
        System("digilocker", Source.DIGILOCKER, "integrations.digilocker", "sandbox.digilocker.server", calls_us=True),
        System(
            "meri_pehchaan",
            Source.SSO,
            "integrations.sso",
            None,
            opens="open_meri_pehchaan",
            hosted_by=("sso", "digilocker"),
        ),
        System("sso", Source.SSO, "integrations.sso", "sandbox.sso.server", opens="open_parichay"),
        System("csc", Source.CSC, "integrations.csc", "sandbox.csc.server"),
        System("apisetu", Source.API_SETU, "integrations.apisetu", "sandbox.apisetu.server", calls_us=True),
        System("umang", Source.UMANG, "integrations.umang", "sandbox.umang.server", calls_us=True),
        System("dbt_finance", Source.DBT_FINANCE, "integrations.dbt_finance", "sandbox.dbt_finance.server"),
        System("pfms", Source.PFMS, "integrations.dbt_finance.pfms", "sandbox.dbt_finance.pfms.system", Need.OPTIONAL),
        System("etaal", Source.E_TAAL, "integrations.etaal", "sandbox.etaal.server", asked_with="push", calls_us=True),
        System("sms", Source.SMS, "integrations.sms", "sandbox.sms.server", Need.OPTIONAL, calls_us=True),
        System("email", Source.EMAIL, "integrations.email", "sandbox.email.server", Need.OPTIONAL, probed=False),
        System(
            "whatsapp",
            Source.WHATSAPP,
            "integrations.whatsapp",
            "sandbox.whatsapp.server",
            Need.OPTIONAL,
            calls_us=True,
        ),
        System("push", Source.PUSH, "integrations.push", "sandbox.push.server", Need.OPTIONAL),
        System("portal", Source.DEPARTMENTS, "integrations.portal", "sandbox.portal.server", Need.NO_SETTINGS),
        System(
            "right_to_service",
            Source.RIGHT_TO_SERVICE,
            "integrations.right_to_service",
            "sandbox.right_to_service.server",
            Need.OPTIONAL,
            calls_us=True,
        ),
        System("treasury", Source.TREASURY, "integrations.treasury", "sandbox.treasury.server", Need.OPTIONAL),
        System(
            "event_receivers",
            Source.EVENT_RECEIVERS,
            "integrations.event_receivers",
            "sandbox.event_receivers.server",
            Need.ALWAYS,
            probed=False,
            calls_us=True,
        ),
        System(
            "trust_services",
            Source.TRUST_SERVICES,
            "integrations.trust_services",
            "sandbox.trust_services.server",
            Need.OPTIONAL,
            probed=False,
        ),
        System("hr", Source.HR, "integrations.hr", "sandbox.hr.server", Need.OPTIONAL, probed=False, calls_us=True),
    )
)
"""Every outside system of this gateway. A new one joins by a row here.

MeriPehchaan runs on DigiLocker's host and is reached on its own; in the demo through the fault proxy of single
sign-on. Without `sms` no codes are sent; each channel of messages has a system of its own (`sms`, `email`,
`whatsapp`, `push`). Cases of the Commission (`right_to_service`) are
else recorded by hand alone, and fees are else taken at counters (`treasury`) and benefits paid by the treasury's
service alone (`pfms`), and the register of officers changes by files and pages alone (`hr`). e-Taal calls us, and is
sent counts where its enrolment has `push`.
"""
