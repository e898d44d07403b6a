"""Which posts an officer may be given by whom."""

from collections.abc import Iterator, Sequence

from actions.access import require
from actions.acting import Acting
from actions.submit_checks import place_problems
from domain.errors import ErrorCode, Problem, Problems
from domain.people import OfficerLevel, Posting, Role
from domain.policy import ObjectKind, Purpose, Resource
from store import catalogue

MOST_POSTINGS = 20

LEVELS_OF = {
    Role.OFFICER: frozenset({OfficerLevel.DESIGNATED}),
    Role.APPELLATE: frozenset({OfficerLevel.FIRST_APPELLATE, OfficerLevel.SECOND_APPELLATE}),
    Role.FINANCE_OFFICER: frozenset({None}),
}
"""The posts of a department, with their levels. Nobody is made an administrator or Commissioner this way."""


async def refuse_wrong_postings(acting: Acting, postings: Sequence[Posting]) -> None:
    """Raises NOT_FOUND for a post that is not the subject's to give, BAD_INPUT for one that there is not.

    DEPARTMENT_UNKNOWN and PLACE_UNKNOWN name a department, district or tehsil that the state does not have.
    """
    if len(postings) > MOST_POSTINGS or len(set(postings)) < len(postings):
        params = {"most": str(MOST_POSTINGS)}
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "postings"), params=params))
    for number, posting in enumerate(postings):
        path = ("input", "postings", str(number))
        resource = Resource(ObjectKind.POSTING, None, None, posting.department, posting.district, posting.tehsil)
        await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)
        problems = [*_impossible(posting, path), *await _unknown(acting, posting, path)]
        if problems:
            raise Problems(*problems)


def _impossible(posting: Posting, path: tuple[str, ...]) -> Iterator[Problem]:
    if posting.level not in LEVELS_OF.get(posting.role, frozenset()):
        yield Problem(ErrorCode.BAD_INPUT, (*path, "level"))
    if posting.tehsil is not None and posting.district is None:
        yield Problem(ErrorCode.BAD_INPUT, (*path, "district"))


async def _unknown(acting: Acting, posting: Posting, path: tuple[str, ...]) -> list[Problem]:
    known = {department.slug for department in await catalogue.departments(acting.tx)}
    problems = []
    if posting.department is not None and posting.department not in known:
        problems.append(Problem(ErrorCode.DEPARTMENT_UNKNOWN, (*path, "department")))
    if posting.district is not None:
        found = await place_problems(acting.tx, posting.district, posting.tehsil)
        problems += [Problem(one.code, (*path, one.path[-1])) for one in found]
    return problems
