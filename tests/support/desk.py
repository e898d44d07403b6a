"""Colleagues for tests of the desk: a second registrar, the officer above, and one who is posted elsewhere."""

from dataclasses import dataclass

from domain.kernel import Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from store.identity import people
from tests.support.actions import World

DISABILITY_PENSION = "ES91"
"""A service whose decisions a second officer must confirm (states/uttarakhand/local_second_pair.csv)."""


@dataclass(frozen=True)
class Colleagues:
    """Officers beside those of the world; `above` is the first appellate officer of the registrars."""

    registrar: Subject
    welfare: Subject
    above: Subject
    top: Subject


async def colleagues_of(world: World) -> Colleagues:
    """Enter them."""
    registrar = Posting(Role.OFFICER, "panchayati-raj-development", "49", None, OfficerLevel.DESIGNATED)
    welfare = Posting(Role.OFFICER, "social-welfare-development", "49", None, OfficerLevel.DESIGNATED)
    above = Posting(Role.APPELLATE, "panchayati-raj-development", "49", None, OfficerLevel.FIRST_APPELLATE)
    top = Posting(Role.APPELLATE, "panchayati-raj-development", "49", None, OfficerLevel.SECOND_APPELLATE)
    return Colleagues(
        await _enter(world, "registrar-2", registrar),
        await _enter(world, "welfare-2", welfare),
        await _enter(world, "above", above),
        await _enter(world, "top", top),
    )


async def officer_of(world: World, subject: Subject) -> Officer:
    """The officer whom a subject is."""
    async with world.env.store.read_transaction() as tx:
        return (await people.officers(tx, [subject.person_id or ""]))[subject.person_id or ""]


async def enter_colleague(world: World, name: str, of: Subject) -> Subject:
    """One more officer with the post of another one."""
    return await _enter(world, name, of.postings[0])


async def _enter(world: World, name: str, posting: Posting) -> Subject:
    title = Bilingual("अधिकारी", "Officer")
    officer = Officer(world.env.ids.key(), Bilingual(None, name), title, f"{name}@officer.example", (posting,))
    async with world.env.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset({posting.role}), PersonKind.OFFICER, officer.id, officer.postings)
