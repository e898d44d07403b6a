"""An appeal by two SMS: a reason, then the code that only the applicant's own telephone was sent (ADR 0030)."""

from datetime import datetime, timedelta
from typing import Any

from actions.appeals.appeals import FileAppeal, enter
from actions.kernel import UnitOfWork
from domain.applications.applications import Application
from domain.feedback.conversations import Conversation
from domain.kernel import Citizen, Language, PersonKind, Problems, Role, Subject, show_number
from domain.kernel.messages import label
from domain.kernel.secret_comparison import is_same_secret
from domain.platform.switches import MutationOff, Switchboard
from store.applications import applications
from store.platform import switches

APPEAL = "appeal"
"""What a conversation remembers of an appeal that waits for its code."""
CODE_DIGITS, CODE_FOR, MOST_WRONG = 6, timedelta(minutes=30), 3

Remembered = dict[str, Any]
"""What a conversation remembers after a message."""


def ask_for_code(
    acting: UnitOfWork, conversation: Conversation, application: Application, reason: str, language: Language
) -> tuple[str, Remembered]:
    """The reply to a number with a reason, which says the code that confirms it; without a reason one is asked for."""
    number = show_number(application.number)
    if not reason:
        return label("sms_reply.APPEAL_WHY", language).format(number=number), dict(conversation.engine)
    code = acting.env.ids.digits(CODE_DIGITS)
    until = (acting.now + CODE_FOR).isoformat()
    waiting = {"id": application.id, "reason": reason, "code": code, "until": until, "wrong": 0}
    text = label("sms_reply.APPEAL_CODE", language).format(number=number, code=code)
    return text, {**conversation.engine, APPEAL: waiting}


async def take_code(
    acting: UnitOfWork, conversation: Conversation, owner: Citizen | None, code: str, language: Language
) -> tuple[str, Remembered]:
    """The reply to a yes with a code: the appeal is filed where it is the right one, in time, and still hers.

    After three wrong ones the code is good for nothing.
    """
    waiting = conversation.engine[APPEAL]
    without = {name: kept for name, kept in conversation.engine.items() if name != APPEAL}
    if not is_same_secret(code, str(waiting["code"])):
        again = {**waiting, "wrong": waiting["wrong"] + 1}
        text = label("sms_reply.APPEAL_WRONG_CODE", language)
        return text, without if again["wrong"] >= MOST_WRONG else {**without, APPEAL: again}
    application = await applications.get(acting.tx, waiting["id"])
    in_time = acting.now < datetime.fromisoformat(waiting["until"])
    if owner is None or application is None or application.citizen_id != owner.id or not in_time:
        return label("sms_reply.APPEAL_WRONG_CODE", language), without
    return await _file(acting, owner, application, waiting, language), without


async def _file(
    acting: UnitOfWork, owner: Citizen, application: Application, waiting: Remembered, language: Language
) -> str:
    subject = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, owner.id)
    request = FileAppeal(application.id, waiting["reason"], "")
    try:
        Switchboard(await switches.all_switches(acting.tx)).require_mutation("fileAppeal", acting.now)
        appeal = await enter(UnitOfWork(acting.env, acting.tx, subject), request)
    except (Problems, MutationOff):
        link = f"{acting.env.public_url}/my/appeals"
        return label("sms_reply.APPEAL_REFUSED", language).format(link=link)
    return label("sms_reply.APPEAL_FILED", language).format(number=show_number(appeal.number))
