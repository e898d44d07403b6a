"""Finds, links or creates our record for a provider's identity, by (provider, subject)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.consents.consents import locker_was_linked
from actions.documents.locker_push import plan_earlier
from actions.identity import provider_sign_out
from actions.identity.invitations import open_invitation
from actions.kernel import Environment, UnitOfWork
from domain.catalogue.centres import SIGNS_IN_BY, CentreKind
from domain.kernel import (
    Assurance,
    Bilingual,
    Citizen,
    ErrorCode,
    Language,
    PersonKind,
    Problem,
    Problems,
    Provider,
    Role,
    Subject,
    strongest,
    without_hidden_characters,
)
from integrations.sso import ProviderIdentity, ProviderTokens
from store.catalogue import centres
from store.database import Transaction, audit
from store.identity import identities, invitations, officer_accounts, people, session_tokens
from store.identity.identities import LockerTokens

CITIZENS = frozenset({Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY, Provider.E_PRAMAAN})
"""Who vouches for citizens. A citizen's provider never opens an officer's session."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who somebody is with us, and how sure of it this sign-in is."""

    kind: PersonKind
    person_id: str
    assurance: Assurance
    serves_locker: bool = False
    """Whether what the provider handed over is kept to read her locker."""


async def person_of(
    env: Environment, tx: Transaction, identity: ProviderIdentity, language: Language, invitation_id: str | None = None
) -> Admitted:
    """Who the identity is with us; raises Problems(FORBIDDEN) for staff who are not on the register.

    Names, e-mails and mobiles never join two accounts: only the provider's subject does. `invitation_id` is the
    one-time link by which an officer comes; raises Problems(INVITATION_OVER) where it was used meanwhile.
    """
    known = await identities.identity(tx, identity.provider, identity.subject)
    if identity.provider in CITIZENS:
        person_id = known[1] if known else await _new_citizen(env, tx, identity, language)
        kind = PersonKind.CITIZEN
    else:
        kind, person_id = await _on_register(env, tx, identity, known, invitation_id)
    if known is not None and known != (kind, person_id):
        raise not_on_register()  # linked to somebody else: the register decides, not the link
    is_new = known is None and kind is PersonKind.OPERATOR
    if is_new and identity.provider in await identities.providers_of(tx, kind, person_id):
        raise not_on_register()  # as of an officer (ADR 0033), until the register gives her another address
    if not env.rules.sign_on.admits(kind, identity.provider):
        raise not_on_register()
    now = env.clock.now()
    assurance = await _assurance(tx, identity)
    if known is None:
        await identities.add_identity(
            tx, identity.provider, identity.subject, kind, person_id, now, identity.assurance.value
        )
    else:
        await identities.touch_identity(tx, identity.provider, identity.subject, now)
    kept = False
    if kind is PersonKind.CITIZEN and identity.tokens is not None:
        kept = await keep_grant(env, tx, person_id, identity.tokens)
    return Admitted(kind, person_id, assurance, serves_locker=kept)


async def _assurance(tx: Transaction, identity: ProviderIdentity) -> Assurance:
    """What the provider says; for an account without a stable id, what a link by a fresh code made of it."""
    kept = await identities.assurance_of(tx, identity.provider, identity.subject)
    if identity.assurance is Assurance.LOW and kept is not None:
        return strongest(identity.assurance, Assurance(kept))
    return identity.assurance


def not_on_register() -> Problems:
    """The provider knows the person, the register of the state does not."""
    return Problems(Problem(ErrorCode.FORBIDDEN, ("provider",)))


async def _on_register(
    env: Environment,
    tx: Transaction,
    identity: ProviderIdentity,
    known: tuple[PersonKind, str] | None,
    invitation_id: str | None,
) -> tuple[PersonKind, str]:
    """The officer, or the operator of a centre of the kind that the provider vouches for."""
    if identity.provider is Provider.PARICHAY:
        # Where the subject is no address, the address of the register finds the first use alone (ADR 0033).
        email = identity.email or identity.subject
        if known is not None and known[0] is PersonKind.OFFICER and identity.subject != email:
            officer = (await people.officers(tx, [known[1]])).get(known[1])
        else:
            officer = await officer_accounts.officer_of(tx, email)
        if officer is not None and officer.postings:
            if known is None:
                await _tie(env, tx, officer.id, identity, invitation_id)
            return PersonKind.OFFICER, officer.id
        operator_id = None if officer is not None else await centres.operator_by_email(tx, email)
    else:
        operator = await people.operator_by_csc_id(tx, identity.subject)
        operator_id = operator.id if operator else None
    if operator_id is None:
        raise not_on_register()
    await _in_a_centre(tx, operator_id, SIGNS_IN_BY[identity.provider])
    return PersonKind.OPERATOR, operator_id


