"""A citizen's ration card, asked for through UMANG."""

from actions.access import of_citizen, read_at_sources
from actions.department_documents import RATION_CARD
from actions.environment import Environment
from domain.people import Subject
from domain.policy import ObjectKind
from domain.sources import Source, Sourced
from domain.text import Language
from integrations.umang import RationCard
from store import department_documents

CARD_NUMBER = "CardNumber"


async def ration_card_of(
    env: Environment, subject: Subject, citizen_id: str, language: Language
) -> Sourced[RationCard] | None:
    """The ration card, or None where no number is known of the citizen; leaves a receipt.

    Raises NOT_FOUND where the subject may not see it, and what the client raises.
    """
    async with env.store.reading() as tx:
        held = await department_documents.of_citizen(tx, citizen_id)
    number = next((one.parameters[CARD_NUMBER] for one in held if one.publisher == RATION_CARD), None)
    asked = [Source.UMANG] if number else []
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), asked)
    if number is None:
        return None
    return await env.partners.umang.ration_card(citizen_id, number, language)
