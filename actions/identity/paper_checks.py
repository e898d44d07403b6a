"""Opens the scans of signed papers, draws a sample of them for the districts each day, and takes what they saw."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from actions.documents.file_links import signed_link
from actions.identity.assistance_consent import close_session
from actions.kernel import Environment, UnitOfWork, may_read, note, of_application, require, verb
from domain.applications.applications import Application
from domain.identity.assisting import Assistance, AssistanceState, PaperFinding
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, Problem, Problems, Subject, ist_date, ist_midnight, not_found
from domain.officers.desk import ReadPurpose
from domain.uploads.files import FileLink
from store.applications import applications
from store.database import Transaction
from store.identity import assistances, paper_checks
from store.uploads import uploads

LOOK_BACK = timedelta(days=7)
"""The days of which papers are drawn: a worker that stood still so long misses none."""

_APPLICATION = ("input", "applicationId")


@dataclass(frozen=True, slots=True)
class AnswerPaperCheck:
    """What an officer of the district saw in the scan that she opened."""

    application_id: str
    finding: PaperFinding
    idempotency_key: str


async def open_paper(
    env: Environment,
    subject: Subject,
    application: Application,
    paper: Assistance,
    *,
    stated: ReadPurpose | None,
    withheld: bool,
) -> FileLink | None:
    """A link to the scan of a paper for those who may see it, else None; `withheld` is a case of a colleague.

    It is seen by the citizen, by those who decide the application, and, where it was drawn and waits, by officers of
    the whole district, whose look is noted. Reads of others leave receipts.
    """
    resource = replace(of_paper(application, paper), stated=stated.purpose if stated else None)
    async with env.store.read_transaction() as tx:
        scans = await uploads.of_content(tx, paper.paper_sha256 or "")
        drawn = (await paper_checks.by_ids(tx, [paper.id])).get(paper.id)
    checks = drawn is not None and drawn.finding is None and decide(subject, _of_district(resource), Purpose.SUPERVISE)
    if checks:

        async def work(tx: Transaction) -> None:
            await require(env, tx, subject, _of_district(resource), Purpose.SUPERVISE)
            await paper_checks.note_seen(tx, paper.id, subject.person_id or "")

        await env.store.carry_out(work)
    elif withheld or await may_read(env, subject, resource) is None:
        return None
    return signed_link(env, scans[0]) if scans else None


@verb(applications.get)
async def answer_paper_check(acting: UnitOfWork, request: AnswerPaperCheck) -> Application:
    """Say what a paper that was drawn is; where it is doubted, what it still lets do ends.

    For officers and appellate authorities of the whole district. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where it
    waits no more, or somebody else opened the scan last.
    """
    application = await applications.get(acting.tx, request.application_id)
    papers = await assistances.papers_of_applications(acting.tx, [request.application_id])
    paper = papers.get(request.application_id)
    if application is None or paper is None:
        raise not_found(*_APPLICATION)
    resource = _of_district(of_paper(application, paper))
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.SUPERVISE, path=_APPLICATION)
    if not await paper_checks.answer(acting.tx, paper.id, acting.subject.person_id or "", request.finding):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _APPLICATION))
    await note(acting, "assistance.paper_checked", resource, Purpose.SUPERVISE, finding=request.finding.value)
    if request.finding is not PaperFinding.GENUINE and paper.state is AssistanceState.GIVEN:
        await close_session(acting, paper.session_id)
    return application


async def draw_papers(env: Environment) -> int:
    """Draw of each day and office the stated share of papers, at least the fewest; returns how many were drawn.

    Which ones depends on the day and on our key alone: drawing again draws the same, and nobody outside can tell.
    """
    until = ist_midnight(ist_date(env.clock.now()))

    async def work(tx: Transaction) -> int:
        filed: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for row in await paper_checks.filed_between(tx, until - LOOK_BACK, until):
            filed[ist_date(row.submitted_at).isoformat(), row.department or "", row.district or ""].add(row.id)
        chosen = [one for (day, *_), ids in filed.items() for one in _sample(env, tx, day, ids)]
        return sum([await paper_checks.draw(tx, one) for one in chosen])

    return await env.store.carry_out(work)


def of_paper(application: Application, paper: Assistance) -> Resource:
    """What access to the paper by which an application was filed depends on."""
    return replace(of_application(application), kind=ObjectKind.ASSISTANCE, id=paper.id)


def _of_district(resource: Resource) -> Resource:
    """The same for those whose post reaches the whole district."""
    return replace(resource, tehsil=None)


def _sample(env: Environment, tx: Transaction, day: str, ids: set[str]) -> list[str]:
    rules = env.rules.sign_on
    number = max(-(-len(ids) * rules.papers_drawn_percent // 100), rules.fewest_papers_drawn)
    return sorted(ids, key=lambda one: tx.cipher.blind_index("paper_sample", f"{day} {one}"))[:number]
