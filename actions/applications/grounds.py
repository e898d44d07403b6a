"""Checks coded grounds and the documents they name, and limits how often a query may stop the clock."""

from collections.abc import Sequence

from actions.kernel import UnitOfWork, service_of
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Move
from domain.kernel import ErrorCode, Problem, Problems
from store.applications import timeline

ABOUT_PAPERS = frozenset({RejectionGround.DOCUMENT_NOT_VALID, RejectionGround.DOCUMENT_NOT_LEGIBLE})
"""Grounds that are about papers: at least one of the notified list must be named."""

_PATH = ("input", "documents")


async def refuse_unfounded(
    acting: UnitOfWork, application: Application, ground: RejectionGround | None, documents: Sequence[str]
) -> None:
    """A paper that is asked for or found wanting must be on the notified list of the service.

    Raises DOCUMENT_NOT_NOTIFIED for a paper outside of it, and where the ground is about papers but the
    service has no list; REASON_REQUIRED where such a ground names no paper.
    """
    if not documents and ground not in ABOUT_PAPERS:
        return
    service = await service_of(acting, application)
    notified = {paper.key for paper in service.documents}
    problems = [
        Problem(ErrorCode.DOCUMENT_NOT_NOTIFIED, (*_PATH, str(place)), params={"position": str(place + 1)})
        for place, key in enumerate(documents)
        if key not in notified
    ]
    if ground in ABOUT_PAPERS and not notified:
        problems.append(Problem(ErrorCode.DOCUMENT_NOT_NOTIFIED, ("input", "ground"), params={"position": "1"}))
    elif ground in ABOUT_PAPERS and not documents:
        problems.append(Problem(ErrorCode.REASON_REQUIRED, _PATH, sentence="lacking.documents"))
    if problems:
        raise Problems(*problems)


async def refuse_more_pauses(acting: UnitOfWork, application: Application) -> None:
    """Raises PAUSE_LIMIT_REACHED where the citizen was asked as often as the rules allow."""
    most = acting.env.rules.law.most_pauses.value
    steps = (await timeline.timelines(acting.tx, [application.id])).get(application.id, [])
    if sum(step.move is Move.RAISE_QUERY for step in steps) >= most:
        raise Problems(Problem(ErrorCode.PAUSE_LIMIT_REACHED, ("input", "verdict"), params={"most": str(most)}))
