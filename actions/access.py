"""The one place that asks the access table, and that leaves the receipt of a read."""

from collections.abc import Sequence
from dataclasses import replace

from actions.acting import Acting
from actions.environment import Environment
from domain.applications import Application
from domain.certificates import IssuedCertificate
from domain.errors import NotSignedIn, not_found
from domain.people import Role, Subject
from domain.policy import ObjectKind, Purpose, Resource, decide, purpose_for
from domain.sources import Source
from store import accesses
from store.engine import Transaction


def of_application(application: Application) -> Resource:
    """What access to an application depends on."""
    return Resource(
        ObjectKind.APPLICATION,
        application.id,
        application.citizen_id,
        application.department,
        application.district,
        application.tehsil,
    )


def of_applicant(application: Application) -> Resource:
    """What access to the applicant depends on for those who handle her application."""
    return replace(of_application(application), kind=ObjectKind.CITIZEN, id=application.citizen_id)


def of_certificate(certificate: IssuedCertificate) -> Resource:
    """What access to a certificate of ours depends on."""
    return Resource(
        ObjectKind.CERTIFICATE,
        certificate.id,
        certificate.citizen_id,
        certificate.department,
        certificate.district,
    )


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
    """Let the subject go on, or raise NOT_FOUND at the path; a touch of another person's data leaves a receipt.

    Raises NotSignedIn where nobody is signed in.
    """
    if not subject.signed_in:
        raise NotSignedIn
    if not decide(subject, resource, purpose):
        raise not_found(*path)
    if _of_another(subject, resource):
        await leave_receipt(Acting(env, tx, subject), resource, purpose)


async def may_read(env: Environment, subject: Subject, resource: Resource) -> Purpose | None:
    """The purpose under which the subject may read, or None; see `may_read_all`."""
    return (await may_read_all(env, subject, [resource]))[0]


async def may_read_all(env: Environment, subject: Subject, resources: Sequence[Resource]) -> list[Purpose | None]:
    """The purpose for each resource, or None where denied.

    Reads of another person's data leave their receipts, all in one transaction of their own.
    """
    purposes = [purpose_for(subject, resource) for resource in resources]
    foreign = [
        (resource, purpose)
        for resource, purpose in zip(resources, purposes, strict=True)
        if purpose is not None and _of_another(subject, resource)
    ]
    if foreign:
        async with env.store.writing() as tx:
            for resource, purpose in foreign:
                await leave_receipt(Acting(env, tx, subject), resource, purpose)
    return purposes


async def read_at_sources(env: Environment, subject: Subject, resource: Resource, sources: Sequence[Source]) -> None:
    """Decide a read that goes to outside systems and leave a receipt for each, also for one's own data.

    Raises NOT_FOUND where denied, NotSignedIn where nobody is signed in.
    """
    if not subject.signed_in:
        raise NotSignedIn
    purpose = purpose_for(subject, resource)
    if purpose is None:
        raise not_found()
    async with env.store.writing() as tx:
        for source in sources:
            await leave_receipt(Acting(env, tx, subject), resource, purpose, source)


async def leave_receipt(acting: Acting, resource: Resource, purpose: Purpose, source: Source | None = None) -> None:
    """Write down who touched which object of a citizen, for what, and from which source."""
    if resource.citizen_id is None:
        return
    await accesses.add_receipt(
        acting.tx,
        subject=acting.subject.label,
        role=acting.role.value,
        citizen_id=resource.citizen_id,
        object_kind=resource.kind.value,
        object_id=resource.id,
        purpose=purpose.value,
        source=source.value if source else None,
        at=acting.now,
    )


def _of_another(subject: Subject, resource: Resource) -> bool:
    own = Role.CITIZEN in subject.roles and resource.citizen_id == subject.person_id
    return resource.citizen_id is not None and not own and Role.SYSTEM not in subject.roles
