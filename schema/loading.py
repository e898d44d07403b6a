"""What is loaded by key: one store query for all keys that a level of the answer asks for.

A field that loads by key declares it with ByKey; the same declaration drives the resolver and can be read by an
executor that plans whole levels (ENGINE.md, the compiled executor).
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from strawberry.dataloader import DataLoader

from actions import access
from actions.environment import Environment
from domain.applications import Application, AttachedDocument, TimelineEntry
from domain.benefits import Instalment, Sanction
from domain.catalogue import Department, District, Scheme, Service, Tehsil
from domain.certificates import IssuedCertificate
from domain.people import Citizen, LinkedAccount, Officer, Operator, Subject
from domain.policy import ObjectKind, Resource
from store import applications, benefits, catalogue, certificates, identities, people
from store.engine import Transaction

K = TypeVar("K")
V = TypeVar("V")

One: TypeAlias = DataLoader[str, V | None]
Many: TypeAlias = DataLoader[str, Sequence[V]]
Read: TypeAlias = Callable[[Transaction, list[str]], Awaitable[Mapping[str, V]]]

METADATA_KEY = "load_by_key"


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
        self._environment = environment
        self._subject = subject
        self._all: list[DataLoader[Any, Any]] = []
        self.services: One[Service] = self._one(catalogue.services_by_codes)
        self.services_by_id: One[Service] = self._one(catalogue.services_by_ids)
        self.schemes: One[Scheme] = self._one(catalogue.schemes)
        self.departments: One[Department] = self._one(_departments)
        self.districts: One[District] = self._one(_districts)
        self.schemes_by_id: One[Scheme] = self._one(_schemes_by_id)
        self.departments_by_id: One[Department] = self._one(_departments_by_id)
        self.districts_by_id: One[District] = self._one(_districts_by_id)
        self.tehsils: Many[Tehsil] = self._many(_tehsils)
        self.applications: One[Application] = self._guarded(applications.many, access.of_application)
        self.applications_by_number: One[Application] = self._guarded(_applications_by_number, access.of_application)
        self.certificates: One[IssuedCertificate] = self._guarded(certificates.many, access.of_certificate)
        self.certificates_by_number: One[IssuedCertificate] = self._guarded(
            _certificates_by_number, access.of_certificate
        )
        self.citizens: One[Citizen] = self._guarded(people.citizens, _of_citizen)
        self.applicants: DataLoader[Resource, Citizen | None] = self._keep(DataLoader(self._read_applicants))
        self.sanctions: One[Sanction] = self._guarded(benefits.sanctions, _of_sanction)
        # The loaders below are keyed by things that were let through before.
        self.timelines: Many[TimelineEntry] = self._many(applications.timelines)
        self.documents: Many[AttachedDocument] = self._many(applications.documents)
        self.certificates_of_applications: One[IssuedCertificate] = self._one(certificates.of_applications)
        self.sanctions_of_applications: One[Sanction] = self._one(benefits.sanction_of_applications)
        self.instalments: Many[Instalment] = self._many(benefits.instalments)
        self.linked_accounts: Many[LinkedAccount] = self._many(identities.linked_accounts)
        self.officers: One[Officer] = self._one(people.officers)
        self.operators: One[Operator] = self._one(people.operators)

    def forget(self) -> None:
        """Drop everything that was loaded; a mutation does so before it writes."""
        for loader in self._all:
            loader.clear_all()

    async def _read_applicants(self, resources: list[Resource]) -> list[Citizen | None]:
        """The citizens of applications: an officer may see one by the place of her application."""
        async with self._environment.store.reading() as tx:
            found = await people.citizens(tx, [str(resource.citizen_id) for resource in resources])
        purposes = await access.may_read_all(self._environment, self._subject, resources)
        return [
            found.get(str(resource.citizen_id)) if purpose else None
            for resource, purpose in zip(resources, purposes, strict=True)
        ]

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


def _of_citizen(citizen: Citizen) -> Resource:
    return access.of_citizen(citizen.id)


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


async def _tehsils(tx: Transaction, districts: Iterable[str]) -> dict[str, list[Tehsil]]:
    return {district: await catalogue.tehsils(tx, district) for district in districts}


async def _applications_by_number(tx: Transaction, numbers: Iterable[str]) -> dict[str, Application]:
    found = {number: await applications.by_number(tx, number) for number in numbers}
    return {number: application for number, application in found.items() if application}


async def _certificates_by_number(tx: Transaction, numbers: Iterable[str]) -> dict[str, IssuedCertificate]:
    found = {number: await certificates.by_number(tx, number) for number in numbers}
    return {number: certificate for number, certificate in found.items() if certificate}
