"""Records that an officer complied with an order about a service that was already delivered."""

from dataclasses import dataclass

from actions.appeals.appeals import APPEAL, LONGEST_TEXT
from actions.appeals.steps import step
from actions.kernel import UnitOfWork, of_appeal, refuse_other_version, require_thing, verb
from actions.uploads.uploads import require_upload, use
from domain.appeals.appeals import Appeal, AppealMove
from domain.applications.lifecycle import Status
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Remedy, written_text
from store.appeals import appeals
from store.applications import applications


@dataclass(frozen=True, slots=True)
class ReportCompliance:
    """What was done; `paper` is the reference of an uploaded file."""

    appeal_id: str
    text: str
    idempotency_key: str
    paper: str | None = None
    expected_version: int | None = None


@verb(appeals.get)
async def report_compliance(acting: UnitOfWork, request: ReportCompliance) -> Appeal:
    """Report it, which closes the appeal; True where it is a replay.

    Where the service is still to be given, giving it is the report: only what was delivered needs another.
    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, UPLOAD_UNKNOWN, TRANSITION_NOT_ALLOWED.
    """
    found = await appeals.get(acting.tx, request.appeal_id)
    appeal = await require_thing(acting, found, of_appeal, Purpose.DECIDE, path=APPEAL)
    refuse_other_version(request.expected_version, appeal.version, appeal.state)
    text = written_text(request.text, "input", "text", longest=LONGEST_TEXT)
    application = await applications.get(acting.tx, appeal.application_id)
    if application is None or application.status is not Status.DELIVERED:
        params = {"status": appeal.state.value, "move": AppealMove.COMPLY.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, APPEAL, Remedy.SEE_APPLICATION, params))
    if request.paper is not None:
        paper = await require_upload(
            acting.env, acting.tx, acting.subject, request.paper, path=("input", "paperSha256")
        )
        await use(acting, paper, of_appeal(appeal))
    return await step(acting, appeal, AppealMove.COMPLY, note=text)