async def _tie(
    env: Environment, tx: Transaction, officer_id: str, identity: ProviderIdentity, invitation_id: str | None
) -> None:
    """Let an officer's account be tied at its first use: with her one-time link where one was made for her.

    A tie is for good (ADR 0033): a durable subject takes no place of an address, and a further account, which is untied
    by its address, is never tied by one. Raises Problems: FORBIDDEN where another account is tied to her,
    INVITATION_OVER.
    """
    further = (await officer_accounts.of_officers(tx, [officer_id])).get(officer_id, [])
    if identity.subject not in further:
        if identity.email in further:
            raise not_on_register()
        tied = (await identities.providers_of(tx, PersonKind.OFFICER, officer_id)).count(identity.provider)
        of_further = [await identities.identity(tx, identity.provider, one) for one in further]
        if tied > len([one for one in of_further if one is not None]):
            raise not_on_register()
    if invitation_id is not None:
        invitation = await open_invitation(env, tx, invitation_id)
        if invitation.officer_id != officer_id or not await invitations.use(tx, invitation_id):
            raise not_on_register()
        await audit.record(tx, f"{PersonKind.OFFICER}:{officer_id}", "officer.account_tied", "OFFICER", officer_id)
    elif await invitations.unused_links(tx, officer_id):
        raise not_on_register()


async def _in_a_centre(tx: Transaction, operator_id: str, kinds: Collection[CentreKind]) -> None:
    """Raise FORBIDDEN unless the operator works in an open centre of these kinds, in the district of his own entry."""
    centre = await centres.centre_of(tx, operator_id)
    operator = (await people.operators(tx, [operator_id])).get(operator_id)
    fits = centre is not None and operator is not None and centre.open and centre.kind in kinds
    if not fits or centre is None or operator is None or centre.district != operator.district:
        raise not_on_register()


async def _new_citizen(env: Environment, tx: Transaction, identity: ProviderIdentity, language: Language) -> str:
    citizen = Citizen(
        id=env.ids.key(),
        name=Bilingual(None, without_hidden_characters(identity.name)),
        born_on=identity.born_on,
        gender=identity.gender,
        mobile=identity.mobile,
        email=identity.email,
        language=language,
        created_at=env.clock.now(),
    )
    await people.add_citizen(tx, citizen)
    return citizen.id


async def keep_grant(env: Environment, tx: Transaction, citizen_id: str, tokens: ProviderTokens) -> bool:
    """Keep the locker's tokens, as a fresh consent, unless she took that consent back here; tells whether it did.

    What the provider left out is taken from the earlier grant: the locker id (without which nothing is
    kept) and the refresh token, which an OpenID answer may lack. The day of linking stays.
    """
    earlier = await identities.locker_grant(tx, citizen_id)
    locker_id = tokens.locker_id or (earlier.locker_id if earlier else None)
    if locker_id is None:
        return False
    her = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id)
    if not await locker_was_linked(UnitOfWork(env, tx, her), citizen_id, tokens.consent_until):
        return False
    now = env.clock.now()
    same_locker = earlier is not None and earlier.locker_id == locker_id
    grant = LockerTokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or (earlier.refresh_token if earlier and same_locker else None),
        expires_at=now + timedelta(seconds=tokens.expires_in),
        scope=tokens.scope,
        consent_until=tokens.consent_until,
        locker_id=locker_id,
    )
    await identities.save_locker_grant(tx, citizen_id, grant, await _linked_at(tx, citizen_id) or now)
    await provider_sign_out.plan(tx, await session_tokens.locker_is_anothers(tx, citizen_id))
    if earlier is None:  # her consent may have been there before her locker
        await plan_earlier(UnitOfWork(env, tx, her), citizen_id)
    return True


async def _linked_at(tx: Transaction, citizen_id: str) -> datetime | None:
    accounts = (await identities.linked_accounts(tx, [citizen_id])).get(citizen_id, [])
    return next((account.linked_at for account in accounts if account.provider is Provider.DIGILOCKER), None)
