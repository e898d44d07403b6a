"""Checks access against the access table, and records the receipt of a read; the only place that does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from actions.kernel.environment import Environment
from actions.kernel.operations import leave_receipts
from actions.kernel.unit_of_work import UnitOfWork, role_of
from domain.appeals.appeals import Appeal, AppealLevel
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.benefits.benefits import Sanction
from domain.certificates.certificates import IssuedCertificate
from domain.clearances import Clearance
from domain.identity.policy import ObjectKind, Purpose, Resource, decide, purpose_for, roles_for
from domain.kernel import (
    Citizen,
    ErrorCode,
    PersonKind,
    Posting,
    Problem,
    Problems,
    Role,
    Source,
    Subject,
    not_found,
    require_found,
)
from domain.kernel.closed_to_roles import only_for
from store.appeals import appeals
from store.applications import applications
from store.database import Transaction
from store.identity import accesses, people
from store.identity.accesses import AccessReceipt

T = TypeVar("T")


def of_application(application: Application) -> Resource:
    """What access to an application depends on."""
    return Resource.of(
        ObjectKind.APPLICATION,
        application.id,
        application,
        officer_id=application.officer_id,
        draft=application.status is Status.DRAFT,
        application_id=application.id,
        begun_at=application.created_at,
        service=application.service_code,
    )


def of_appeal(appeal: Appeal, *, acting: bool = False) -> Resource:
    """What access to an appeal depends on; to act on it is for the authority of its level only."""
    level = appeal.level if acting else None
    return Resource.of(ObjectKind.APPEAL, appeal.id, appeal, officer_id=appeal.authority_id, level=level)


def of_clearance(clearance: Clearance) -> Resource:
    """What access to a clearance depends on: the department that is asked, in the place of the application.

    An overdue one belongs to the level above of that department too.
    """
    return Resource.of(ObjectKind.CLEARANCE, clearance.id, clearance, officer_id=clearance.escalated_to)


def of_applicant(application: Application) -> Resource:
    """What access to the applicant depends on for those who handle her application."""
    return replace(of_application(application), kind=ObjectKind.CITIZEN, id=application.citizen_id)


def of_certificate(certificate: IssuedCertificate) -> Resource:
    """What access to a certificate of ours depends on."""
    return Resource.of(ObjectKind.CERTIFICATE, certificate.id, certificate, application_id=certificate.application_id)


def of_sanction(sanction: Sanction) -> Resource:
    """What access to a sanction depends on."""
    return Resource.of(ObjectKind.BENEFIT, sanction.id, sanction)


def of_citizen(citizen_id: str, kind: ObjectKind = ObjectKind.CITIZEN) -> Resource:
    """What access to a citizen, or to what she holds at a source, depends on."""
    return Resource(kind, citizen_id, citizen_id)


async def require(
    env: Environment,
    tx: Transaction,
    subject: Subject,
    resource: Resource,
    purpose: Purpose,
    *,
    path: tuple[str, ...] = (),
) -> None:
    """Permit the action, or raise NOT_FOUND at the path; access to another person's data leaves a receipt.

    Raises NotSignedIn where nobody is signed in.
    """
    subject.require_signed_in()
    (resource,) = await _with_services(tx, subject, [resource])
    if not decide(subject, resource, purpose):
        raise not_found(*path) if resource.id else not_open(subject, resource.kind, purpose, path=path)
    if of_another(subject, resource):
        await leave_receipt(UnitOfWork(env, tx, subject), resource, purpose)


def not_open(subject: Subject, kind: ObjectKind, *purposes: Purpose, path: tuple[str, ...] = ()) -> Problems:
    """NOT_FOUND where no single thing was asked for: it names the roles that may, where the subject has none of them.

    It depends on roles alone, so that it tells nothing of what is there.
    """
    roles = roles_for(kind, purposes)
    return not_found(*path) if subject.roles.intersection(roles) else only_for(roles, *path)


async def require_one(
    env: Environment,
    tx: Transaction,
    subject: Subject,
    resource: Resource,
    purposes: Sequence[Purpose],
    *,
    path: tuple[str, ...] = (),
) -> Purpose:
    """As `require`, under the first of several purposes that the subject has; gives that purpose."""
    (resource,) = await _with_services(tx, subject, [resource])
    purpose = next((one for one in purposes if decide(subject, resource, one)), purposes[0])
    await require(env, tx, subject, resource, purpose, path=path)
    return purpose


async def require_own(acting: UnitOfWork, kind: ObjectKind, purpose: Purpose = Purpose.APPLY) -> str:
    """The id of the citizen who acts for herself on such a thing; raises NOT_FOUND for anybody else, NotSignedIn."""
    subject = acting.subject
    citizen_id = (subject.person_id if subject.kind is PersonKind.CITIZEN else None) or ""
    await require(acting.env, acting.tx, subject, of_citizen(citizen_id, kind), purpose, path=("input",))
    return citizen_id


async def require_own_record(acting: UnitOfWork, kind: ObjectKind) -> Citizen:
    """The record of the citizen who acts for herself on such a thing, held as it is now; raises as `require_own`."""
    return require_found(await people.hold_citizen(acting.tx, await require_own(acting, kind)), "input")


async def require_thing(
    acting: UnitOfWork, thing: T | None, resource: Callable[[T], Resource], *purposes: Purpose, path: tuple[str, ...]
) -> T:
    """The thing that was looked for, for one who may do that with it under one of the purposes.

    Raises NOT_FOUND at the path where it is absent or not for the subject, NotSignedIn where nobody is signed in.
    """
    if thing is None:
        raise not_found(*path)
    await require_one(acting.env, acting.tx, acting.subject, resource(thing), purposes, path=path)
    return thing


def require_postings(subject: Subject, kind: ObjectKind, *purposes: Purpose) -> list[Posting]:
    """The postings under which the subject may do one of that to things of that kind.

    Raises NotSignedIn, NOT_FOUND where there is none.
    """
    subject.require_signed_in()
    found = [posting for purpose in purposes for posting in permitted_postings(subject, kind, purpose)]
    if not found:
        raise not_open(subject, kind, *purposes)
    return found


def require_departments(subject: Subject, kind: ObjectKind, purpose: Purpose) -> set[str] | None:
    """The departments in which the subject may do that to things of that kind, None for all of them.

    Raises as `require_postings`.
    """
    found = {posting.department for posting in require_postings(subject, kind, purpose)}
    return None if None in found else {each for each in found if each}


def require_second_person(acting: UnitOfWork, first: str | None, *path: str) -> None:
    """Raise SECOND_OFFICER_NEEDED at the path where who acts is the first person herself."""
    if acting.actor == first:
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, path))


def permitted_postings(subject: Subject, kind: ObjectKind, purpose: Purpose) -> list[Posting]:
    """The postings under which the subject may do that to things of that kind in their places."""
    return [
        posting
        for posting in subject.postings
        if decide(
            replace(subject, roles=frozenset({posting.role}), postings=(posting,)),
            Resource.of_post(kind, posting),
            purpose,
        )
    ]


def require_operations(subject: Subject, kind: ObjectKind = ObjectKind.OPERATIONS) -> None:
    """Let those who operate or audit the gateway, or with `kind` such things, go on; raises NotSignedIn, NOT_FOUND."""
    subject.require_signed_in()
    purposes = (Purpose.OPERATE, Purpose.AUDIT)
    if not any(decide(subject, Resource(kind), purpose) for purpose in purposes):
        raise not_open(subject, kind, *purposes)


async def may_read(env: Environment, subject: Subject, resource: Resource) -> Purpose | None:
    """The purpose under which the subject may read, or None; see `may_read_all`."""
    return (await may_read_all(env, subject, [resource]))[0]


async def require_read(env: Environment, subject: Subject, resource: Resource) -> None:
    """Let the subject read, with a receipt as `may_read_all` leaves them, or raise NOT_FOUND."""
    if await may_read(env, subject, resource) is None:
        raise not_found()


async def receipts_of_citizen(env: Environment, subject: Subject, citizen_id: str, most: int) -> list[AccessReceipt]:
    """Who read a citizen's data, the latest first. Raises NOT_FOUND for those who may not see it."""
    async with env.store.read_transaction() as tx:
        await require(env, tx, subject, of_citizen(citizen_id), Purpose.VIEW)
        return await accesses.of_citizen(tx, citizen_id, most)


