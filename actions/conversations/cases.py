"""What a conversation tells of the writer's own applications, and what she does about one of them."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from actions.appeals.appeals import FileAppeal, file_appeal
from actions.conversations.turns import Turn
from actions.etaal.enquiries import Asker, note_enquiry
from actions.feedback.feedback import GiveFeedback, give_feedback
from actions.feedback.mutes import mute, unmute
from actions.fees.fees import StartFeePayment, page_link, start_fee_payment
from actions.kernel import UnitOfWork, application_by_any, may_read, of_application, of_certificate
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.certificates.certificates import CertificateStatus
from domain.conversations import Reply, Step
from domain.feedback.messages import MessageChannel
from domain.feedback.tracking import HANDED_IN
from domain.kernel import MistypedNumber, ist_date, show_number
from domain.kernel.messages import label
from integrations.whatsapp import MOST_ROWS
from store.applications import applications, shown_status
from store.catalogue import catalogue
from store.certificates import certificates, officer_signatures

NO_DAY = "-"
STARS = range(5, 0, -1)
_WHATSAPP = MessageChannel.WHATSAPP


async def choose_case(turn: Turn, does: str) -> None:
    """Offer her latest applications, to do something about one; with one alone it is done at once."""
    if turn.reader is None:
        turn.say("not_known", link=turn.env.public_url)
        return
    reader = turn.reader.id
    async with turn.env.store.read_transaction() as tx:
        held = await applications.page_of_citizen(tx, reader, statuses=HANDED_IN, limit=MOST_ROWS)
        names = await catalogue.services_by_codes(tx, {one.service_code for one in held})
    if not held:
        turn.say("no_cases")
    elif len(held) == 1:
        await do_about(turn, does, held[0].number)
    else:
        shown = [
            (f"{does}:{one.number}", f"{one.number[-5:]} {names[one.service_code].name.in_language(turn.language)}")
            for one in held
            if one.service_code in names
        ]
        turn.say("which_case", shown)


async def do_about(turn: Turn, does: str, number: str) -> None:
    """Do something about the application with a number, if it is hers and the number is written right.

    Of another's number she learns as much as of one that is not there.
    """
    async with turn.env.store.read_transaction() as tx:
        try:
            found = await application_by_any(tx, number[:64])
        except MistypedNumber:
            turn.say("mistyped")
            return
    hers = found is not None and turn.reader is not None and found.citizen_id == turn.reader.id
    if found is None or not hers or await may_read(turn.env, turn.subject, of_application(found)) is None:
        turn.say("not_hers", link=f"{turn.env.public_url}/track")
        return
    await _ABOUT[does](turn, found)


async def tell_status(turn: Turn, found: Application) -> None:
    """How it stands, until when, and what she may do now."""
    async with turn.env.store.read_transaction() as tx:
        service = await catalogue.service(tx, found.service_code)
        lacks_money = await shown_status.not_arrived(tx, [found.id])
        issued = (await certificates.of_applications(tx, [found.id])).get(found.id)
        signing = found.status is Status.APPROVED and await officer_signatures.open_of_applications(tx, [found.id])
    status = "shown_status.BEING_SIGNED" if signing else f"status.{found.status.value}"
    if lacks_money:
        status = f"status.{Status.BENEFIT_SANCTIONED.value}"
    due = f"{ist_date(found.due_at):%d-%m-%Y}" if found.due_at and not found.paused_since else NO_DAY
    offered = {
        "pay": found.status is Status.FEE_PENDING,
        "certificate": issued is not None and issued.status is CertificateStatus.ACTIVE,
        "appeal": found.due_at is not None and not (found.decision and found.decision.approved),
        "feedback": found.decision is not None,
    }
    choices = [(f"{name}:{found.number}", turn.text(f"button.{name}")) for name, fits in offered.items() if fits][:3]
    turn.say(
        "status",
        choices,
        number=show_number(found.number),
        service=service.name.in_language(turn.language) if service else found.service_code,
        status=label(status, turn.language),
        due=due,
    )
    await note_enquiry(turn.env, Asker(turn.subject, channel=Channel.WHATSAPP), found)


async def tell_link(turn: Turn, found: Application) -> None:
    """Where she finds everything about it."""
    turn.say("link", link=f"{turn.env.public_url}/my/applications/{found.number}")


async def _pay(turn: Turn, found: Application) -> None:
    """A link by which the fee is paid, good for an hour."""
    await turn.require_mutation("startFeePayment")
    order, _ = await start_fee_payment(turn.env, turn.subject, StartFeePayment(found.id, turn.key))
    turn.say("pay", link=page_link(turn.env, order))


async def _certificate(turn: Turn, found: Application) -> None:
    """The certificate itself, where it is sure that she is who writes."""
    async with turn.env.store.read_transaction() as tx:
        issued = (await certificates.of_applications(tx, [found.id])).get(found.id)
    if issued is None or issued.status is not CertificateStatus.ACTIVE:
        turn.say("no_certificate")
    elif not turn.may_act:
        await tell_sign_in(turn)
    elif await may_read(turn.env, turn.subject, of_certificate(issued)) is not None:
        text = turn.text("certificate", number=show_number(issued.number))
        turn.replies.append(Reply(text, certificate=issued.id))


async def _appeal(turn: Turn, found: Application) -> None:
    if not turn.may_act:
        await tell_sign_in(turn)
        return
    await turn.require_mutation("fileAppeal")
    turn.say("appeal_why", number=show_number(found.number))
    turn.ask(Step.APPEAL, found.number)


async def _feedback(turn: Turn, found: Application) -> None:
    if not turn.may_act:
        await tell_sign_in(turn)
        return
    turn.say("stars", [(f"stars{stars}:{found.number}", "★" * stars) for stars in STARS])


async def _mute(turn: Turn, found: Application) -> None:
    await turn.env.store.carry_out(lambda tx: mute(UnitOfWork(turn.env, tx, turn.subject), found, _WHATSAPP))
    turn.say("muted", number=show_number(found.number))


async def _unmute(turn: Turn, found: Application) -> None:
    await turn.env.store.carry_out(lambda tx: unmute(UnitOfWork(turn.env, tx, turn.subject), found, _WHATSAPP))
    turn.say("unmuted", number=show_number(found.number))


async def tell_sign_in(turn: Turn) -> None:
    """Where she agrees to WhatsApp in a session, so that she may do more here (ADR 0038)."""
    turn.say("sign_in", link=f"{turn.env.public_url}/my/messages")


async def take_appeal(turn: Turn) -> None:
    """File the appeal with the reason that she wrote."""
    async with turn.env.store.read_transaction() as tx:
        found = await applications.by_number(tx, turn.dialogue.about)
    turn.end()
    if found is None or not turn.may_act:
        return
    await turn.require_mutation("fileAppeal")
    appeal, _ = await file_appeal(turn.env, turn.subject, FileAppeal(found.id, turn.heard.text, turn.key))
    turn.say("appeal_filed", number=show_number(appeal.number))


async def take_stars(turn: Turn, stars: int, number: str) -> None:
    """Keep how many stars she gave, and ask for a word or two, which she may leave out."""
    if await _keep_feedback(turn, stars, number, None):
        turn.say("words", [(f"skip:{number}", turn.text("button.skip"))])
        turn.ask(Step.WORDS, f"{number}:{stars}")


async def take_words(turn: Turn, words: str | None) -> None:
    """Keep what she wrote beside her stars; None where she left it out."""
    number, _, stars = turn.dialogue.about.partition(":")
    turn.end()
    if words is None or await _keep_feedback(turn, int(stars), number, words):
        turn.say("thanks")


async def _keep_feedback(turn: Turn, stars: int, number: str, words: str | None) -> bool:
    async with turn.env.store.read_transaction() as tx:
        found = await applications.by_number(tx, number)
    if found is None or not turn.may_act:
        return False
    await turn.require_mutation("giveFeedback")
    await give_feedback(turn.env, turn.subject, GiveFeedback(found.id, stars, words, turn.key))
    return True


_ABOUT: Mapping[str, Callable[[Turn, Application], Awaitable[None]]] = MappingProxyType(
    {
        "status": tell_status,
        "link": tell_link,
        "pay": _pay,
        "certificate": _certificate,
        "appeal": _appeal,
        "feedback": _feedback,
        "mute": _mute,
        "unmute": _unmute,
    }
)
"""What can be done about an application, by the first part of what was tapped."""
