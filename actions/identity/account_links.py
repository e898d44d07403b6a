"""Links a further account of a citizen: signed in at its provider, confirmed by a code to the citizen's telephone.

Never by name, e-mail or mobile (docs/contracts/sso.md section 6). The code is entered in the browser that proved the
account, so that a link which somebody else sent cannot tie her account to his record.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.feedback.notices import About, tell
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.identity.devices import end_sessions
from actions.kernel import Environment, UnitOfWork, require_own_record, run_idempotently, wrong_code
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.assisting import CodeKind
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
    not_found,
    strongest,
)
from domain.kernel.secret_comparison import is_same_secret
from integrations.sso import ProviderIdentity
from store.database import Transaction
from store.identity import account_links, devices, identities, people
from store.identity.account_links import AccountLink
from store.privacy import personal

LINK_LIFE = timedelta(minutes=15)
LINK_PATH = "/sign-in/link"

_PROVIDER = ("input", "provider")


@dataclass(frozen=True, slots=True)
class LinkBegun:
    """Where her browser goes to prove the other account; it is good once."""

    address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkShown:
    """What the page says before the citizen continues: whose record the account would join, without a name."""

    link: AccountLink
    name_hint: str
    masked_mobile: str


async def begin_link(env: Environment, subject: Subject, provider: Provider) -> tuple[LinkBegun, bool]:
    """Begin to link an account of hers; gives the address for her browser. Asked again it begins anew.

    Raises Problems: NOT_FOUND for others than a citizen and for a provider that citizens do not sign in with,
    MOBILE_MISSING where no telephone of hers is on file to which the code could go.
    """
    ticket = env.ids.token()

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen = await require_own_record(acting, ObjectKind.ACCOUNT)
        if not env.rules.sign_on.admits(PersonKind.CITIZEN, provider) or provider not in env.partners.identity:
            raise not_found(*_PROVIDER)
        if citizen.mobile is None:
            raise Problems(Problem(ErrorCode.MOBILE_MISSING, ("input",)))
        expires_at = acting.now + LINK_LIFE
        link = AccountLink(env.ids.key(), citizen.id, provider, None, None, expires_at)
        await account_links.begin(tx, link, ticket)
        await _note(acting, "account.link_begun", citizen.id, provider)
        return {"expires_at": expires_at.isoformat()}

    # The address holds a secret, which is not kept: there is no replay, and the earlier address ends.
    answer = await env.store.carry_out(work)
    begun = LinkBegun(f"{env.public_url}{LINK_PATH}?ticket={ticket}", datetime.fromisoformat(answer["expires_at"]))
    return begun, False


async def open_link(env: Environment, ticket: str, browser_hash: str) -> LinkShown:
    """Take the ticket in her browser, which is the only one from now on. Raises Problems(BAD_INPUT)."""

    async def work(tx: Transaction) -> LinkShown:
        link = await account_links.by_ticket(tx, ticket, browser_hash)
        citizen = (await people.citizens(tx, [link.citizen_id])).get(link.citizen_id) if link else None
        if link is None or citizen is None:
            raise _expired_link_problems()
        initials = "".join(part[:1] for part in citizen.name.en.split())
        return LinkShown(link, initials, mask_mobile(citizen.mobile or ""))

    return await env.store.carry_out(work)


async def link_under_way(env: Environment, link_id: str, browser_hash: str) -> AccountLink:
    """The link that this browser has under way. Raises Problems(BAD_INPUT) for any other."""
    link = await env.store.read(lambda tx: account_links.get(tx, link_id))
    if link is None or link.browser_hash is None or not is_same_secret(link.browser_hash, browser_hash):
        raise _expired_link_problems()
    return link


async def prove_link(env: Environment, link_id: str, identity: ProviderIdentity) -> None:
    """Note for whom the provider vouched, and send the code to the telephone on file.

    Raises Problems: BAD_INPUT where the link is over, ACCOUNT_TAKEN where the account belongs to somebody else,
    RATE_LIMITED.
    """

    async def work(tx: Transaction) -> None:
        link = await account_links.get(tx, link_id)
        if link is None or link.provider is not identity.provider:
            raise _expired_link_problems()
        await _refuse_taken(tx, link.citizen_id, identity.provider, identity.subject)
        citizen = (await people.citizens(tx, [link.citizen_id]))[link.citizen_id]
        await account_links.prove(tx, link.id, identity.subject, identity.assurance.value)
        to = Addressee(citizen.mobile or "", citizen.language, citizen.id)
        await make_code(
            UnitOfWork(env, tx, _citizen_subject(citizen.id)), CodeKind.LINK_ACCOUNT, link.id, to, path=("code",)
        )

    await env.store.carry_out(work)


async def confirm_link(env: Environment, link_id: str, browser_hash: str, code: str) -> Provider:
    """Enter the code from her telephone; then the account is hers for good. A wrong code is counted.

    Raises Problems: BAD_INPUT for another browser or a link that is over, OTP_WRONG, OTP_EXPIRED, RATE_LIMITED,
    ACCOUNT_TAKEN.
    """
    await link_under_way(env, link_id, browser_hash)

    async def work(tx: Transaction) -> tuple[Provider, int | None]:
        link = await account_links.get(tx, link_id)
        if link is None or link.subject is None or link.assurance is None:
            raise _expired_link_problems()
        acting = UnitOfWork(env, tx, _citizen_subject(link.citizen_id))
        left = await try_code(acting, CodeKind.LINK_ACCOUNT, link.id, code, path=("code",))
        if left is None:
            await _tie(acting, link, link.subject, Assurance(link.assurance))
        return link.provider, left

    provider, left = await env.store.carry_out(work)
    if left is not None:
        raise wrong_code(left, "code")
    return provider


async def unlink(env: Environment, subject: Subject, provider: Provider, key: str) -> tuple[int, bool]:
    """Unlink the citizen's accounts at a provider, and end their sessions. Returns how many were unlinked.

    Raises Problems: NOT_FOUND for others and where there is none, LAST_ACCOUNT for the only way in.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen = await require_own_record(acting, ObjectKind.ACCOUNT)
        held = await identities.providers_of(tx, PersonKind.CITIZEN, citizen.id)
        if provider not in held:
            raise not_found(*_PROVIDER)
        ways_in = {one for one in held if one is not Provider.UMANG}
        if ways_in == {provider}:
            raise Problems(Problem(ErrorCode.LAST_ACCOUNT, _PROVIDER))
        untied = await identities.remove_identities(tx, PersonKind.CITIZEN, citizen.id, provider)
        open_sessions = await devices.of_person(tx, PersonKind.CITIZEN, citizen.id)
        theirs = [one.session_id for one in open_sessions if one.provider is provider]
        await end_sessions(acting, PersonKind.CITIZEN, theirs, devices.UNLINKED)
        await _note(acting, "account.unlinked", citizen.id, provider)
        return {"untied": untied}

    answer, replayed = await run_idempotently(
        env, subject, "unlinkAccount", key=key, body={"provider": provider.value}, work=work
    )
    return int(answer["untied"]), replayed


