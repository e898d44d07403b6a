"""Names the posts that nobody fills: for each department its head, officers who decide, and authorities of appeal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from actions.kernel import Environment, UnitOfWork
from actions.kernel.jurisdiction import stand_ins_at_work
from actions.officers.staff_views import administrator_postings
from domain.kernel import SYSTEM, Bilingual, OfficerLevel, Posting, Role, Subject
from store.catalogue import catalogue
from store.identity import people
from store.officers import leave, posts

_Key = tuple[Role, OfficerLevel | None, str | None, str | None, str | None, str | None]
_Place = tuple[str, str | None, str | None, str | None]
"""Department, district, tehsil; and a service, None for those that no post names."""
_WHOLE_STATE = Posting(Role.ADMIN)
_ROLES = {
    OfficerLevel.DESIGNATED: Role.OFFICER,
    OfficerLevel.FIRST_APPELLATE: Role.APPELLATE,
    OfficerLevel.SECOND_APPELLATE: Role.APPELLATE,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A post of a department that nobody fills at some places; `level` None is the head of the department.

    Places are districts by code, or tehsils as `district:tehsil`; none is the whole state. `answered_by` has the work
    meanwhile: the level above, or nobody (None). `services` are the codes of the services that lack it.
    """

    department: str
    level: OfficerLevel | None
    services: tuple[str, ...]
    places: tuple[str, ...]
    answered_by: str | None
    place_names: Bilingual


async def gaps_for(env: Environment, subject: Subject) -> list[Gap]:
    """The gaps of the departments that the subject administers. Raises as `waiting_orders`."""
    return await state_gaps(env, administrator_postings(subject))


async def state_gaps(env: Environment, reach: Sequence[Posting] = (_WHOLE_STATE,)) -> list[Gap]:
    """Every post that is vacant, by department, of those that one of these posts reaches.

    Services without a department are under an empty one.
    """
    async with env.store.read_transaction() as tx:
        names = {one.code: one.name for one in await catalogue.districts(tx)}
        within = await catalogue.tehsils_of(tx, names)
        tehsils = {code: [one.code for one in within.get(code, [])] for code in names}
        names |= {f"{code}:{one.code}": one.name for code, several in within.items() for one in several}
        services = defaultdict[str, list[str]](list)
        for service in await catalogue.all_services(tx):
            services[service.department or ""].append(service.code)
        departments = [name for name in sorted(services) if any(one.covers(name, None, None) for one in reach)]
        held = await _holders(UnitOfWork(env, tx, SYSTEM), departments)
    gaps = []
    for department in departments:
        codes = tuple(sorted(services[department]))
        if _holder(held, Role.DEPARTMENT_ADMIN, None, (department, None, None, None)) is None:
            gaps.append(Gap(department, None, codes, (), None, _text_of_names([])))
        for (level, officer_id, places), lacking in _vacant_posts(held, department, codes, tehsils).items():
            shown = _text_of_names([names[one] for one in places])
            gaps.append(Gap(department, level, tuple(sorted(lacking)), places, officer_id, shown))
    return gaps


async def has_helpline(env: Environment) -> bool:
    """Whether anybody answers the conversations that are handed over to the helpline."""
    async with env.store.read_transaction() as tx:
        posted = await people.posted_ids(
            tx, role=Role.HELPLINE, level=None, department=None, district=None, tehsil=None
        )
    return bool(posted)


def _vacant_posts(
    held: Mapping[_Key, str], department: str, codes: Sequence[str], tehsils: Mapping[str, Sequence[str]]
) -> Mapping[tuple[OfficerLevel, str | None, tuple[str, ...]], list[str]]:
    """The services that lack an officer, by level, who answers meanwhile, and places; alike ones are one look."""
    named = {key[-1] for key in held if key[2] == department}
    alike = {None: [code for code in codes if code not in named]} | {code: [code] for code in codes if code in named}
    found = defaultdict[tuple[OfficerLevel, str | None, tuple[str, ...]], list[str]](list)
    for level in OfficerLevel:
        for service, several in alike.items():
            if several:
                vacant = _vacant_places(held, level, department, service, tehsils)
                for officer_id, places in vacant.items():
                    found[level, officer_id, tuple(places)] += several
    return found


def _text_of_names(names: Sequence[Bilingual]) -> Bilingual:
    return Bilingual(", ".join(one.hi or one.en for one in names), ", ".join(one.en for one in names))


def _vacant_places(
    held: Mapping[_Key, str],
    level: OfficerLevel,
    department: str,
    service: str | None,
    tehsils: Mapping[str, Sequence[str]],
) -> Mapping[str | None, list[str]]:
    """The places where a level is vacant, by the officer who answers there; all tehsils are their district."""
    places = defaultdict[str | None, list[str]](list)
    for district, within in tehsils.items():
        found = defaultdict[str | None, list[str]](list)
        for tehsil in (*within,) or (None,):
            place = (department, district, tehsil, service)
            if _holder(held, _ROLES[level], level, place) is None:
                found[_officer_above(held, level, place)].append(district if tehsil is None else f"{district}:{tehsil}")
        for officer_id, missing in found.items():
            places[officer_id] += [district] if len(missing) == max(len(within), 1) else missing
    return places


def _officer_above(held: Mapping[_Key, str], level: OfficerLevel, place: _Place) -> str | None:
    ranks = list(OfficerLevel)
    above = (_holder(held, _ROLES[rank], rank, place) for rank in ranks[ranks.index(level) + 1 :])
    return next((officer_id for officer_id in above if officer_id is not None), None)


def _holder(held: Mapping[_Key, str], role: Role, level: OfficerLevel | None, place: _Place) -> str | None:
    """Who holds a post that covers a place and service."""
    department, district, tehsil, service = ((one, None) for one in place)
    keys: Iterable[_Key] = product((role,), (level,), department, district, tehsil, service)
    return next((held[key] for key in keys if key in held), None)


async def _holders(acting: UnitOfWork, departments: Sequence[str]) -> Mapping[_Key, str]:
    """An officer of each post that is held: at work there, standing in for one, or in charge of a vacant one."""
    posted = await people.held_postings(acting.tx, departments)
    absent = await leave.on_leave(acting.tx, sorted({officer_id for officer_id, _ in posted}), acting.today)
    vacancies = await posts.open_vacancies(acting.tx)
    named = [*(one.substitute_id for one in absent.values()), *(one.cover_id for one in vacancies)]
    stand_ins = await stand_ins_at_work(acting, named)
    held: dict[_Key, str] = {}
    for officer_id, post in posted:
        away = absent.get(officer_id)
        if away is None:
            _note_holder(held, post, officer_id)
        elif away.substitute_id in stand_ins:
            _note_holder(held, post, away.substitute_id)
    for vacancy in vacancies:
        if vacancy.cover_id in stand_ins:
            _note_holder(held, vacancy.posting, vacancy.cover_id)
    return held


def _note_holder(held: dict[_Key, str], post: Posting, officer_id: str) -> None:
    for service in post.services or (None,):
        held.setdefault((post.role, post.level, post.department, post.district, post.tehsil, service), officer_id)
