"""Begins the renewal of a certificate or licence: a draft that is tied to it and has the answers of before."""

from dataclasses import dataclass, replace

from actions.applications.submit import SaveDraft, draft
from actions.catalogue.prefilled_answers import Given, fill_in
from actions.catalogue.submit_checks import open_service
from actions.kernel import Environment, UnitOfWork, of_citizen, require_thing, run_request
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.catalogue.renewals import refuse_renewal_out_of_time
from domain.certificates.certificates import IssuedCertificate
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject, not_found
from store.applications import applications
from store.certificates import certificates

_PATH = ("input", "certificateId")
_GOES_ON = frozenset(Status) - {Status.REJECTED, Status.WITHDRAWN, Status.RETURNED_AS_INCOMPLETE}


@dataclass(frozen=True, slots=True)
class RenewCertificate:
    """A certificate that is renewed."""

    certificate_id: str
    idempotency_key: str


async def renew_certificate(env: Environment, subject: Subject, request: RenewCertificate) -> tuple[Application, bool]:
    """Make the draft of a renewal, for the holder or the operator who serves her; True where it is a replay.

    Answers that the form of today does not take are left out. Raises Problems: NOT_FOUND, RENEWAL_NOT_OPEN,
    ALREADY_APPLIED where it is renewed already, DRAFTS_FULL, SERVICE_CLOSED.
    """
    return await run_request(env, subject, "renewCertificate", request, begin_renewal, read=applications.get)


def _to_renew(certificate: IssuedCertificate) -> Resource:
    holder = of_citizen(certificate.citizen_id, ObjectKind.APPLICATION)
    return replace(holder, service=certificate.service_code)


async def begin_renewal(acting: UnitOfWork, request: RenewCertificate) -> Application:
    """The inner step of a renewal, in the caller's transaction."""
    found = (await certificates.by_ids(acting.tx, [request.certificate_id])).get(request.certificate_id)
    found = await require_thing(acting, found, _to_renew, Purpose.APPLY, path=_PATH)
    service = await open_service(acting.tx, found.service_code)
    refuse_renewal_out_of_time(found, service, acting.today)
    for other in await applications.of_service(acting.tx, found.citizen_id, service.code, _GOES_ON):
        if other.renews == found.number:
            raise Problems(Problem(ErrorCode.ALREADY_APPLIED, _PATH, params={"number": other.number}))
    before = await applications.get(acting.tx, found.application_id)
    if before is None:
        raise not_found(*_PATH)
    given = Given(before.form)
    filled = await fill_in(acting, given, service.code, found.citizen_id, complete=False)
    wrong = {one.path[2] for one in filled.problems if len(one.path) > 2}
    answers = {name: text for name, text in before.form.items() if name not in wrong}
    request_of_draft = SaveDraft(
        service_code=service.code,
        district=before.district,
        tehsil=before.tehsil,
        channel=Channel.WEB,
        delivery=before.delivery,
        form=answers,
        idempotency_key=request.idempotency_key,
    )
    return await draft(acting, request_of_draft, renews=found.number)
