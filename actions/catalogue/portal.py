"""Joins the portal's own records with what is known of each service.

The portal says names, department, category, charge, delivery time, whether the Act covers a service, and its papers.
What it does not say (the limit of the Act, officers, what an application ends in) stays as it is, and is null for a
service that was not known. A department that was not known is entered under the name that the portal gives it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from actions.catalogue.cells import Reject
from actions.catalogue.keys import document_key, papers_of, row_id
from domain.applications.deadline import DayUnit
from domain.catalogue.catalogue import Department, Outcome, Service
from domain.kernel import Bilingual
from integrations.portal import PortalDepartment, PortalService, ReadCatalogue

SOURCE = "GET /api/service of the portal"
_FILE = "portal"


@dataclass(frozen=True, slots=True)
class Merged:
    """The services as they become, the departments that are new, and the records that are left out."""

    services: tuple[Service, ...]
    departments: tuple[Department, ...]
    rejects: tuple[Reject, ...]


def merge_records(read: ReadCatalogue, known: Mapping[str, Service], departments: Iterable[Department]) -> Merged:
    """Join the records with what is known; records that could not be read are among those that are left out."""
    register = _Departments(departments)
    rejects = [Reject(_FILE, each.row, each.key, each.field, each.reason) for each in read.rejects]
    owners = {service.slug: code for code, service in known.items()}
    services = []
    for record in read.services:
        service = _service(record, known.get(record.code))
        owner = owners.setdefault(service.slug, service.code)
        if owner != service.code:
            rejects.append(Reject(_FILE, record.row, service.code, "slug", "TWICE"))
            continue
        department = register.slug_of(record.department) if record.department else None
        services.append(replace(service, department=department or service.department))
    return Merged(tuple(services), tuple(register.new), tuple(rejects))


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
        source=held.source if SOURCE in held.source else f"{SOURCE} | {held.source}".strip(" |"),
        verified=True,
    )


def _unknown(record: PortalService) -> Service:
    """A service of which nothing is known but what the portal says; it is closed until somebody opens it.

    What an application for it ends in is not known, so nobody can file one.
    """
    return Service(
        id=row_id("service", record.code),
        code=record.code,
        code_source="PORTAL",
        slug=record.slug or document_key(record.name_en),
        name=Bilingual(record.name_hi, record.name_en),
        department=None,
        category=None,
        rts_notified=None,
        limit_days=None,
        limit_unit=DayUnit.WORKING_DAYS,
        portal_delivery_days=None,
        designated_officer=None,
        first_appellate=None,
        second_appellate=None,
        fee_paise=None,
        documents=(),
        channels=(),
        outcome=Outcome.ORDER,
        doctype=None,
        scheme_id=None,
        open=False,
        source="",
        verified=True,
    )
