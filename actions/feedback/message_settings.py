"""By which channels, in which hours and in which language messages come to a citizen, as she chose."""

from collections.abc import Sequence
from dataclasses import replace

from actions.feedback.channels import connected_channels
from actions.feedback.whatsapp_consents import note_consent
from actions.kernel import Environment, UnitOfWork, require_own_record, run_idempotently
from domain.feedback.messages import MOST_QUIET_HOURS, USUAL, MessageChannel, MessageSettings
from domain.feedback.whatsapp import ConsentSource
from domain.identity.policy import ObjectKind
from domain.kernel import (
    Citizen,
    ErrorCode,
    Language,
    LanguageNotSpoken,
    Problem,
    Problems,
    Subject,
    spoken_languages,
)
from store.database import Transaction
from store.feedback import messages, whatsapp_consents
from store.identity import people


async def shown_settings(env: Environment, reader: Citizen, settings: MessageSettings) -> MessageSettings:
    """What a citizen chose, of the channels that this installation can send by; WhatsApp only while she agrees to it.

    A form that shows what was never agreed to as chosen would make a consent of saving it.
    """
    shown = connected_channels(env)
    if MessageChannel.WHATSAPP in shown:
        async with env.store.read_transaction() as tx:
            said = (await whatsapp_consents.of_citizens(tx, [reader])).get(reader.id)
        if said is None or not said.given:
            shown -= {MessageChannel.WHATSAPP}
    return replace(settings, channels=tuple(each for each in settings.channels if each in shown))


async def choose_message_settings(
    env: Environment,
    subject: Subject,
    *,
    channels: Sequence[MessageChannel],
    quiet_from: int,
    quiet_until: int,
    language: Language | None = None,
    shows_content: bool | None = None,
    key: str,
) -> tuple[MessageSettings, bool]:
    """Keep by which channels, in which hours and in which language messages come to the citizen who asks.

    `language`, and whether a push shows its content, stay as they are where they are None.
    Raises NotSignedIn, LanguageNotSpoken; Problems: NOT_FOUND for anybody but a citizen, BAD_INPUT for hours that are
    none, QUIET_HOURS_TOO_LONG, CHANNEL_NOT_CONNECTED for a channel that this installation cannot send by.
    """
    if language is not None and language not in spoken_languages():
        raise LanguageNotSpoken
    chosen = MessageSettings(tuple(each for each in MessageChannel if each in channels), quiet_from, quiet_until)

    async def work(tx: Transaction) -> dict[str, bool]:
        reader = await require_own_record(UnitOfWork(env, tx, subject), ObjectKind.NOTICE)
        wrong = [("quietFrom", quiet_from), ("quietUntil", quiet_until)]
        problems = [Problem(ErrorCode.BAD_INPUT, ("input", name)) for name, hour in wrong if not 0 <= hour <= 23]
        if not problems and chosen.quiet_hours > MOST_QUIET_HOURS:
            most = {"most": str(MOST_QUIET_HOURS)}
            problems.append(Problem(ErrorCode.QUIET_HOURS_TOO_LONG, ("input", "quietUntil"), params=most))
        if set(channels) - connected_channels(env):
            problems.append(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "channels")))
        if problems:
            raise Problems(*problems)
        if language is not None:
            await people.update_citizen(tx, replace(reader, language=language))
        before = (await messages.settings_of(tx, [reader.id])).get(reader.id, USUAL)
        shows = before.shows_content if shows_content is None else shows_content
        await messages.choose(tx, reader.id, replace(chosen, shows_content=shows))
        if MessageChannel.WHATSAPP in connected_channels(env):
            wanted = MessageChannel.WHATSAPP in channels
            await note_consent(UnitOfWork(env, tx, subject), reader, ConsentSource.PORTAL, given=wanted)
        return {"shows": shows}

    body = {"channels": sorted(channels), "quiet": [quiet_from, quiet_until], "language": language}
    body |= {} if shows_content is None else {"shows": shows_content}
    done, replayed = await run_idempotently(env, subject, "chooseMessageSettings", key=key, body=body, work=work)
    return replace(chosen, shows_content=bool(done.get("shows"))), replayed