async def may_read_all(env: Environment, subject: Subject, resources: Sequence[Resource]) -> list[Purpose | None]:
    """The purpose for each resource, or None where denied.

    Reads of another person's data leave their receipts, all in one transaction, or in that of the operation's.
    """
    resources = await with_cases(env, subject, resources)
    purposes = [purpose_for(subject, resource) for resource in resources]
    await leave_receipts(
        env,
        [
            receipt_of(env, subject, resource, (purpose is Purpose.DECIDE and resource.stated) or purpose)
            for resource, purpose in zip(resources, purposes, strict=True)
            if purpose is not None and of_another(subject, resource)
        ],
    )
    return purposes


async def with_cases(env: Environment, subject: Subject, resources: Sequence[Resource]) -> Sequence[Resource]:
    """The resources with what their applications say, for those whom it concerns.

    For an officer with a post for single services that is the service; for the Commission, whether an appeal about
    each reached it. It is asked for also where there is nothing to ask about, so that absent and denied take as long.
    """
    if any(one.services for one in subject.postings):
        return await env.store.read(lambda tx: _with_services(tx, subject, resources))
    if Role.COMMISSION not in subject.roles:
        return resources
    ids = {one.application_id or "" for one in resources} or {""}
    filed = await env.store.read(lambda tx: appeals.of_applications(tx, ids))
    reached = {key for key, each in filed.items() if any(one.level is AppealLevel.COMMISSION for one in each)}
    return [replace(one, appealed=one.application_id in reached) for one in resources]


