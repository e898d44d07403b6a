"""Begins the renewal of a certificate or licence: a draft that is tied to it and has the answers of before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from actions.applications.submit import SaveDraft, draft
from actions.catalogue.prefilled_answers import Given, fill_in
from actions.catalogue.submit_checks import open_service, place_problems
from actions.kernel import UnitOfWork, of_application, require_thing, verb
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.catalogue.renewals import refuse_renewal_out_of_time, renewable_now_or_later
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, ist_date
from store.applications import applications
from store.catalogue import catalogue
from store.certificates import certificates
from store.database import Transaction

GOES_ON = frozenset(Status) - {Status.REJECTED, Status.WITHDRAWN, Status.RETURNED_AS_INCOMPLETE}
"""A renewal that was begun and came to no bad end."""


@dataclass(frozen=True, slots=True)
class RenewCertificate:
    """A certificate that is renewed: its id, or the application on which it was issued, for who may not see it."""

    certificate_id: str | None
    idempotency_key: str
    application_id: str | None = None


@verb(applications.get)
async def renew_certificate(acting: UnitOfWork, request: RenewCertificate) -> Application:
    """Make the draft of a renewal, for the holder or the operator who serves her; True where it is a replay.

    One that was begun and not handed in is given again. Answers that the form of today does not take are left out, and
    a tehsil that is in another district by now. An operator reads nothing of the certificate: she names the
    application, which she sees. Raises Problems: NOT_FOUND, BAD_INPUT where not one of the two is named,
    RENEWAL_NOT_OPEN, ALREADY_APPLIED where it is renewed already, DRAFTS_FULL, SERVICE_CLOSED.
    """
    by_application = request.application_id is not None
    path = ("input", "applicationId" if by_application else "certificateId")
    named = request.application_id or request.certificate_id
    if named is None or (by_application and request.certificate_id is not None):
        raise Problems(Problem(ErrorCode.BAD_INPUT, path))
    read = certificates.of_applications if by_application else certificates.by_ids
    found = (await read(acting.tx, [named])).get(named)
    before = await applications.get(acting.tx, found.application_id if found else named)
    before = await require_thing(acting, before, of_application, Purpose.VIEW, Purpose.ASSIST, path=path)
    if found is None:
        raise Problems(Problem(ErrorCode.RENEWAL_NOT_OPEN, path, sentence="renewal.none"))
    service = await open_service(acting.tx, found.service_code)
    refuse_renewal_out_of_time(found, service, acting.today, path)
    others = await applications.of_service(acting.tx, found.citizen_id, service.code, GOES_ON)
    renewed = await certificates.by_numbers(acting.tx, [other.renews for other in others if other.renews])
    # A correction gives another number to the certificate of an application.
    numbers = {number for number, one in renewed.items() if one.application_id == before.id}
    for other in others:
        if other.renews in numbers and other.status is Status.DRAFT:
            return other
        if other.renews in numbers:
            raise Problems(Problem(ErrorCode.ALREADY_APPLIED, path, params={"number": other.number}))
    given = Given(before.form)
    filled = await fill_in(acting, given, service.code, found.citizen_id, complete=False)
    wrong = [one.path[2:] for one in filled.problems]
    moved = await place_problems(acting.tx, before.district, before.tehsil)
    request_of_draft = SaveDraft(
        service_code=service.code,
        district=before.district,
        tehsil=None if moved else before.tehsil,
        channel=Channel.WEB,
        delivery=before.delivery,
        form={name: text for name, text in before.form.items() if not _is_within(name, wrong)},
        idempotency_key=request.idempotency_key,
    )
    return await draft(acting, request_of_draft, renews=found.number)


async def renewal_days(tx: Transaction, application_ids: Iterable[str]) -> dict[str, date]:
    """By application the first day on which what was issued on it may be renewed; what is not renewed is left out."""
    issued = await certificates.of_applications(tx, application_ids)
    services = await catalogue.services_by_codes(tx, {one.service_code for one in issued.values()})
    today = ist_date(tx.clock.now())
    days = {key: renewable_now_or_later(one, services[one.service_code], today) for key, one in issued.items()}
    return {key: day for key, day in days.items() if day is not None}


def _is_within(name: str, paths: Iterable[tuple[str, ...]]) -> bool:
    """Whether an answer is at one of these paths, or in a row or group that is."""
    parts = tuple(name.split("."))
    return any(parts[: len(path)] == path for path in paths)
