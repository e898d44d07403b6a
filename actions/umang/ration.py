"""A citizen's ration card, asked for through UMANG."""

from actions.documents.department_documents import CONSENT_NEEDED, has_lapsed, still_held
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.documents.documents import RATION_CARD
from domain.identity.policy import ObjectKind
from domain.kernel import Language, Source, Sourced, Subject
from integrations.calling.errors import Refused
from integrations.umang import RationCard
from store.documents import department_documents

CARD_NUMBER = "CardNumber"


async def ration_card_of(
    env: Environment, subject: Subject, citizen_id: str, language: Language
) -> Sourced[RationCard] | None:
    """The ration card, or None where no number is known of the citizen; leaves a receipt.

    Raises NOT_FOUND where the subject may not see it, Refused(consent_needed) where her consent does not hold,
    or ended while UMANG answered, and what the client raises.
    """
    held = await env.store.read(lambda tx: department_documents.of_citizen(tx, citizen_id))
    card = next((one for one in held if one.publisher == RATION_CARD), None)
    allowed = card is not None and not has_lapsed(card, env.clock.now())
    asked = [Source.UMANG] if allowed else []
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), asked)
    if card is None:
        return None
    if not allowed:
        raise Refused(Source.UMANG, CONSENT_NEEDED)
    answer = await env.partners.umang.ration_card(citizen_id, card.parameters[CARD_NUMBER], language)
    async with env.store.read_transaction() as tx:
        present = (await department_documents.by_ids(tx, [card.id])).get(card.id)
    if not still_held(card, present, env.clock.now()):
        await env.partners.forget_citizen(citizen_id)
        raise Refused(Source.UMANG, CONSENT_NEEDED)
    return answer
