"""Joins the portal's own records with what is known of each service.

The portal says names, department, category, charge, delivery time, whether the Act covers a service, and its papers.
What it does not say (the limit of the Act, officers, what an application ends in) stays as it is, and is null for a
service that was not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from actions.catalogue_cells import Reject
from actions.catalogue_keys import document_key, row_id
from domain.catalogue import Department, Outcome, RequiredDocument, Service
from domain.deadline import DayUnit
from domain.text import Bilingual
from integrations.portal import PortalPaper, PortalService, ReadCatalogue

SOURCE = "GET /api/service of the portal"
_FILE = "portal"


def merged(
    read: ReadCatalogue, known: Mapping[str, Service], departments: Iterable[Department]
) -> tuple[list[Service], list[Reject]]:
    """The services as they become, and the records that are left out, those that could not be read among them."""
    slugs = {department.slug: department.slug for department in departments}
    slugs |= {department.name.en: department.slug for department in departments}
    rejects = [Reject(_FILE, each.row, each.key, each.field, each.reason) for each in read.rejects]
    owners = {service.slug: code for code, service in known.items()}
    services = []
    for record in read.services:
        service = _service(record, known.get(record.code), slugs)
        owner = owners.setdefault(service.slug, service.code)
        if owner != service.code:
            rejects.append(Reject(_FILE, record.row, service.code, "slug", "TWICE"))
            continue
        services.append(service)
    return services, rejects


def _service(record: PortalService, before: Service | None, slugs: Mapping[str, str]) -> Service:
    held = before or _unknown(record)
    department = slugs.get(record.department or "")
    papers = None if record.documents is None else _papers(record.documents, held.documents)
    return replace(
        held,
        slug=record.slug or held.slug,
        name=Bilingual(record.name_hi or held.name.hi, record.name_en),
        department=department or held.department,
        category=record.category or held.category,
        rts_notified=held.rts_notified if record.rts is None else record.rts,
        portal_delivery_days=held.portal_delivery_days if record.delivery_days is None else record.delivery_days,
        fee_paise=held.fee_paise if record.charge_paise is None else record.charge_paise,
        documents=held.documents if papers is None else papers,
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


def _papers(said: Iterable[PortalPaper], held: Iterable[RequiredDocument]) -> tuple[RequiredDocument, ...]:
    """A paper that was known by the same name keeps its key, which applications name it by."""
    keys = {paper.name: paper.key for paper in held}
    papers = {
        (key := keys.get(paper.name) or document_key(paper.name)): RequiredDocument(key, paper.name, paper.required)
        for paper in said
    }
    return tuple(papers.values())
