"""A citizen's ration card, asked for through UMANG."""

from actions.documents.department_documents import CONSENT_NEEDED, has_lapsed, still_held
from actions.documents.holder_match import is_holder
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.documents.documents import CARD_NUMBER, RATION_CARD
from domain.identity.policy import ObjectKind
from domain.kernel import Citizen, Language, Source, Sourced, Subject
from integrations.calling.errors import Refused
from integrations.umang import CARD_NOT_FOUND, RationCard
from store.documents import department_documents
from store.identity import people


async def ration_card_of(
    env: Environment, subject: Subject, citizen_id: str, language: Language
) -> Sourced[RationCard] | None:
    """The ration card, or None where no number is known of the citizen; leaves a receipt.

    Only a card with her name among its members is shown: whoever knows a number does not read another family. Raises
    NOT_FOUND where the subject may not see it, Refused(consent_needed) where her consent does not hold, or ended while
    UMANG answered, Refused(CARD_NOT_FOUND) for a card without her, and what the client raises.
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
        present = next(
            (one for one in await department_documents.of_citizen(tx, citizen_id) if one.id == card.id), None
        )
        citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
    if not still_held(card, present, env.clock.now()):
        await env.partners.forget_citizen(citizen_id)
        raise Refused(Source.UMANG, CONSENT_NEEDED)
    if citizen is None or not _is_member(citizen, answer.value):
        raise Refused(Source.UMANG, CARD_NOT_FOUND)
    return answer


def _is_member(citizen: Citizen, card: RationCard) -> bool:
    names = tuple(name for name in (citizen.name.en, citizen.name.hi) if name)
    return any(is_holder(member.name, None, names, None) for member in card.members)
