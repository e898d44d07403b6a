"""What is loaded by key: one store query for all keys that a level of the answer asks for.

A field that loads by key declares it with ByKey; the same declaration drives the resolver and can be read by an
executor that plans whole levels (ADR 0028).
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast

from strawberry.dataloader import DataLoader

from actions import access, aliases, care, purpose
from actions.budget import told_balance
from actions.environment import Environment
from actions.fee_cases import of_order
from domain.appeals import Appeal, AppealEvent, Award, Hearing
from domain.applications import Application, TimelineEntry
from domain.benefits import Instalment, PaymentEvent, Sanction
from domain.budgets import ToldBalance
from domain.catalogue import Department, District, Scheme, Service, Tehsil
from domain.centres import Centre
from domain.certificates import CertificateEnding, IssuedCertificate
from domain.clearances import Clearance, Escalation, VerificationReport
from domain.clock import ist_date
from domain.commission import CommissionCase, CommissionMessage
from domain.desk import Claim, Proposal, ReadPurpose
from domain.doorstep import Visit
from domain.feedback import Feedback, Suggestion
from domain.fees import FeeOrder
from domain.grievances import Grievance, GrievanceReply
from domain.notices import Notice
from domain.people import Citizen, LinkedAccount, Subject
from domain.policy import ObjectKind, Resource
from domain.recoveries import Recovery
from domain.rosters import RosterProgress
from domain.sanction_course import Approval, Stop
from store import (
    appeals,
    applications,
    benefits,
    catalogue,
    centres,
    certificate_endings,
    certificates,
    clearances,
    commission,
    desk,
    doorstep,
    fee_orders,
    feedback,
    forms,
    grievances,
    identities,
    notices,
    payment_queues,
    people,
    recoveries,
    roster_rows,
    sanction_course,
    strengths,
    suggestions,
)
from store.engine import Transaction
from store.payment_queues import QueuedPayment

K = TypeVar("K")
V = TypeVar("V")

One: TypeAlias = DataLoader[str, V | None]
Many: TypeAlias = DataLoader[str, Sequence[V]]
Read: TypeAlias = Callable[[Transaction, list[str]], Awaitable[Mapping[str, V]]]

Named: TypeAlias = tuple[str, str, ReadPurpose | None]
"""An application by the kind of its name, the name, and the purpose that was stated for reading it."""

Filed: TypeAlias = tuple[str, int | None]
"""A service as an application was filed under it: the service's code, and the entry of the catalogue."""

Applied: TypeAlias = tuple[str, Resource]
"""The applicant of an application: its id, and she as a resource by its place."""

METADATA_KEY = "load_by_key"

_NAMES: Mapping[str, Read[Application]] = {
    "id": applications.many,
    "number": applications.by_numbers,
    "acknowledgement": applications.by_acknowledgements,
    "old_number": aliases.applications_by_old,
}


@dataclass(frozen=True)
class ByKey(Generic[V]):
    """A field whose value is that of a loader for one key of its parent; no key, no value."""

    loader: str
    key: Callable[[Any], Hashable | None]

    @property
    def metadata(self) -> Mapping[str, "ByKey[V]"]:
        """What the field carries for an executor."""
        return {METADATA_KEY: self}

    async def load(self, parent: object, loaders: "Loaders") -> V | None:
        """The value for this parent, loaded together with those of its siblings."""
        key = self.key(parent)
        if key is None:
            return None
        loader: DataLoader[Hashable, V | None] = getattr(loaders, self.loader)
        return await loader.load(key)


