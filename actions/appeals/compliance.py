"""Records that an officer complied with an order about a service that was already delivered."""

from dataclasses import asdict, dataclass
from typing import Any

from actions.appeals.appeals import APPEAL, present, validated_text
from actions.appeals.steps import step
from actions.kernel import Environment, UnitOfWork, conflict_problem, of_appeal, require, run_idempotently
from actions.uploads.uploads import require_upload, use
from domain.appeals.appeals import Appeal, AppealMove
from domain.applications.lifecycle import Status
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Remedy, Subject, not_found
from store.appeals import appeals
from store.applications import applications
from store.database import Transaction


@dataclass(frozen=True, slots=True)
class ReportCompliance:
    """What was done; `paper` is the reference of an uploaded file."""

    appeal_id: str
    text: str
    idempotency_key: str
    paper: str | None = None
    expected_version: int | None = None


async def report_compliance(env: Environment, subject: Subject, request: ReportCompliance) -> tuple[Appeal, bool]:
    """Report it, which closes the appeal; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, UPLOAD_UNKNOWN, TRANSITION_NOT_ALLOWED.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": (await comply(UnitOfWork(env, tx, subject), request)).id}

    key = request.idempotency_key
    answer, replayed = await run_idempotently(
        env, subject, "reportCompliance", key=key, body=asdict(request), work=work
    )
    return await present(env, answer["id"]), replayed


async def comply(acting: UnitOfWork, request: ReportCompliance) -> Appeal:
    """The inner step of a report, in the caller's transaction.

    Where the service is still to be given, giving it is the report: only what was delivered needs another.
    """
    appeal = await _taken_up(acting, request)
    text = validated_text(request.text, "text", required=True)
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


async def _taken_up(acting: UnitOfWork, request: ReportCompliance) -> Appeal:
    appeal = (await appeals.by_ids(acting.tx, [request.appeal_id])).get(request.appeal_id)
    if appeal is None:
        raise not_found(*APPEAL)
    await require(acting.env, acting.tx, acting.subject, of_appeal(appeal), Purpose.DECIDE, path=APPEAL)
    if request.expected_version is not None and request.expected_version != appeal.version:
        raise conflict_problem(appeal.version, appeal.state.value)
    return appeal
