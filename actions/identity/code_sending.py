"""One-time codes by SMS or mail: created in their purpose's transaction, sent by the outbox, valid for three attempts.

The code is sealed in its row and stands in no message of the outbox, no notice and no log.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from actions.feedback.texts import texts_in_force
from actions.identity.one_time_codes import count_code, count_entry, refuse_closed, settle_entry
from actions.kernel import Environment, UnitOfWork
from domain.feedback.mail_layout import html_of_mail, text_of_mail
from domain.feedback.message_texts import CODE, EventTexts, UnfitText
from domain.identity.assisting import CODE_DIGITS, CODE_LIFE, CODE_TRIES, CodeKind
from domain.kernel import ErrorCode, Language, Problem, Problems
from domain.kernel.messages import bilingual, label
from integrations.calling.errors import RemoteError
from integrations.email import Email
from integrations.sms import Sms
from store.database import FieldCipher, crash_points
from store.identity import sent_codes
from store.identity.sent_codes import SentCode
from store.platform import outbox

SEND = "code.send"
"""The outbox topic of a code that is to be sent."""

NEVER = "never"
"""Marks a code that goes to nobody, because the operator named nobody whom we know."""

_MINUTES = str(int(CODE_LIFE.total_seconds() // 60))
_Ways = Mapping[str, Callable[[], Awaitable[object]]]
"""What gives a code to each provider that carries it, in their order."""
_ANOTHER = {"expected": bilingual("expected.another_code")}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Addressee:
    """To whom a code goes, by SMS or by mail: her language, and the citizen whom it concerns, where she is known.

    `mobile` is ten digits; an `email` is to be confirmed by the code.
    """

    mobile: str | None
    language: Language
    citizen_id: str | None
    email: str | None = None

    @property
    def address(self) -> str:
        """Where the code goes."""
        return self.email or self.mobile or ""


async def make_code(
    acting: UnitOfWork, kind: CodeKind, about: str, to: Addressee, *, path: tuple[str, ...], deliver: bool = True
) -> None:
    """Make a code for one thing and have it sent; an earlier one is good no more.

    With `deliver` false nothing is sent; all else is the same, so that nobody can tell the two apart.
    Raises Problems with RATE_LIMITED where there were enough for that address, or too many wrong ones this day.
    """
    await refuse_closed(acting, to.citizen_id or to.address, path)
    await count_code(acting.env, acting.tx, to.address, path)
    content = {"code": acting.env.ids.digits(CODE_DIGITS), "language": to.language.value}
    content |= {"mobile": to.mobile} if to.mobile else {"email": to.address}
    content |= {} if deliver else {NEVER: "yes"}
    code = SentCode(
        id=acting.env.ids.key(),
        kind=kind.value,
        about=about,
        citizen_id=to.citizen_id,
        content=content,
        tries=0,
        expires_at=acting.now + CODE_LIFE,
        used_at=None,
    )
    await sent_codes.add(acting.tx, code)
    await outbox.add(acting.tx, SEND, code.id, {"code_id": code.id})


async def try_code(acting: UnitOfWork, kind: CodeKind, about: str, text: str, *, path: tuple[str, ...]) -> int | None:
    """Try what was entered: None where it is right, else how many tries are left. The caller keeps the count.

    Raises Problems: OTP_EXPIRED where there is no code that may still be tried, RATE_LIMITED where too many codes
    were wrong this day, about her or by whoever enters them.
    """
    code = await sent_codes.count_try(acting.tx, kind.value, about, most=CODE_TRIES)
    if code is None:
        raise Problems(Problem(ErrorCode.OTP_EXPIRED, path, texts=_ANOTHER))
    whom = code.citizen_id or code.content.get("mobile", "")
    counts = await count_entry(acting, whom, path)
    right = await sent_codes.use(acting.tx, code, text.strip())
    await settle_entry(acting, counts, whom, right=right)
    return None if right else CODE_TRIES - code.tries


async def send_code(env: Environment, payload: Mapping[str, str]) -> None:
    """Carry a code to its address: each provider has it at most once, the next one where the one before is silent.

    Raises RemoteError where none took it, upon which the outbox asks again while the code holds.
    """
    async with env.store.read_transaction() as tx:
        code, texts = await sent_codes.get(tx, payload["code_id"]), await texts_in_force(env, tx)
    if code is None or NEVER in code.content or code.used_at is not None or code.expires_at <= env.clock.now():
        return
    ways = _ways_by_mail(env, code) if "email" in code.content else _ways_by_sms(env, code, texts)
    if not ways:
        _log.warning("no_way_to_send_codes", kind=code.kind)
        return
    await _give(env, ways, code)


def _ways_by_sms(env: Environment, code: SentCode, texts: Mapping[str, EventTexts]) -> _Ways:
    """By the text in force; where that one does not fit, by that of the package, since no code stops for a text."""
    gateway, event = env.partners.sms, f"{CODE}{code.kind}"
    if gateway is None:
        return {}
    for known in (texts, env.rules.message_texts):
        try:
            sms = _sms(known[event], code)
        except (KeyError, UnfitText) as unfit:
            _log.error("message_text_unfit", kind=event, variable=str(unfit))
        else:
            return {provider: partial(gateway.send_by, provider, sms) for provider in gateway.providers}
    return {}


def _sms(event: EventTexts, code: SentCode) -> Sms:
    """The SMS of a code. Raises KeyError without a text in its language, UnfitText for one that it does not fill."""
    registered = event.texts[Language(code.content["language"]).catalogue]
    text = registered.fill({"code": code.content["code"], "minutes": _MINUTES})
    return Sms(code.content["mobile"], text, registered.template, code=True)


def _ways_by_mail(env: Environment, code: SentCode) -> _Ways:
    mailer, language = env.partners.email, Language(code.content["language"]).catalogue
    if mailer is None:
        return {}
    subject, text = (label(f"message.mail_code_{part}", language) for part in ("title", "text"))
    text = text.format(code=code.content["code"], minutes=_MINUTES)
    reference = f"0.{FieldCipher(env.keyrings).blind_index('email_code', code.id)[:32]}"  # a bounce of it says nothing
    parts = text_of_mail(text, language), html_of_mail(subject, text, language)
    mail = Email(code.content["email"], subject, parts[0], language.value, reference, parts[1])
    return {"email": partial(mailer.send, mail, code=True)}


async def _give(env: Environment, ways: _Ways, code: SentCode) -> None:
    """Give a code to the providers that surely do not have it, until one of them took it."""
    given, failed = code.given_to, None
    for provider in (each for each in ways if each not in code.given_to):
        await env.store.carry_out(partial(sent_codes.give_to, code_id=code.id, providers=(*given, provider)))
        try:
            await ways[provider]()
        except RemoteError as error:
            failed = error
            given = given if error.nothing_arrived else (*given, provider)
        else:
            crash_points.reach(crash_points.CODE_GIVEN)
            return
    await env.store.carry_out(partial(sent_codes.give_to, code_id=code.id, providers=given))
    if failed is not None:
        raise failed