class Loaders:
    """Every loader, new for each operation. Personal things are only given where the access table lets them."""

    def __init__(self, environment: Environment, subject: Subject) -> None:
        self._environment, self._subject = environment, subject
        self._all: list[DataLoader[Any, Any]] = []
        self.services: One[Service] = self._one(catalogue.services_by_codes)
        self.services_by_id: One[Service] = self._one(catalogue.services_by_ids)
        self.services_by_scheme: One[Service] = self._one(catalogue.services_by_schemes)
        self.services_as_filed: DataLoader[Filed, Service | None] = self._keep(DataLoader(self._read_filed))
        self.schemes: One[Scheme] = self._one(catalogue.schemes)
        self.head_balances: DataLoader[str, ToldBalance] = self._keep(DataLoader(self._read_balances))
        self.departments: One[Department] = self._one(_departments)
        self.districts: One[District] = self._one(_districts)
        self.schemes_by_id: One[Scheme] = self._one(_schemes_by_id)
        self.departments_by_id: One[Department] = self._one(_departments_by_id)
        self.districts_by_id: One[District] = self._one(_districts_by_id)
        self.tehsils: Many[Tehsil] = self._many(catalogue.tehsils_of)
        self.applications: One[Application] = self._for_purpose("id")
        self.applications_by_number: One[Application] = self._for_purpose("number")
        self.named_applications: DataLoader[Named, Application | None] = self._keep(DataLoader(self._read_named))
        self._load_certificates()
        self.citizens: One[Citizen] = self._guarded(people.citizens, _of_citizen)
        self.applicants: DataLoader[Applied, Citizen | None] = self._keep(DataLoader(self._read_applicants))
        self.sanctions: One[Sanction] = self._guarded(benefits.sanctions, _of_sanction)
        self.grievances: One[Grievance] = self._guarded(grievances.many, care.of_grievance)
        self.suggestions: One[Suggestion] = self._guarded(suggestions.many, care.of_suggestion)
        self.visits: One[Visit] = self._guarded(doorstep.many, care.of_visit)
        self.notices: One[Notice] = self._guarded(notices.many, _of_notice)
        self._load_of_applications()
        # The loaders below are keyed by things that were let through before.
        self.grievance_replies: Many[GrievanceReply] = self._many(grievances.replies)
        self.appeals: One[Appeal] = self._guarded(appeals.many, access.of_appeal)
        self.appeals_by_number: One[Appeal] = self._guarded(appeals.by_numbers, access.of_appeal)
        self.clearances: One[Clearance] = self._guarded(clearances.many, access.of_clearance)
        self.appeals_of_applications: Many[Appeal] = self._many(appeals.of_applications)
        self.appeal_events: Many[AppealEvent] = self._many(appeals.events)
        self.appeal_hearings: Many[Hearing] = self._many(appeals.hearings)
        self.appeal_awards: Many[Award] = self._many(appeals.awards)
        self.clearances_of_applications: Many[Clearance] = self._many(clearances.of_applications)
        self.field_reports: Many[VerificationReport] = self._many(clearances.reports)
        self.escalations: Many[Escalation] = self._many(clearances.warnings)
        self.auto_appeal_opt_outs: One[datetime] = self._one(appeals.opted_out)
        self.timelines: Many[TimelineEntry] = self._many(applications.timelines)
        self.service_forms, self.filed_forms = self._one(forms.of_services), self._one(forms.filed)
        self.documents, self.old_numbers = self._many(applications.documents), self._many(aliases.old_numbers_of)
        self.sanctions_of_applications: One[Sanction] = self._one(benefits.sanction_of_applications)
        self.instalments: Many[Instalment] = self._many(benefits.instalments)
        self._load_benefits()
        self.linked_accounts: Many[LinkedAccount] = self._many(identities.linked_accounts)
        self.strengths, self.applied_with, self.officers, self.operators = (
            self._one(strengths.needed_by),
            self._one(strengths.applied_with),
            self._one(people.officers),
            self._one(people.operators),
        )
        self._load_rosters()
        self._load_commission()
        self.claims: One[Claim] = self._one(_claims)
        self.proposals: One[Proposal] = self._one(desk.proposals)

    def _load_of_applications(self) -> None:
        """What an application has many of, each guarded by itself."""
        self.feedback_of_applications: One[Feedback] = self._guarded(feedback.of_applications, care.of_feedback)
        self.grievances_of_applications: Many[Grievance] = self._guarded_many(
            grievances.of_applications, care.of_grievance
        )
        self.fee_orders: One[FeeOrder] = self._guarded(fee_orders.many, of_order)
        self.fee_orders_of_applications: Many[FeeOrder] = self._guarded_many(fee_orders.of_applications, of_order)
        self.visits_of_applications: Many[Visit] = self._guarded_many(doorstep.of_applications, care.of_visit)

    def _load_benefits(self) -> None:
        """Keyed by sanctions, instalments of sanctions, cases of money and applicants that were let through."""
        self.sanctions_of_citizens: Many[Sanction] = self._many(benefits.sanctions_of_citizens)
        self.queued_payments: One[QueuedPayment] = self._one(payment_queues.by_instalments)
        self.payment_events: Many[PaymentEvent] = self._many(benefits.payment_events)
        self.benefit_stops: Many[Stop] = self._many(sanction_course.stops)
        self.benefit_recoveries: Many[Recovery] = self._many(recoveries.of_sanctions)
        self.payment_approvals: Many[Approval] = self._many(sanction_course.approvals)

    def _load_rosters(self) -> None:
        """Keyed by rosters that were let through: of their applications only number and state are shown."""
        self.roster_progress: One[RosterProgress] = self._one(roster_rows.progress)
        self.roster_centres: One[Centre] = self._one(centres.centres)
        self.roster_applications: One[Application] = self._one(applications.many)

    def _load_commission(self) -> None:
        """Keyed by appeals that were let through."""
        self.commission_cases: One[CommissionCase] = self._one(commission.cases)
        self.commission_messages: Many[CommissionMessage] = self._many(commission.messages)

    def _load_certificates(self) -> None:
        guarded = access.of_certificate
        self.certificates: One[IssuedCertificate] = self._guarded(certificates.many, guarded)
        self.certificates_by_number: One[IssuedCertificate] = self._guarded(certificates.by_numbers, guarded)
        # Keyed by an application and a certificate that were let through before.
        self.certificates_of_applications: One[IssuedCertificate] = self._one(certificates.of_applications)
        self.certificate_endings: One[CertificateEnding] = self._one(certificate_endings.many)

    def forget(self) -> None:
        """Drop everything that was loaded; a mutation does so before it writes."""
        for loader in self._all:
            loader.clear_all()

    async def _read_filed(self, filed: list[Filed]) -> list[Service | None]:
        """The entries of the catalogue that applications were filed under."""
        async with self._environment.store.reading() as tx:
            found = await catalogue.services_as_filed(tx, filed)
        return [found.get(key) for key in filed]

    async def _read_balances(self, scheme_codes: list[str]) -> list[ToldBalance | BaseException]:
        """What is left of the heads of account of schemes now; one that cannot be told fails alone."""
        today = ist_date(self._environment.clock.now())
        asked = (told_balance(self._environment, code, today) for code in scheme_codes)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def _read_applicants(self, asked: list[Applied]) -> list[Citizen | None]:
        """The citizens of applications: an officer may see one by the place of her application."""
        async with self._environment.store.reading() as tx:
            found = await people.citizens(tx, [str(resource.citizen_id) for _, resource in asked])
        purposes = await purpose.read_applicants(self._environment, self._subject, asked)
        return [
            found.get(str(resource.citizen_id)) if given else None
            for (_, resource), given in zip(asked, purposes, strict=True)
        ]

    async def _read_named(self, names: list[Named]) -> list[Application | None]:
        """Applications by whatever names them; an officer's case outside her queue is PURPOSE_REQUIRED in its place."""
        found: dict[tuple[str, str], Application] = {}
        async with self._environment.store.reading() as tx:
            for kind, read in _NAMES.items():
                keys = [key for name, key, _ in names if name == kind]
                values = await read(tx, keys) if keys else {}
                found |= {(kind, key): value for key, value in values.items()}
        asked = {name: (found[name[:2]], name[2]) for name in names if name[:2] in found}
        answers = await purpose.read_all(self._environment, self._subject, list(asked.values()))
        by_name = dict(zip(asked, answers, strict=True))
        # An exception in a batch is the answer of that key alone.
        return [cast("Application | None", by_name.get(name)) for name in names]

    def _for_purpose(self, kind: str) -> One[Application]:
        async def load(keys: list[str]) -> list[Application | None]:
            return await self._read_named([(kind, key, None) for key in keys])

        return self._keep(DataLoader(load))

    def _keep(self, loader: DataLoader[K, V]) -> DataLoader[K, V]:
        self._all.append(loader)
        return loader

    def _one(self, read: Read[V]) -> One[V]:
        async def load(keys: list[str]) -> list[V | None]:
            async with self._environment.store.reading() as tx:
                found = await read(tx, keys)
            return [found.get(key) for key in keys]

        return self._keep(DataLoader(load))

    def _many(self, read: Read[list[V]]) -> Many[V]:
        async def load(keys: list[str]) -> list[Sequence[V]]:
            async with self._environment.store.reading() as tx:
                found = await read(tx, keys)
            return [found.get(key, []) for key in keys]

        return self._keep(DataLoader(load))

    def _guarded(self, read: Read[V], resource: Callable[[V], Resource]) -> One[V]:
        async def load(keys: list[str]) -> list[V | None]:
            async with self._environment.store.reading() as tx:
                found = await read(tx, keys)
            purposes = await access.may_read_all(
                self._environment, self._subject, [resource(value) for value in found.values()]
            )
            allowed = {key: value for (key, value), may in zip(found.items(), purposes, strict=True) if may}
            return [allowed.get(key) for key in keys]

        return self._keep(DataLoader(load))

    def _guarded_many(self, read: Read[list[V]], resource: Callable[[V], Resource]) -> Many[V]:
        async def load(keys: list[str]) -> list[Sequence[V]]:
            async with self._environment.store.reading() as tx:
                found = await read(tx, keys)
            flat = [value for values in found.values() for value in values]
            resources = [resource(value) for value in flat]
            purposes = iter(await access.may_read_all(self._environment, self._subject, resources))
            allowed = {key: [value for value in values if next(purposes)] for key, values in found.items()}
            return [allowed.get(key, []) for key in keys]

        return self._keep(DataLoader(load))


