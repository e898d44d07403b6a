"""The verb that enters the first two administrators of an installation, each with a one-time link."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from actions.identity.invitations import address_of, invite
from actions.kernel import Environment, UnitOfWork, require, run_idempotently
from actions.officers.administrators import ADMINISTRATOR, FEWEST, administrators, note_changed
from actions.officers.staff_views import administrator_postings
from actions.officers.staffing import of_posting
from domain.identity.policy import Purpose
from domain.kernel import (
    Bilingual,
    ErrorCode,
    Officer,
    PersonKind,
    Problem,
    Problems,
    Role,
    Subject,
    without_hidden_characters,
)
from domain.kernel.messages import bilingual
from store.catalogue import centres
from store.database import Transaction
from store.identity import identities, invitations, officer_accounts, people

LONGEST = 200
"""Characters of a name and of an e-mail address."""


@dataclass(frozen=True, slots=True)
class CreateAdministrator:
    """An administrator who is entered on the register; she signs in with this official e-mail address."""

    name: str
    email: str
    idempotency_key: str
    name_hi: str | None = None
    instead_of: str | None = None
    """On the host, the mistyped address of one who was entered there, which `email` replaces."""


@dataclass(frozen=True, slots=True)
class WaitingAdministrator:
    """One who has not used her link yet."""

    officer_id: str
    link: str
    expires_at: datetime


def official_email(text: str) -> str | None:
    """An official e-mail address as the register keeps it; None for what is none."""
    email = text.strip().lower()
    name, at, host = email.partition("@")
    is_plain = email.isascii() and email.isprintable() and " " not in email and "@" not in host
    return email if at and name and "." in host and is_plain and len(email) <= LONGEST else None


async def create_administrator(
    env: Environment, subject: Subject, request: CreateAdministrator
) -> tuple[WaitingAdministrator, bool]:
    """Enter an administrator with a link that is good once, for 48 hours; True where it is a replay.

    The first one is entered on the host, the second there or by the first; every further post is ordered by one and
    confirmed by another (`transfer_officer`). Asked again for one who has not used her link, it makes her a new one;
    whoever entered her corrects her address by her name with another address, the host by `instead_of`, while there is
    no third, her link holds and she has not signed in.
    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where two are there, BAD_INPUT, ACCOUNT_TAKEN for the address of
    another officer or of an operator.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        await require(env, tx, subject, of_posting(None, ADMINISTRATOR), Purpose.OPERATE, path=("input",))
        made = await invite(acting, *await _enter(acting, request))
        return {"id": made.officer_id, "link": address_of(env, made), "until": made.expires_at.isoformat()}

    answer, replayed = await run_idempotently(
        env, subject, "createAdministrator", key=request.idempotency_key, body=asdict(request), work=work
    )
    until = datetime.fromisoformat(answer["until"])
    return WaitingAdministrator(answer["id"], answer["link"], until), replayed


async def waiting_administrators(env: Environment, subject: Subject) -> list[WaitingAdministrator]:
    """Those whose link the subject ordered, and who have not used it yet. Raises as `waiting_orders`."""
    administrator_postings(subject)
    found = await env.store.read(invitations.unused_links)
    mine = [one for one in found if one.made_by is not None and one.made_by == subject.person_id]
    return [WaitingAdministrator(one.officer_id, address_of(env, one), one.expires_at) for one in mine]


async def _enter(acting: UnitOfWork, request: CreateAdministrator) -> tuple[str, str | None]:
    """The id of one who was entered before and waits for a link, or of a new one; and who entered her."""
    email, name = official_email(request.email), without_hidden_characters(request.name).strip()
    if email is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "email")))
    if not 0 < len(name) <= LONGEST:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "name")))
    held = await people.officers(acting.tx, await administrators(acting.tx))
    links = {one.officer_id: one for one in await invitations.unused_links(acting.tx) if one.officer_id in held}
    present = await officer_accounts.officer_of(acting.tx, email)
    if present is not None and present.id in links:
        return present.id, links[present.id].made_by
    by = acting.subject.person_id
    mine = [held[key] for key, one in links.items() if one.made_by == by and one.expires_at > acting.now]
    mistyped = await _officer_to_correct(acting, request, name, mine) if len(held) <= FEWEST else None
    if mistyped is None and len(held) >= FEWEST:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input",), params={"state": "ADMINISTRATORS"}))
    if mistyped is None and request.instead_of is not None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "insteadOf")))
    if present is not None or await centres.operator_by_email(acting.tx, email) is not None:
        raise Problems(Problem(ErrorCode.ACCOUNT_TAKEN, ("input", "email")))
    if mistyped is not None:
        await people.update_officer(acting.tx, replace(mistyped, email=email))
        await acting.record("admin.address_corrected", "OFFICER", mistyped.id, Purpose.OPERATE)
        await note_changed(acting, mistyped.id, mistyped.postings)
        return mistyped.id, by
    title = bilingual(f"role.{Role.ADMIN.value}")
    entered = Officer(acting.env.ids.key(), Bilingual(request.name_hi or None, name), title, email, (ADMINISTRATOR,))
    await people.add_officer(acting.tx, entered)
    await note_changed(acting, entered.id, entered.postings)
    await acting.record("admin.created", "OFFICER", entered.id, Purpose.OPERATE, administrators=len(held) + 1)
    return entered.id, by


async def _officer_to_correct(
    acting: UnitOfWork, request: CreateAdministrator, name: str, mine: Iterable[Officer]
) -> Officer | None:
    """The one of them whose address the request corrects; none who has signed in, with the link or without it."""
    old = official_email(request.instead_of or "")
    for one in mine:
        is_meant = one.email == old if acting.subject.person_id is None else one.name.en == name
        if is_meant and not await identities.providers_of(acting.tx, PersonKind.OFFICER, one.id):
            return one
    return None
