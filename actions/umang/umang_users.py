"""UMANG accounts: their holders, linking an account to a record, and the link from the app to our pages.

An account is tied to a person by UMANG's stable id alone, after she signed on here and confirmed it herself; neither
a mobile number nor a UMANG id in a body ever opens somebody's data (docs/contracts/umang.md sections 5 and 8).
"""

from dataclasses import dataclass
from datetime import timedelta

from actions.feedback.notices import About, tell
from actions.kernel import Environment, UnitOfWork, of_citizen, require
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import (
    Assurance,
    ErrorCode,
    PersonKind,
    Problem,
    Problems,
    Provider,
    Remedy,
    Role,
    Subject,
    mask_mobile,
    weakest,
)
from domain.kernel.secret_comparison import is_same_secret
from integrations.umang import UserAssertion
from store import umang
from store.database import Transaction
from store.identity import identities
from store.umang import Account

LINK_PATH = "/sign-in/umang"
LINK_LIFE = timedelta(minutes=15)
KEPT_AFTER = timedelta(seconds=60)
"""How long an assertion is remembered after its end (docs/contracts/umang.md section 8)."""
TRIES = 3
"""How often the last digits of the mobile number may be wrong."""


@dataclass(frozen=True, slots=True)
class LinkAsked:
    """What the page shows of an account that waits: the mobile number with its middle hidden."""

    masked_mobile: str


async def use_assertion(env: Environment, user: UserAssertion) -> bool:
    """Use an assertion up and note that its account was used; False where it was used before."""

    async def work(tx: Transaction) -> bool:
        if not await umang.spend_assertion(tx, user.jti, user.until + KEPT_AFTER):
            return False
        await identities.touch_identity(tx, Provider.UMANG, user.subject, tx.clock.now())
        return True

    return await env.store.carry_out(work)


async def subject_of(env: Environment, user: UserAssertion) -> Subject | None:
    """Who the account is with us; None where it is not linked."""
    async with env.store.read_transaction() as tx:
        known = await identities.identity(tx, Provider.UMANG, user.subject)
        strength = await identities.assurance_of(tx, Provider.UMANG, user.subject)
    if known is None or known[0] is not PersonKind.CITIZEN:
        return None
    assurance = Assurance(strength) if strength else Assurance.LOW
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, known[1], assurance=assurance)


async def ask_link(env: Environment, user: UserAssertion) -> str:
    """The address at which the person links her account; it is good once, for a quarter of an hour."""
    ticket = env.ids.token()
    account = Account(user.subject, user.mobile, user.mpid)
    until = env.clock.now() + LINK_LIFE
    await env.store.carry_out(lambda tx: umang.begin_link(tx, ticket, account, until))
    return f"{env.public_url}{LINK_PATH}?ticket={ticket}"


async def link_asked(env: Environment, ticket: str) -> LinkAsked:
    """What waits under a ticket. Raises Problems(BAD_INPUT) where it is used or over."""
    account = await env.store.read(lambda tx: umang.account_of(tx, ticket))
    if account is None:
        raise _expired_ticket_problems()
    return LinkAsked(mask_mobile(account.mobile))


async def confirm_link(env: Environment, subject: Subject, ticket: str, digits: str) -> None:
    """Link the account to the person who is signed in and knows the end of its mobile number.

    So an address that somebody else sent cannot tie his account to her record without a word of hers about it.
    Raises Problems: NOT_FOUND for others than a citizen, BAD_INPUT where the ticket is over, OTP_WRONG with the
    tries that are left, ACCOUNT_TAKEN where the account, or the MeriPehchaan id that UMANG names, is somebody else's.
    """

    async def work(tx: Transaction) -> int | None:
        acting = UnitOfWork(env, tx, subject)
        citizen_id = subject.person_id if subject.kind is PersonKind.CITIZEN else None
        resource = of_citizen(citizen_id or "", ObjectKind.ACCOUNT)
        await require(env, tx, subject, resource, Purpose.APPLY)
        counted = await umang.count_try(tx, ticket, most=TRIES)
        if counted is None or citizen_id is None:
            raise _expired_ticket_problems()
        account, tried = counted
        if not is_same_secret(account.mobile[-4:], digits.strip()):
            if tried == TRIES:
                await umang.end_link(tx, ticket)
            return TRIES - tried
        await _tie(acting, account, citizen_id)
        await umang.end_link(tx, ticket)
        return None

    left = await env.store.carry_out(work)
    if left is not None:
        raise Problems(Problem(ErrorCode.OTP_WRONG, ("digits",), params={"left": str(left)}))


async def _tie(acting: UnitOfWork, account: Account, citizen_id: str) -> None:
    tx = acting.tx
    known = await identities.identity(tx, Provider.UMANG, account.subject)
    vouched = await identities.identity(tx, Provider.MERI_PEHCHAAN, account.mpid) if account.mpid else None
    hers = (PersonKind.CITIZEN, citizen_id)
    if known not in (None, hers) or vouched not in (None, hers):
        raise Problems(Problem(ErrorCode.ACCOUNT_TAKEN, ("ticket",)))
    if known is not None:
        return
    # UMANG itself vouches for a mobile number and a session: no more than SUBSTANTIAL, and no more than she showed.
    strength = weakest(acting.subject.assurance or Assurance.LOW, Assurance.SUBSTANTIAL)
    await identities.add_identity(
        tx, Provider.UMANG, account.subject, PersonKind.CITIZEN, citizen_id, acting.now, strength.value
    )
    await acting.record("account.linked", ObjectKind.ACCOUNT, citizen_id, Purpose.APPLY, provider=Provider.UMANG.value)
    about = About(Topic.ACCOUNT, acting.env.ids.key(), citizen_id, None, "linked")
    await tell(acting, NoticeKind.ACCOUNT_LINKED, about, provider=Provider.UMANG.value)


def _expired_ticket_problems() -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, ("ticket",), Remedy.SIGN_IN_AGAIN))