def _of_citizen(citizen: Citizen) -> Resource:
    return access.of_citizen(citizen.id)


def _of_notice(notice: Notice) -> Resource:
    return Resource(ObjectKind.NOTICE, notice.id, notice.citizen_id)


def _of_sanction(sanction: Sanction) -> Resource:
    return Resource(ObjectKind.BENEFIT, sanction.id, sanction.citizen_id, sanction.department, sanction.district)


async def _departments(tx: Transaction, slugs: Iterable[str]) -> dict[str, Department]:
    del slugs  # the table is small: all of it is one query
    return {department.slug: department for department in await catalogue.departments(tx)}


async def _districts(tx: Transaction, codes: Iterable[str]) -> dict[str, District]:
    del codes  # thirteen rows: all of them are one query
    return {district.code: district for district in await catalogue.districts(tx)}


async def _departments_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, Department]:
    del ids
    return {department.id: department for department in await catalogue.departments(tx)}


async def _districts_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, District]:
    del ids
    return {district.id: district for district in await catalogue.districts(tx)}


async def _schemes_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, Scheme]:
    del ids  # some dozens of rows: all of them are one query
    return {scheme.id: scheme for scheme in (await catalogue.schemes(tx)).values()}


async def _claims(tx: Transaction, application_ids: Iterable[str]) -> dict[str, Claim]:
    return await desk.claims(tx, application_ids, tx.clock.now())
