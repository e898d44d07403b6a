"""Saves, renames and deletes an officer's own views of figures."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from actions.kernel import Environment, UnitOfWork, note, require, run_idempotently
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Officer, PersonKind, Problem, Problems, Subject, not_found
from domain.officers.dashboards import MOST_MONTHS, MOST_VIEWS, SavedView, ViewContent, view_name
from store.database import Transaction, locks
from store.statistics import saved_views

_NAME = ("input", "name")


@dataclass(frozen=True, slots=True)
class SaveView:
    """A view to keep; one of hers with the same name gets the new content."""

    name: str
    content: ViewContent
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class RenameView:
    """Another name for a view of hers."""

    name: str
    new_name: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class DeleteView:
    """A view of hers to delete."""

    name: str
    idempotency_key: str


async def save_view(env: Environment, subject: Subject, request: SaveView) -> tuple[SavedView | None, bool]:
    """Keep a view, true where it is a replay.

    Raises Problems: NOT_FOUND for one that is no officer, BAD_INPUT for the name, groups that are named twice, the
    months, or one view too many.
    """
    return await _run_view_change(env, subject, "saveView", request, lambda acting: keep(acting, request))


async def rename_view(env: Environment, subject: Subject, request: RenameView) -> tuple[SavedView | None, bool]:
    """Give a view of hers another name. Raises Problems: NOT_FOUND, BAD_INPUT, NAME_TAKEN."""
    return await _run_view_change(env, subject, "renameView", request, lambda acting: rename(acting, request))


async def delete_view(env: Environment, subject: Subject, request: DeleteView) -> tuple[SavedView | None, bool]:
    """Delete a view of hers; gives none. Raises Problems: NOT_FOUND."""
    return await _run_view_change(env, subject, "deleteView", request, lambda acting: delete(acting, request))


async def views_of(env: Environment, subject: Subject, officer: Officer) -> list[SavedView]:
    """The views of an officer, for herself only; empty for others."""
    if subject.person_id != officer.id:
        return []
    return await env.store.read(lambda tx: saved_views.of_officer(tx, officer.id))


async def keep(acting: UnitOfWork, request: SaveView) -> SavedView:
    """The inner step of keeping a view, in the caller's transaction."""
    name = _validated_name(request)
    held = await saved_views.view_by_name(acting.tx, acting.subject.person_id or "", name)
    if held is not None:
        view = replace(held, content=request.content, updated_at=acting.now)
        await saved_views.save(acting.tx, view)
    else:
        if await saved_views.count_of(acting.tx, acting.subject.person_id or "") >= MOST_VIEWS:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("input",), params={"most": str(MOST_VIEWS)}))
        now = acting.now
        view = SavedView(acting.env.ids.key(), acting.subject.person_id or "", name, request.content, now, now)
        await saved_views.add(acting.tx, view)
    await note(acting, "view.save", of_view(view), Purpose.APPLY)
    return view


async def rename(acting: UnitOfWork, request: RenameView) -> SavedView:
    """The inner step of renaming, in the caller's transaction."""
    view = await _own_view(acting, request.name)
    renamed = replace(view, name=view_name(request.new_name, "newName"), updated_at=acting.now)
    twin = await saved_views.view_by_name(acting.tx, view.officer_id, renamed.name)
    if twin is not None and twin.id != view.id:
        raise Problems(Problem(ErrorCode.NAME_TAKEN, ("input", "newName")))
    await saved_views.save(acting.tx, renamed)
    await note(acting, "view.rename", of_view(renamed), Purpose.APPLY)
    return renamed


async def delete(acting: UnitOfWork, request: DeleteView) -> None:
    """The inner step of deleting, in the caller's transaction."""
    view = await _own_view(acting, request.name)
    await saved_views.remove(acting.tx, view.id)
    await note(acting, "view.delete", of_view(view), Purpose.APPLY)


def of_view(view: SavedView) -> Resource:
    """What access to a view depends on: it is the officer's own."""
    return Resource(ObjectKind.SAVED_VIEW, view.id, person_id=view.officer_id)


async def _own_view(acting: UnitOfWork, name: str) -> SavedView:
    view = await saved_views.view_by_name(acting.tx, acting.subject.person_id or "", view_name(name, "name"))
    if view is None:
        raise not_found(*_NAME)
    return view


async def _run_view_change(
    env: Environment,
    subject: Subject,
    operation: str,
    request: Any,
    work: Callable[[UnitOfWork], Awaitable[SavedView | None]],
) -> tuple[SavedView | None, bool]:
    subject.require_signed_in()

    async def in_transaction(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        if subject.kind is not PersonKind.OFFICER:
            raise not_found("input")
        hers = Resource(ObjectKind.SAVED_VIEW, person_id=subject.person_id)
        await require(env, tx, subject, hers, Purpose.APPLY, path=("input",))
        await locks.lock_exclusive(tx, "saved_views", subject.person_id or "")  # one after another, so names stay apart
        view = await work(acting)
        return {"id": view.id if view else None}

    key = request.idempotency_key
    answer, replayed = await run_idempotently(
        env, subject, operation, key=key, body=asdict(request), work=in_transaction
    )
    async with env.store.read_transaction() as tx:
        return (await saved_views.get(tx, answer["id"]) if answer["id"] else None), replayed


def _validated_name(request: SaveView) -> str:
    """The name of what is to be kept; raises BAD_INPUT with every field that is wrong."""
    name, content = "", request.content
    problems: list[Problem] = []
    try:
        name = view_name(request.name, "name")
    except Problems as wrong:
        problems += wrong.problems
    if len(set(content.group_by)) != len(content.group_by):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "groupBy")))
    if not 1 <= content.months <= MOST_MONTHS:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "months"), params={"most": str(MOST_MONTHS)}))
    if problems:
        raise Problems(*problems)
    return name
