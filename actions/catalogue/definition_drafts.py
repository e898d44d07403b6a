"""Drafts definitions of services, lets a second administrator confirm them, and publishes them on their day."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from actions.catalogue.definitions import Examined, examine, lock_catalogue, publish
from actions.kernel import (
    BATCH,
    Environment,
    UnitOfWork,
    conflict_problem,
    require,
    require_departments,
    require_postings,
    require_second_person,
    verb,
)
from domain.catalogue.definition_checks import DefinitionRule, Finding
from domain.catalogue.definition_reading import DefinitionRefused, Document, read_document
from domain.catalogue.definitions import DraftState, ServiceDraft, StepKind
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Subject, require_found
from store.catalogue import forms, service_drafts
from store.database import Transaction

_PATH = ("input", "definitionId")
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class DraftServiceDefinition:
    """A definition as the text of its document, or an earlier entry of a service to go back to: exactly one of them."""

    idempotency_key: str
    document: str | None = None
    service_code: str | None = None
    from_version: int | None = None


@dataclass(frozen=True, slots=True)
class PublishServiceDefinition:
    """A drafted definition, and the day from which it is to be in force."""

    definition_id: str
    publish_on: date
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ConfirmServiceDefinition:
    """A definition that waits for a second administrator, and whether it is confirmed or refused."""

    definition_id: str
    confirm: bool
    idempotency_key: str


@verb(service_drafts.get)
async def draft_service_definition(acting: UnitOfWork, request: DraftServiceDefinition) -> ServiceDraft:
    """Keep a definition that is not in force yet; True where it is a replay.

    Raises Problems: NOT_FOUND for another department's service, BAD_INPUT, DEFINITION_REFUSED at each cell.
    """
    require_postings(acting.subject, ObjectKind.DEFINITION, Purpose.OPERATE)
    examined = await _examine(acting.env, acting.tx, _document_of(request))
    draft = ServiceDraft(
        id=acting.env.ids.key(),
        service_code=examined.service.code,
        department=examined.service.department,
        content=examined.document,
        base_version=examined.base_version,
        state=DraftState.DRAFTED,
        drafted_by=acting.actor,
        drafted_at=acting.now,
    )
    await _require(acting, draft, ("input",))
    if examined.known is not None:
        await _require(acting, replace(draft, department=examined.known.department), ("input",))
    await service_drafts.add(acting.tx, draft)
    await _note(acting, draft)
    return draft


@verb(service_drafts.get)
async def publish_service_definition(acting: UnitOfWork, request: PublishServiceDefinition) -> ServiceDraft:
    """Ask for a definition to be published on a day; nothing changes before a second administrator confirms it.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, DATE_NOT_ALLOWED for a day that is over, DEFINITION_REFUSED, CONFLICT
    where the service changed since.
    """
    draft = await _find_in_state(acting, request.definition_id, DraftState.DRAFTED)
    if request.publish_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "publishOn")))
    await _require_unchanged(acting, draft)
    waiting = replace(draft, state=DraftState.WAITING, publish_on=request.publish_on, drafted_by=acting.actor)
    return await _move_on(acting, draft, waiting)


@verb(service_drafts.get)
async def confirm_service_definition(acting: UnitOfWork, request: ConfirmServiceDefinition) -> ServiceDraft:
    """Confirm or refuse a definition that another administrator wants published; it is published once its day has come.

    Raises as `publish_service_definition`, and SECOND_OFFICER_NEEDED for whoever asked for it.
    """
    await lock_catalogue(acting.tx)
    draft = await _find_in_state(acting, request.definition_id, DraftState.WAITING)
    require_second_person(acting, draft.drafted_by, *_PATH)
    answered = replace(draft, confirmed_by=acting.actor, confirmed_at=acting.now, state=DraftState.REFUSED)
    if request.confirm:
        await _require_unchanged(acting, draft)
        answered = replace(answered, state=DraftState.CONFIRMED)
    answered = await _move_on(acting, draft, answered)
    if request.confirm and draft.publish_on is not None and draft.publish_on <= acting.today:
        return await _come_into_force(acting.tx, acting.env, answered, acting.subject.label)
    return answered


async def publish_due(env: Environment) -> int:
    """Publish the confirmed definitions whose day has come; gives how many."""
    due = await env.store.read(lambda tx: service_drafts.to_be_published(tx, UnitOfWork(env, tx, SYSTEM).today, BATCH))
    for one in due:
        await env.store.carry_out(partial(_come_into_force, env=env, draft=one, by=SYSTEM.label))
    return len(due)


async def definitions_of(env: Environment, subject: Subject) -> list[ServiceDraft]:
    """The latest definitions of the departments that the subject administers, at most MOST_LISTED.

    Raises NotSignedIn, NOT_FOUND for those who administer none.
    """
    departments = require_departments(subject, ObjectKind.DEFINITION, Purpose.OPERATE)
    return await env.store.read(lambda tx: service_drafts.latest(tx, departments, MOST_LISTED))


async def previews_of(env: Environment, tx: Transaction, ids: Iterable[str]) -> dict[str, Examined]:
    """What publishing each definition would make of its service; one that breaks a rule by now is left out."""
    found, assigned = {}, await forms.assigned_forms(tx)
    for one in (await service_drafts.by_ids(tx, ids)).values():
        with suppress(DefinitionRefused):
            found[one.id] = await examine(env, tx, one.content, confirmed=True, assigned=assigned)
    return found


async def _come_into_force(tx: Transaction, env: Environment, draft: ServiceDraft, by: str) -> ServiceDraft:
    """Publish a confirmed definition, once; one whose service changed since is overtaken."""
    await lock_catalogue(tx)
    done = replace(draft, state=DraftState.OVERTAKEN)
    try:
        examined = await examine(env, tx, draft.content, confirmed=True)
    except DefinitionRefused:
        examined = None
    if examined is not None and examined.base_version == draft.base_version:
        done = replace(draft, state=DraftState.PUBLISHED)
    if not await service_drafts.move_on(tx, done, DraftState.CONFIRMED):
        return draft
    if examined is None or done.state is DraftState.OVERTAKEN:
        return done
    done = replace(done, version=(await publish(tx, examined, by)).version)
    await service_drafts.move_on(tx, done, DraftState.PUBLISHED)
    return done


def _document_of(request: DraftServiceDefinition) -> Document:
    if (request.document is None) == (request.from_version is None or request.service_code is None):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "document")))
    if request.document is None:
        return {"service": request.service_code, "entry": request.from_version}
    try:
        return read_document(request.document.encode())
    except DefinitionRefused as refused:
        raise _problems_of(refused) from None


async def _examine(env: Environment, tx: Transaction, document: Document) -> Examined:
    try:
        return await examine(env, tx, document, confirmed=True)
    except DefinitionRefused as refused:
        raise _problems_of(refused) from None


async def _require_unchanged(acting: UnitOfWork, draft: ServiceDraft) -> None:
    examined = await _examine(acting.env, acting.tx, draft.content)
    if examined.base_version != draft.base_version:
        raise conflict_problem(examined.base_version, draft.state.value)


async def _find_in_state(acting: UnitOfWork, definition_id: str, state: DraftState) -> ServiceDraft:
    draft = require_found(await service_drafts.get(acting.tx, definition_id), *_PATH)
    await _require(acting, draft, _PATH)
    if draft.state is not state:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": draft.state.value}))
    return draft


async def _move_on(acting: UnitOfWork, draft: ServiceDraft, changed: ServiceDraft) -> ServiceDraft:
    if not await service_drafts.move_on(acting.tx, changed, draft.state):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": changed.state.value}))
    await _note(acting, changed)
    return changed


async def _require(acting: UnitOfWork, draft: ServiceDraft, path: tuple[str, ...]) -> None:
    resource = Resource(ObjectKind.DEFINITION, draft.id, None, draft.department)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)


async def _note(acting: UnitOfWork, draft: ServiceDraft) -> None:
    detail: dict[str, Any] = {"service": draft.service_code, "base": draft.base_version}
    action = f"definition.{draft.state.value.lower()}"
    await acting.record(action, "DEFINITION", draft.id, Purpose.OPERATE, **detail)


def _problems_of(refused: DefinitionRefused) -> Problems:
    """A Problem for each cell; what the author wrote is not repeated, but for our own words, questions and numbers."""
    return Problems(
        *(
            Problem(
                ErrorCode.DEFINITION_REFUSED,
                ("input", "document", *filter(None, one.cell.split("/"))),
                params={"said": one.said} if _is_ours(one) else {},
                sentence=f"definition_rule.{one.rule.value}",
            )
            for one in refused.findings
        )
    )


def _is_ours(finding: Finding) -> bool:
    said = finding.said
    return said in StepKind.__members__ or said.isdigit() or finding.rule is DefinitionRule.FORM_WITHOUT_FACT
