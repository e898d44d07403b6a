"""What the account by which a citizen's record was made states about her: name and date of birth, with the account.

Only MeriPehchaan vouches for both, and only a record that its sign-in made holds what it said: one that was entered at
a centre, and claimed later, holds what others said.
"""

from datetime import timedelta

from domain.facts import FactKey, FactSource, VerifiedFact
from domain.messages import label
from domain.people import Citizen, LinkedAccount, Provider
from domain.signatures import SignatureState
from domain.sources import Source
from domain.text import Language
from store import identities
from store.engine import Transaction

ACCOUNT = "ACCOUNT"
"""Stands for a type of document where an account is meant."""

_SAME_SIGN_IN = timedelta(seconds=5)
"""Record and account are made in one transaction, a moment apart."""


async def account_facts(
    tx: Transaction, citizen: Citizen, wanted: frozenset[FactKey] | None
) -> tuple[VerifiedFact, ...]:
    """The facts of the account that made the record; none where another hand made it."""
    held = (await identities.linked_accounts(tx, [citizen.id])).get(citizen.id, [])
    account = next((one for one in held if _made(citizen, one)), None)
    if account is None:
        return ()
    stated = {FactKey.NAME: citizen.name.en, FactKey.DATE_OF_BIRTH: citizen.born_on and citizen.born_on.isoformat()}
    source = _source(account)
    return tuple(
        VerifiedFact(key, value, source) for key, value in stated.items() if value and (wanted is None or key in wanted)
    )


def _made(citizen: Citizen, account: LinkedAccount) -> bool:
    by_provider = account.provider is Provider.MERI_PEHCHAAN
    return by_provider and abs(account.linked_at - citizen.created_at) < _SAME_SIGN_IN


def _source(account: LinkedAccount) -> FactSource:
    """The account as a source: its day is that of the sign-in; it bears no signature that could be examined later."""
    name = label(f"provider.{account.provider.value}", Language.EN)
    return FactSource(
        origin=Source.SSO,
        doctype=ACCOUNT,
        name=name,
        issuer=name,
        uri=None,
        number=None,
        issued_on=None,
        fetched_at=account.linked_at,
        signature=SignatureState.NOT_EXAMINED,
    )
