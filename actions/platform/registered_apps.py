"""What a developer has at hand: her apps with their keys and requests, versions in use, errors by operation.

Apps are registered where sandboxes stand for outside systems, as in staging; in production the operator registers them
by APUNI_APP_REDIRECTS alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from actions.kernel import Environment, UnitOfWork, require, verb
from actions.kernel.access import not_open
from actions.platform.manifests import Shelf, shelves
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, Problem, Problems, Subject, ist_date, require_found
from domain.platform.manifests import is_app_name
from domain.platform.registered_apps import (
    MOST_APPS,
    MOST_REDIRECTS,
    AppRequest,
    AppStep,
    OperationErrors,
    RegisteredApp,
    app_of,
    is_redirect,
)
from store.platform import manifests, registered_apps

LONGEST_NAME = 100
MOST_REQUESTS, MOST_ERRORS, ERROR_DAYS = 100, 100, 7
_KEY_OCTETS = 24
_PATH = ("input", "appId")


@dataclass(frozen=True, slots=True)
class RegisterApp:
    """An app that is to sign people in; `redirects` are where a browser is led back to it."""

    client_id: str
    name: str
    redirects: tuple[str, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ChangeRegisteredApp:
    """What is done with an app; `redirects` are its new addresses, where it is that."""

    app_id: str
    step: AppStep
    idempotency_key: str
    redirects: tuple[str, ...] = ()


def key_hash(key: str) -> str:
    """What an app's key is known by."""
    return hashlib.sha256(key.encode()).hexdigest()


@verb(registered_apps.get)
async def register_app(acting: UnitOfWork, request: RegisterApp) -> RegisteredApp:
    """Register an app of the developer who asks.

    Raises Problems: NOT_FOUND for others, STEP_NOT_ALLOWED in production, NAME_TAKEN for the client id of another app,
    BAD_INPUT with the place of what is wrong.
    """
    await require(acting.env, acting.tx, acting.subject, _app_resource(acting.actor), Purpose.APPLY, path=("input",))
    if not acting.env.rules.takes_sandboxes:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input",)))
    known = await registered_apps.all_apps(acting.tx)
    problems = _problems_of_redirects(acting.env, request.redirects, known)
    published = {one.app for one in await manifests.all_manifests(acting.tx, retired=True)}
    taken = published | acting.env.rules.app_clients.keys() | {one.client_id for one in known}
    if not is_app_name(request.client_id):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "clientId")))
    elif request.client_id in taken:
        problems.append(Problem(ErrorCode.NAME_TAKEN, ("input", "clientId")))
    if not 0 < len(request.name.strip()) <= LONGEST_NAME:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "name")))
    if sum(one.owner_id == acting.actor and one.ended_at is None for one in known) >= MOST_APPS:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input",), params={"most": str(MOST_APPS)}))
    if problems:
        raise Problems(*problems)
    key = acting.env.ids.token(_KEY_OCTETS)
    app = RegisteredApp(
        id=acting.env.ids.key(),
        client_id=request.client_id,
        name=request.name.strip(),
        owner_id=acting.actor,
        redirects=tuple(dict.fromkeys(request.redirects)),
        key=key,
        key_sha256=key_hash(key),
        key_made_at=acting.now,
        created_at=acting.now,
    )
    await registered_apps.add(acting.tx, app)
    await _note(acting, app, "registered")
    return app


@verb(registered_apps.get)
async def change_registered_app(acting: UnitOfWork, request: ChangeRegisteredApp) -> RegisteredApp:
    """Give an app other redirect addresses or a new key, or end it.

    Raises Problems: NOT_FOUND for an app of somebody else, STEP_NOT_ALLOWED for one that has ended, BAD_INPUT.
    """
    app = require_found(await registered_apps.get(acting.tx, request.app_id, lock=True), *_PATH)
    resource = replace(_app_resource(app.owner_id), id=app.id)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.APPLY, path=_PATH)
    if app.ended_at is not None:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH))
    match request.step:
        case AppStep.REDIRECTS:
            others = [one for one in await registered_apps.all_apps(acting.tx) if one.id != app.id]
            problems = _problems_of_redirects(acting.env, request.redirects, others)
            if problems:
                raise Problems(*problems)
            changed = replace(app, redirects=tuple(dict.fromkeys(request.redirects)))
        case AppStep.NEW_KEY:
            key = acting.env.ids.token(_KEY_OCTETS)
            changed = replace(app, key=key, key_sha256=key_hash(key), key_made_at=acting.now)
        case AppStep.END:
            changed = replace(app, ended_at=acting.now)
    await registered_apps.save(acting.tx, changed, app.version)
    await _note(acting, changed, request.step.value.lower())
    return changed


async def apps_of(env: Environment, subject: Subject) -> list[RegisteredApp]:
    """The apps that a developer registered, the newest first. Raises as `require_developer`."""
    require_developer(subject)
    found = await env.store.read(registered_apps.all_apps)
    return [one for one in found if decide(subject, replace(_app_resource(one.owner_id), id=one.id), Purpose.VIEW)]


async def requests_of(env: Environment, app: RegisteredApp, request_id: str | None, first: int) -> list[AppRequest]:
    """The requests of an app that was read before, the latest first."""
    return await env.store.read(lambda tx: registered_apps.requests_of(tx, app.id, request_id, first))


async def versions_in_use(env: Environment) -> Sequence[Shelf]:
    """The published versions of apps that are not retired, with what is known of their use."""
    found = await env.store.read(lambda tx: shelves(tx, env.clock.now()))
    return [one for one in found if one.manifest.retired_at is None]


async def operation_errors(env: Environment) -> list[OperationErrors]:
    """The errors of published operations on the last days, today with them."""
    since = ist_date(env.clock.now()) - timedelta(days=ERROR_DAYS - 1)
    return await env.store.read(lambda tx: registered_apps.errors_since(tx, since, MOST_ERRORS))


async def registered_client(env: Environment, address: str) -> str | None:
    """The client id of the app that a developer registered with a redirect address; None in production."""
    if not env.rules.takes_sandboxes:
        return None
    app = app_of(await env.store.read(registered_apps.all_apps), address)
    return app.client_id if app else None


def require_developer(subject: Subject) -> None:
    """Let a developer go on. Raises NotSignedIn, NOT_FOUND for others."""
    subject.require_signed_in()
    if not decide(subject, _app_resource(subject.person_id or ""), Purpose.VIEW):
        raise not_open(subject, ObjectKind.APP, Purpose.VIEW)


def _app_resource(owner_id: str) -> Resource:
    return Resource(ObjectKind.APP, person_id=owner_id)


def _problems_of_redirects(
    env: Environment, redirects: Sequence[str], others: Sequence[RegisteredApp]
) -> list[Problem]:
    """What is wrong with the addresses of an app: one of this machine may be several apps', another one app's only."""
    path = ("input", "redirects")
    if not 0 < len(redirects) <= MOST_REDIRECTS:
        return [Problem(ErrorCode.BAD_INPUT, path, params={"most": str(MOST_REDIRECTS)})]
    operators = {address for addresses in env.rules.app_clients.values() for address in addresses}
    return [
        Problem(ErrorCode.BAD_INPUT, (*path, str(place)))
        for place, address in enumerate(redirects)
        if not is_redirect(address) or address in operators or app_of(others, address)
    ]


async def _note(acting: UnitOfWork, app: RegisteredApp, step: str) -> None:
    await acting.record(f"registered_app.{step}", "APP", app.id, Purpose.APPLY, client=app.client_id)
