"""Examines definitions of services, compares them with the store, and publishes them as the next entry."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from actions.catalogue.changes import Change, changes_of
from actions.catalogue.keys import row_id
from domain.catalogue.catalogue import ISSUED, Outcome, Service
from domain.catalogue.definition_checks import DefinitionRule, Finding, findings_in_steps
from domain.catalogue.definition_reading import DefinitionRefused, Document, service_of_document
from domain.catalogue.definitions import Definition
from domain.catalogue.forms import Form
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, CommandFailed
from store.catalogue import catalogue, forms
from store.database import Store, Transaction, audit, locks


@dataclass(frozen=True, slots=True)
class Examined:
    """A definition that keeps the rules: the entry that it would make, the present one, and its form."""

    document: Document
    service: Service
    known: Service | None
    form: Form | None

    @property
    def base_version(self) -> int:
        """The present entry by its number; 0 where there is none."""
        return 0 if self.known is None else self.known.version

    @property
    def change(self) -> Change | None:
        """What publishing it changes; None where it says what is in force."""
        known = () if self.known is None else (self.known,)
        return next(iter(changes_of("service", "code", known, (self.service,))[0]), None)


async def examine(tx: Transaction, document: Document) -> Examined:
    """The definition of a document, compared with the store; raises DefinitionRefused with all that is wrong."""
    known = await catalogue.service(tx, document["service"])
    if "entry" in document:
        return await _earlier(tx, document, known)
    service = service_of_document(document, known)
    if known is None:
        service = replace(service, id=row_id("service", service.code))
    definition = service.definition or Definition((), "")
    form = await forms.latest(tx, definition.form) if definition.form else None
    findings = [
        *findings_in_steps(service, definition),
        *[one async for one in _unknown(tx, service, definition, form)],
    ]
    if findings:
        raise DefinitionRefused(*findings)
    return Examined(document, service, known, form)


async def _earlier(tx: Transaction, document: Document, known: Service | None) -> Examined:
    """An entry that the service had before, to be its next one."""
    version = document["entry"]
    if known is None or not 1 <= version <= known.version:
        raise DefinitionRefused(Finding("entry", DefinitionRule.SERVICE_UNKNOWN, str(version)))
    earlier = await catalogue.service_as_filed(tx, known.code, version) or known
    name = earlier.definition and earlier.definition.form
    form = await forms.latest(tx, name) if name else None
    return Examined(document, replace(earlier, id=known.id, version=known.version), known, form)


async def publish(tx: Transaction, examined: Examined, by: str) -> Service:
    """Make it the next entry of its service, with its form; what is filed already keeps its own entry and form.

    The caller holds the lock of the catalogue.
    """
    if await catalogue.upsert_services(tx, [examined.service]) and examined.form is not None:
        await forms.assign(tx, examined.form, [examined.service.code])
    published = await catalogue.service(tx, examined.service.code) or examined.service
    await audit.record(
        tx, by, "definition.publish", "SERVICE", published.id, Purpose.OPERATE, version=published.version
    )
    return published


async def lock_catalogue(tx: Transaction) -> None:
    """Wait for another import or publication: two at once would both make the next version of a service."""
    await locks.lock_exclusive(tx, "catalogue", "import")


def digest_of_plan(plan: Sequence[Examined]) -> str:
    """A number that names documents together with the entries that they were compared with."""
    said = [(one.document, one.base_version, one.form and one.form.version) for one in plan]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def plan_of(store: Store, documents: Sequence[Document]) -> list[Examined]:
    """What applying the documents would do; raises DefinitionRefused."""
    async with store.read_transaction() as tx:
        return [await examine(tx, one) for one in documents]


async def apply_plan(
    store: Store, documents: Sequence[Document], digest: str, by: str = SYSTEM.label
) -> list[Examined]:
    """Publish the documents of a plan at once, all or none of them.

    Raises DefinitionRefused, and CommandFailed where the plan of now is another one than that was seen.
    """

    async def work(tx: Transaction) -> list[Examined]:
        await lock_catalogue(tx)
        plan = [await examine(tx, one) for one in documents]
        if digest_of_plan(plan) != digest:
            raise CommandFailed("files or catalogue changed since the plan was made; make a new plan and look at it")
        for one in plan:
            if one.change is not None:
                await publish(tx, one, by)
        return plan

    return await store.carry_out(work)


async def _unknown(
    tx: Transaction, service: Service, definition: Definition, form: Form | None
) -> AsyncIterator[Finding]:
    """What the definition names and the store does not have."""
    departments = {one.slug for one in await catalogue.departments(tx)}
    if service.department not in departments:
        yield Finding("department", DefinitionRule.DEPARTMENT_UNKNOWN, service.department or "")
    for place, step in enumerate(definition.steps):
        if step.department is not None and step.department not in departments:
            yield Finding(f"steps/{place}/department", DefinitionRule.DEPARTMENT_UNKNOWN, step.department)
    if definition.form is not None and form is None:
        yield Finding("form", DefinitionRule.FORM_UNKNOWN, definition.form)
    holder = await catalogue.service_by_slug(tx, service.slug)
    if holder is not None and holder.code != service.code:
        yield Finding("slug", DefinitionRule.SLUG_TAKEN, service.slug)
    if service.outcome in ISSUED and service.doctype is None:
        yield Finding("outcome/doctype", DefinitionRule.OUTCOME_UNKNOWN)
    if service.outcome is Outcome.BENEFIT and service.scheme_id not in await catalogue.schemes(tx):
        yield Finding("outcome/scheme", DefinitionRule.SCHEME_UNKNOWN, service.scheme_id or "")
