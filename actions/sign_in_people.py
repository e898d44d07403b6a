"""Who a provider's identity is with us: found by (provider, subject), linked, or made."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from actions.acting import Acting
from actions.consents import locker_was_linked
from actions.environment import Environment
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.people import Citizen, PersonKind, Provider, Role, Subject
from domain.text import Bilingual, Language
from integrations.sso import ProviderIdentity, ProviderTokens
from store import identities, people
from store.engine import Transaction
from store.identities import LockerTokens

KINDS: Mapping[Provider, PersonKind] = MappingProxyType(
    {
        Provider.MERI_PEHCHAAN: PersonKind.CITIZEN,
        Provider.JAN_PARICHAY: PersonKind.CITIZEN,
        Provider.PARICHAY: PersonKind.OFFICER,
        Provider.CSC_CONNECT: PersonKind.OPERATOR,
    }
)
"""Whom each provider vouches for. A citizen's provider never opens an officer's session."""


async def person_of(
    env: Environment, tx: Transaction, identity: ProviderIdentity, language: Language
) -> tuple[PersonKind, str]:
    """The person's kind and id; raises Problems(FORBIDDEN) for staff who are not on the register.

    Names, e-mails and mobiles never join two accounts: only the provider's subject does.
    """
    kind = KINDS[identity.provider]
    known = await identities.identity(tx, identity.provider, identity.subject)
    if kind is PersonKind.CITIZEN:
        person_id = known[1] if known else await _new_citizen(env, tx, identity, language)
    else:
        person_id = await _on_register(tx, kind, identity.subject)
    if known is not None and known != (kind, person_id):
        raise not_on_register()  # linked to somebody else: the register decides, not the link
    now = env.clock.now()
    if known is None:
        await identities.add_identity(
            tx, identity.provider, identity.subject, kind, person_id, now, identity.assurance.value
        )
    else:
        await identities.touch_identity(tx, identity.provider, identity.subject, now)
    if kind is PersonKind.CITIZEN and identity.tokens is not None:
        await _keep_grant(env, tx, person_id, identity.tokens)
    return kind, person_id


def not_on_register() -> Problems:
    """The provider knows the person, the register of the state does not."""
    return Problems(Problem(ErrorCode.FORBIDDEN, ("provider",), Remedy.CALL_HELPLINE))


async def _on_register(tx: Transaction, kind: PersonKind, subject: str) -> str:
    if kind is PersonKind.OFFICER:
        officer = await people.officer_by_email(tx, subject)
        if officer is None or not officer.postings:
            raise not_on_register()
        return officer.id
    operator = await people.operator_by_csc_id(tx, subject)
    if operator is None:
        raise not_on_register()
    return operator.id


async def _new_citizen(env: Environment, tx: Transaction, identity: ProviderIdentity, language: Language) -> str:
    citizen = Citizen(
        id=env.ids.key(),
        name=Bilingual(None, identity.name),
        born_on=identity.born_on,
        gender=identity.gender,
        mobile=identity.mobile,
        email=identity.email,
        district=None,
        tehsil=None,
        language=language,
        aadhaar_last4=None,
        aadhaar_reference=None,
        created_at=env.clock.now(),
    )
    await people.add_citizen(tx, citizen)
    return citizen.id


async def _keep_grant(env: Environment, tx: Transaction, citizen_id: str, tokens: ProviderTokens) -> None:
    """Keep the locker's tokens, as a fresh consent, unless she took that consent back here.

    What the provider left out is taken from the earlier grant: the locker id (without which nothing is
    kept) and the refresh token, which an OpenID answer may lack. The day of linking stays.
    """
    earlier = await identities.locker_grant(tx, citizen_id)
    locker_id = tokens.locker_id or (earlier.locker_id if earlier else None)
    if locker_id is None:
        return
    her = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id)
    if not await locker_was_linked(Acting(env, tx, her), citizen_id, tokens.consent_until):
        return
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


async def _linked_at(tx: Transaction, citizen_id: str) -> datetime | None:
    accounts = (await identities.linked_accounts(tx, [citizen_id])).get(citizen_id, [])
    return next((account.linked_at for account in accounts if account.provider is Provider.DIGILOCKER), None)
