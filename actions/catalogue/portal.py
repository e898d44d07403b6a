"""Joins the portal's own records with what is known of each service.

The portal says names, department, category, charge, delivery time, whether the Act covers a service, and its papers.
What it does not say (the limit of the Act, officers, what an application ends in) stays as it is, and is null for a
service that was not known. A department that was not known is entered under the name that the portal gives it.

The portal numbers its services. A record under a number is that of the service with its slug, which keeps its code;
one that no service has by slug is entered with the number as its code.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from actions.catalogue.cells import Reject
from actions.catalogue.keys import document_key, papers_of, row_id
from domain.catalogue.catalogue import Department, Fact, Service, service_with_name, sources_with
from domain.catalogue.service_kinds import kind_in_name
from domain.kernel import Bilingual
from integrations.portal import PortalDepartment, PortalService, ReadCatalogue

SOURCE = "GET /api/service of the portal"
_FILE = "portal"
_BY_NAME = "our own reading of the name (INFERRED)"


@dataclass(frozen=True, slots=True)
class Merged:
    """The services as they become, the departments that are new, and the records that are left out."""

    services: tuple[Service, ...]
    departments: tuple[Department, ...]
    rejects: tuple[Reject, ...]


def merge_records(
    read: ReadCatalogue,
    known: Mapping[str, Service],
    departments: Iterable[Department],
    *,
    open_unknown: bool = False,
    closed: Collection[str] = (),
) -> Merged:
    """Join the records with what is known; records that could not be read are among those that are left out.

    With `open_unknown` a service that only the portal knows takes applications if its name says of what kind it is. Of
    whatever kind, they end in an order, also those for a benefit or a certificate; nothing of this is confirmed. Those
    that somebody `closed` stay closed.
    """
    register = _Departments(departments)
    rejects = [Reject(_FILE, each.row, each.key, each.field, each.reason) for each in read.rejects]
    owners = {service.slug: code for code, service in known.items()}
    services: dict[str, Service] = {}
    for record in read.services:
        numbered = record.code.isdecimal() and record.code not in known
        before = known.get(owners.get(record.slug or "", "") if numbered else record.code)
        service = _service(record, before)
        owner = owners.setdefault(service.slug, service.code)
        if owner != service.code or service.code in services:
            rejects.append(Reject(_FILE, record.row, record.code, "slug", "TWICE"))
            continue
        department = (register.slug_of(record.department) if record.department else None) or service.department
        unknown = service.source == SOURCE and service.code not in closed
        opens = open_unknown and unknown and None not in (department, service.kind)
        services[service.code] = replace(service, department=department, open=service.open or opens)
    return Merged(tuple(services.values()), tuple(register.new), tuple(rejects))


class _Departments:
    """Departments by slug and by either name; one that is not there becomes a new one."""

    def __init__(self, known: Iterable[Department]) -> None:
        self.new: list[Department] = []
        self._slugs: dict[str, str] = {}
        for department in known:
            self._enter(department)

    def slug_of(self, said: PortalDepartment) -> str:
        """The slug of the department that a record names."""
        name = said.name_en or said.slug or ""
        slug = said.slug or document_key(name)
        found = next((self._slugs[one] for one in (slug, name) if one in self._slugs), None)
        if found is not None:
            return found
        made = Department(row_id("department", slug), slug, Bilingual(said.name_hi, name), None, SOURCE, True)
        self._enter(made)
        self.new.append(made)
        return slug

    def _enter(self, department: Department) -> None:
        for name in (department.slug, department.name.en, department.name.hi):
            if name:
                self._slugs.setdefault(name, department.slug)


def _service(record: PortalService, before: Service | None) -> Service:
    held = before or _unknown(record)
    papers = None
    if record.documents is not None:
        papers = papers_of(((paper.name, paper.required) for paper in record.documents), held.documents)
    return replace(
        held,
        slug=record.slug or held.slug,
        name=Bilingual(record.name_hi or held.name.hi, record.name_en),
        category=record.category or held.category,
        rts_notified=held.rts_notified if record.rts is None else record.rts,
        portal_delivery_days=held.portal_delivery_days if record.delivery_days is None else record.delivery_days,
        fee_paise=held.fee_paise if record.charge_paise is None else record.charge_paise,
        documents=held.documents if papers is None else papers,
        needs_no_documents=held.needs_no_documents if papers is None else (True if not papers else None),
        fact_sources=sources_with(held.fact_sources, dict.fromkeys(_facts(record), (SOURCE, True))),
        source=held.source if SOURCE in held.source else f"{SOURCE} | {held.source}".strip(" |"),
        verified=True,
    )


def _facts(record: PortalService) -> Iterable[Fact]:
    """The facts that a record states."""
    said = {
        Fact.NAME: record.name_en,
        Fact.DEPARTMENT: record.department,
        Fact.RTS_NOTIFIED: record.rts,
        Fact.DELIVERY_TIME: record.delivery_days,
        Fact.FEE: record.charge_paise,
        Fact.DOCUMENTS: record.documents,
    }
    return (fact for fact, value in said.items() if value is not None)


def _unknown(record: PortalService) -> Service:
    """A service of which nothing is known but what the portal says; it is closed until somebody opens it.

    What an application for it ends in is not known, so nobody can file one.
    """
    kind = kind_in_name(record.name_en)
    slug, name = record.slug or document_key(record.name_en), Bilingual(record.name_hi, record.name_en)
    return replace(
        service_with_name(record.code, slug, name),
        id=row_id("service", record.code),
        code_source="PORTAL",
        kind=kind,
        fact_sources=sources_with((), {} if kind is None else {Fact.KIND: (_BY_NAME, False)}),
    )
