"""Public services of the Union asked for through UMANG: mandis, medicines, blood; no personal data."""

from actions.kernel import Environment
from domain.kernel import ErrorCode, Language, Problem, Problems, Sourced
from integrations.umang import BloodBank, Mandi, Medicine
from store.catalogue import catalogue

SHORTEST_NAME, LONGEST_NAME = 3, 60


async def mandis_in(env: Environment, district: str, language: Language) -> Sourced[tuple[Mandi, ...]]:
    """The markets of a district that trade on eNAM, by its code. Raises Problems(PLACE_UNKNOWN)."""
    return await env.partners.umang.central.mandis(await _english_name(env, district), language)


async def medicines_named(env: Environment, name: str, language: Language) -> Sourced[tuple[Medicine, ...]]:
    """The generic medicines of Jan Aushadhi with a text in their name. Raises Problems(BAD_INPUT) for its length."""
    wanted = " ".join(name.split())
    if not SHORTEST_NAME <= len(wanted) <= LONGEST_NAME:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("name",), params={"longest": str(LONGEST_NAME)}))
    return await env.partners.umang.central.medicines(wanted, language)


async def blood_in(env: Environment, district: str, language: Language) -> Sourced[tuple[BloodBank, ...]]:
    """The blood banks of a district with their stock, by its code. Raises Problems(PLACE_UNKNOWN)."""
    return await env.partners.umang.central.blood(await _english_name(env, district), language)


async def _english_name(env: Environment, code: str) -> str:
    async with env.store.read_transaction() as tx:
        known = {district.code: district.name.en for district in await catalogue.districts(tx)}
    if code not in known:
        raise Problems(Problem(ErrorCode.PLACE_UNKNOWN, ("district",)))
    return known[code]
