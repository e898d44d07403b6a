"""Counts enquiries about the status of an application, which are category D at e-Taal.

One for each person or line, application and five minutes; what a machine asks is left out, by the rule table.
"""

from dataclasses import dataclass

import structlog

from actions.etaal.counting import Counted, count_event
from actions.kernel import Environment, UnitOfWork
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.etaal.counting import STATUS_LINE, CountingEvent
from domain.etaal.counting_rules import rules_on
from domain.kernel import ANONYMOUS, PersonKind, Subject, ist_date
from store.database import StoreError, Transaction

_CITIZENS = frozenset({None, PersonKind.CITIZEN, PersonKind.OPERATOR})
"""Who asks for a citizen: nobody who signed in, she herself, or an operator for her. An officer's look is work."""

_INDEX = "etaal.enquiry"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the person who is signed in, else the line; what her program calls itself; which way she came in.

    None of it is kept but the way.
    """

    subject: Subject = ANONYMOUS
    line: str = ""
    agent: str | None = None
    channel: Channel = Channel.WEB


async def note_enquiry(env: Environment, asker: Asker, application: Application) -> None:
    """Count an enquiry that was answered, in a transaction of its own; no answer is lost because of it."""
    key = _key(env, asker, application)
    if key is None or key in env.caches.enquiries:
        return
    try:
        await env.store.carry_out(lambda tx: count_enquiry(env, tx, asker, application))
    except StoreError as error:
        _log.warning("enquiry_not_counted", kind=type(error).__name__)
        return
    env.caches.enquiries.add(key)


async def count_enquiry(env: Environment, tx: Transaction, asker: Asker, application: Application) -> None:
    """Count an enquiry in the caller's transaction, unless a machine asks; a repeated one counts once."""
    key = _key(env, asker, application)
    if key is None:
        return
    counted = Counted(
        event=CountingEvent.STATUS_ENQUIRY,
        key=tx.cipher.blind_index(_INDEX, key),  # keyed, so that the ledger tells nobody who asked about what
        service_code=STATUS_LINE,
        district=application.district,
        channel=_channel(asker).value,
    )
    await count_event(UnitOfWork(env, tx, asker.subject), counted)


def _key(env: Environment, asker: Asker, application: Application) -> str | None:
    """What repeated enquiries have in common; None where it is no citizen's, or the rules leave it out.

    A look that a partner's request needs to change something is a part of the change, and no enquiry.
    """
    subject = asker.subject
    if application.status is Status.DRAFT or subject.kind not in _CITIZENS or subject.partner_request is not None:
        return None
    now = env.clock.now()
    day = ist_date(now)
    rules = rules_on(day)
    if rules.category(CountingEvent.STATUS_ENQUIRY) is None or rules.is_automated(subject.roles, asker.agent):
        return None
    who = subject.person_id or subject.session_id or asker.line
    return f"{who}|{application.id}|{day.isoformat()}|{rules.window(now)}"


def _channel(asker: Asker) -> Channel:
    """An operator's enquiry is assisted."""
    return Channel.CSC if asker.subject.kind is PersonKind.OPERATOR else asker.channel
