"""Examines definitions of services, compares them with the store, and publishes them as the next entry."""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from actions.catalogue.changes import Change, changes_of
from actions.catalogue.keys import row_id
from actions.kernel import Environment
from domain.catalogue.catalogue import ISSUED, Outcome, Service
from domain.catalogue.definition_checks import DefinitionRule, Finding, findings_in_steps
from domain.catalogue.definition_reading import DefinitionRefused, Document, service_of_document
from domain.catalogue.definitions import Definition
from domain.catalogue.forms import Form
from domain.certificates.kinds import CertificateKinds
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, CommandFailed
from store.catalogue import catalogue, forms
from store.database import Transaction, audit, locks

AssignedForms = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Examined:
    """A definition that keeps the rules: the entry that it would make, the present one, and its form."""

    document: Document
    service: Service
    known: Service | None
    form: Form | None
    form_before: str | None = None
    """The version of the form that the service has now."""

    @property
    def base_version(self) -> int:
        """The present entry by its number; 0 where there is none."""
        return 0 if self.known is None else self.known.version

    @property
    def change(self) -> Change | None:
        """What publishing it changes, a newer version of its form included; None where it says what is in force."""
        known = () if self.known is None else (self.known,)
        found = next(iter(changes_of("service", "code", known, (self.service,))[0]), None)
        if self.known is None or self.form is None or self.form.version == self.form_before:
            return found
        fields = {**(found.fields if found else {}), "form": (self.form_before, self.form.version)}
        return Change("service", self.service.code, self.service.name.en, fields)


async def examine(
    env: Environment,
    tx: Transaction,
    document: Document,
    *,
    confirmed: bool,
    assigned: AssignedForms | None = None,
) -> Examined:
    """The definition of a document, compared with the store; raises DefinitionRefused with all that is wrong.

    `confirmed` says whether two people stand for what it says. `assigned` are the forms that services have of their
    own (`forms.assigned_forms`); who examines several definitions reads them once.
    """
    kinds = env.rules.certificate_kinds
    known = await catalogue.service(tx, document["service"])
    assigned = await forms.assigned_forms(tx) if assigned is None else assigned
    form_before = assigned.get(document["service"], (None, None))[1]
    if "entry" in document:
        return await _earlier(kinds, tx, document, known, form_before)
    service = service_of_document(document, known, confirmed=confirmed)
    if known is None:
        service = replace(service, id=row_id("service", service.code))
    definition = service.definition or Definition((), "")
    form = await forms.latest(tx, definition.form) if definition.form else None
    findings = [
        *findings_in_steps(service, definition),
        *[one async for one in _unknown(tx, service, definition, form)],
        *await _unfit_template(kinds, tx, service, form),
    ]
    if findings:
        raise DefinitionRefused(*findings)
    return Examined(document, service, known, form, form_before)


async def _earlier(
    kinds: CertificateKinds, tx: Transaction, document: Document, known: Service | None, form_before: str | None
) -> Examined:
    """An entry that the service had before, to be its next one."""
    version = document["entry"]
    if known is None or not 1 <= version <= known.version:
        raise DefinitionRefused(Finding("entry", DefinitionRule.SERVICE_UNKNOWN, str(version)))
    earlier = await catalogue.service_as_filed(tx, known.code, version) or known
    name = earlier.definition and earlier.definition.form
    form = await forms.latest(tx, name) if name else None
    restored = replace(earlier, id=known.id, version=known.version)
    if unfit := await _unfit_template(kinds, tx, restored, form):
        raise DefinitionRefused(*unfit)
    return Examined(document, restored, known, form, form_before)


async def publish(tx: Transaction, examined: Examined, by: str) -> Service:
    """Make it the next entry of its service, with its form; what is filed already keeps its own entry and form.

    The caller holds the lock of the catalogue.
    """
    await catalogue.upsert_services(tx, [examined.service])
    if examined.form is not None:
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


async def plan_of(env: Environment, documents: Sequence[Document]) -> list[Examined]:
    """What applying the documents would do; raises DefinitionRefused."""
    return await env.store.read(lambda tx: _examine_all(env, tx, documents))


async def _examine_all(env: Environment, tx: Transaction, documents: Sequence[Document]) -> list[Examined]:
    """The definitions of one plan; raises DefinitionRefused, also where two are of one service or one slug."""
    assigned = await forms.assigned_forms(tx)
    plan = [await examine(env, tx, one, confirmed=False, assigned=assigned) for one in documents]
    codes = [one.service.code for one in plan]
    slugs = dict.fromkeys((one.service.code, one.service.slug) for one in plan)
    said = [("service", DefinitionRule.SERVICE_TWICE, code) for code in codes]
    said += [("slug", DefinitionRule.SLUG_TAKEN, slug) for _, slug in slugs]
    twice = [Finding(*each) for each, many in Counter(said).items() if many > 1]
    if twice:
        raise DefinitionRefused(*twice)
    return plan


async def apply_plan(
    env: Environment, documents: Sequence[Document], digest: str, by: str = SYSTEM.label
) -> list[Examined]:
    """Publish the documents of a plan at once, all or none of them.

    Raises DefinitionRefused, and CommandFailed where the plan of now is another one than that was seen.
    """

    async def work(tx: Transaction) -> list[Examined]:
        await lock_catalogue(tx)
        plan = await _examine_all(env, tx, documents)
        if digest_of_plan(plan) != digest:
            raise CommandFailed("files or catalogue changed since the plan was made; make a new plan and look at it")
        for one in plan:
            if one.change is not None:
                await publish(tx, one, by)
        return plan

    return await env.store.carry_out(work)


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


async def _unfit_template(
    kinds: CertificateKinds, tx: Transaction, service: Service, form: Form | None
) -> list[Finding]:
    """Why the template of the certificate cannot be filled: there is none for the document type, or a question lacks.

    Without a form of its own a definition keeps that of the service; where no form is known, nothing lacks.
    """
    named = service.template
    if named is not None and named not in kinds.kinds:
        return [Finding("outcome/template", DefinitionRule.TEMPLATE_UNKNOWN, named)]
    kind = kinds.of_service(service.slug, named)
    if kind is None or (named is None and service.outcome not in ISSUED):
        return []
    if kind.doctype != service.doctype or service.outcome not in ISSUED:
        return [Finding("outcome/template", DefinitionRule.TEMPLATE_UNKNOWN, kind.name)]
    form = form or (await forms.of_services(tx, [service.code])).get(service.code)
    lacking = kind.questions_not_in(form.by_name) if form else []
    return [Finding("form", DefinitionRule.FORM_WITHOUT_FACT, one) for one in lacking]