async def _with_services(tx: Transaction, subject: Subject, resources: Sequence[Resource]) -> Sequence[Resource]:
    """The resources; for an officer with a post for single services with the service of the application of each."""
    if not any(one.services for one in subject.postings):
        return resources
    cases = await applications.by_ids(tx, {one.application_id or "" for one in resources if one.service is None})
    services = {key: case.service_code for key, case in cases.items()}
    return [replace(one, service=one.service or services.get(one.application_id or "")) for one in resources]


async def read_at_sources(env: Environment, subject: Subject, resource: Resource, sources: Sequence[Source]) -> None:
    """Decide a read that goes to outside systems and leave a receipt for each, also for one's own data.

    Raises NOT_FOUND where denied, NotSignedIn where nobody is signed in.
    """
    subject.require_signed_in()
    purpose = require_found(purpose_for(subject, resource))
    if resource.citizen_id is not None:
        await leave_receipts(env, [receipt_of(env, subject, resource, purpose, source) for source in sources])


async def leave_receipt(acting: UnitOfWork, resource: Resource, purpose: Purpose, source: Source | None = None) -> None:
    """Write down who touched which object of a citizen, for what, and from which source, with what is being written."""
    if resource.citizen_id is not None:
        receipt = receipt_of(acting.env, acting.subject, resource, purpose, source)
        await accesses.add_receipt(acting.tx, receipt)


def receipt_of(
    env: Environment, subject: Subject, resource: Resource, purpose: Purpose, source: Source | None = None
) -> AccessReceipt:
    """The receipt of a read of what belongs to a citizen, as of now."""
    return AccessReceipt(
        subject=subject.label,
        role=role_of(subject).value,
        citizen_id=resource.citizen_id or "",
        object_kind=resource.kind.value,
        object_id=resource.id,
        purpose=purpose.value,
        source=source.value if source else None,
        at=env.clock.now(),
    )


def of_another(subject: Subject, resource: Resource) -> bool:
    """Whether a read of the resource is one of another person's data, which leaves a receipt."""
    own = Role.CITIZEN in subject.roles and resource.citizen_id == subject.person_id
    return resource.citizen_id is not None and not own and Role.SYSTEM not in subject.roles
