"""Keeps who agrees to messages by WhatsApp, and who wants none there any more."""

from actions.kernel import UnitOfWork
from domain.feedback.whatsapp import WORDS, ConsentSource, WhatsAppConsent
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Citizen
from store.feedback import whatsapp_consents


async def note_consent(acting: UnitOfWork, citizen: Citizen, source: ConsentSource, *, given: bool) -> None:
    """Keep what the citizen says of WhatsApp at her present number, with an audit line.

    What she says anew in a session that is less sure than the one before makes it less sure.
    """
    if citizen.mobile is None:
        return
    sure = acting.subject.assurance if source is ConsentSource.PORTAL else None
    if source is ConsentSource.WHATSAPP and given:
        before = (await whatsapp_consents.of_citizens(acting.tx, [citizen])).get(citizen.id)
        if before is not None and before.given:
            return  # a message from the number says nothing new, and makes nothing surer or less sure
    said = WhatsAppConsent(citizen.id, given, acting.now, WORDS, source, sure)
    await whatsapp_consents.keep(acting.tx, citizen, said)
    action = "whatsapp.agree" if given else "whatsapp.stop"
    detail = {"source": source.value, "words": WORDS}
    await acting.record(action, ObjectKind.NOTICE, citizen.id, Purpose.APPLY, **detail)