async def _tie(acting: UnitOfWork, link: AccountLink, subject: str, assurance: Assurance) -> None:
    """By the code, an account without a stable id is as good as a substantial one: the telephone on file vouched."""
    tx = acting.tx
    known = await _refuse_taken(tx, link.citizen_id, link.provider, subject)
    strength = strongest(assurance, Assurance.SUBSTANTIAL).value
    if known is None:
        await identities.add_identity(
            tx, link.provider, subject, PersonKind.CITIZEN, link.citizen_id, acting.now, strength
        )
    elif known != link.citizen_id:
        await identities.move_identity(tx, link.provider, subject, link.citizen_id, strength)
        await personal.erase(tx, known)
        await _note(acting, "account.empty_record_left", known, link.provider)
    await account_links.finish(tx, link.id)
    await _note(acting, "account.linked", link.citizen_id, link.provider)
    about = About(Topic.ACCOUNT, link.id, link.citizen_id, None, "linked")
    await tell(acting, NoticeKind.ACCOUNT_LINKED, about, provider=link.provider.value)


async def _refuse_taken(tx: Transaction, citizen_id: str, provider: Provider, subject: str) -> str | None:
    """Whose the account is; raises ACCOUNT_TAKEN unless nobody's, hers, or an empty record's that it made itself."""
    known = await identities.identity(tx, provider, subject)
    if known is None:
        return None
    kind, person_id = known
    if kind is not PersonKind.CITIZEN or (person_id != citizen_id and not await _is_empty(tx, person_id)):
        raise Problems(Problem(ErrorCode.ACCOUNT_TAKEN, ("provider",)))
    return person_id


async def _is_empty(tx: Transaction, citizen_id: str) -> bool:
    """Whether a record is no more than what one sign-in makes."""
    accounts = await identities.providers_of(tx, PersonKind.CITIZEN, citizen_id)
    return len(accounts) == 1 and not await personal.holds_more_than(tx, citizen_id, MADE_BY_A_SIGN_IN)


MADE_BY_A_SIGN_IN = frozenset(
    {
        "citizens",
        "identities",
        "sessions",
        "session_devices",
        "session_tokens",
        "citizen_contacts",
        "locker_grants",
        "consent_records",
        "data_accesses",
        "outside_reads",
        "account_links",
        "record_claims",
        "sent_codes",
    }
)
"""Tables in which a sign-in alone leaves rows."""


def _citizen_subject(citizen_id: str) -> Subject:
    """She herself, in a browser that holds no session of hers."""
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id)


async def _note(acting: UnitOfWork, action: str, citizen_id: str, provider: Provider) -> None:
    await acting.record(action, ObjectKind.ACCOUNT, citizen_id, Purpose.APPLY, provider=provider.value)


def _expired_link_problems() -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, ("link",), Remedy.SIGN_IN_AGAIN))
