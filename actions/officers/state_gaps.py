"""Names the posts that nobody fills: for each department its head, officers who decide, and authorities of appeal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from actions.kernel import Environment, UnitOfWork
from actions.kernel.jurisdiction import stand_in_at_work
from domain.kernel import SYSTEM, Officer, OfficerLevel, Posting, Role
from store.catalogue import catalogue
from store.identity import people
from store.officers import leave, posts

_Key = tuple[Role, OfficerLevel | None, str | None, str | None, str | None]
_ROLES = {
    OfficerLevel.DESIGNATED: Role.OFFICER,
    OfficerLevel.FIRST_APPELLATE: Role.APPELLATE,
    OfficerLevel.SECOND_APPELLATE: Role.APPELLATE,
}
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """A post of a department that nobody fills at some places; `level` None is the head of the department.

    Places are districts by code, or tehsils as `district:tehsil`; none is the whole state. `answered_by` has the work
    meanwhile: the level above, or nobody (None). `services` are the codes of the department's services.
    """

    department: str
    level: OfficerLevel | None
    services: tuple[str, ...]
    places: tuple[str, ...]
    answered_by: str | None


async def state_gaps(env: Environment) -> list[Gap]:
    """Every post that is vacant, by department; services without a department are under an empty one."""
    async with env.store.read_transaction() as tx:
        held = await _holders(UnitOfWork(env, tx, SYSTEM))
        districts = [one.code for one in await catalogue.districts(tx)]
        tehsils = {code: [one.code for one in await catalogue.tehsils(tx, code)] for code in districts}
        services = defaultdict[str, list[str]](list)
        for service in await catalogue.all_services(tx):
            services[service.department or ""].append(service.code)
    gaps = []
    for department in sorted(services):
        codes = tuple(sorted(services[department]))
        if _holder(held, Role.DEPARTMENT_ADMIN, None, (department, None, None)) is None:
            gaps.append(Gap(department, None, codes, (), None))
        gaps += [gap for level in OfficerLevel for gap in _at_level(held, level, department, codes, tehsils)]
    return gaps


def _at_level(
    held: Mapping[_Key, str],
    level: OfficerLevel,
    department: str,
    services: tuple[str, ...],
    tehsils: Mapping[str, Sequence[str]],
) -> Iterable[Gap]:
    """The places where a level is vacant, together where the same officer answers; all tehsils are their district."""
    places = defaultdict[str | None, list[str]](list)
    for district, within in tehsils.items():
        found = defaultdict[str | None, list[str]](list)
        for tehsil in (*within,) or (None,):
            place = (department, district, tehsil)
            if _holder(held, _ROLES[level], level, place) is None:
                found[_officer_above(held, level, place)].append(district if tehsil is None else f"{district}:{tehsil}")
        for officer_id, missing in found.items():
            places[officer_id] += [district] if len(missing) == max(len(within), 1) else missing
    return (Gap(department, level, services, tuple(where), officer_id) for officer_id, where in places.items())


def _officer_above(held: Mapping[_Key, str], level: OfficerLevel, place: tuple[str, str, str | None]) -> str | None:
    ranks = list(OfficerLevel)
    above = (_holder(held, _ROLES[rank], rank, place) for rank in ranks[ranks.index(level) + 1 :])
    return next((officer_id for officer_id in above if officer_id is not None), None)


def _holder(
    held: Mapping[_Key, str], role: Role, level: OfficerLevel | None, place: tuple[str, str | None, str | None]
) -> str | None:
    """Who holds a post that covers a place."""
    department, district, tehsil = ((one, None) for one in place)
    keys: Iterable[_Key] = product((role,), (level,), department, district, tehsil)
    return next((held[key] for key in keys if key in held), None)


async def _holders(acting: UnitOfWork) -> Mapping[_Key, str]:
    """An officer of each post that is held: at work there, standing in for one, or in charge of a vacant one."""
    held: dict[_Key, str] = {}
    ids = await people.posted_officer_ids(acting.tx)
    for start in range(0, len(ids), _PAGE):
        officers: Mapping[str, Officer] = await people.officers(acting.tx, ids[start : start + _PAGE])
        absent = await leave.on_leave(acting.tx, officers, acting.today)
        for officer in officers.values():
            away = absent.get(officer.id)
            at_work = officer.id if away is None else await stand_in_at_work(acting, away.substitute_id)
            if at_work is not None:
                for one in officer.postings:
                    held.setdefault(_key(one), at_work)
    for vacancy in await posts.open_vacancies(acting.tx):
        in_charge = await stand_in_at_work(acting, vacancy.cover_id)
        if in_charge is not None:
            held.setdefault(_key(vacancy.posting), in_charge)
    return held


def _key(post: Posting) -> _Key:
    return post.role, post.level, post.department, post.district, post.tehsil
