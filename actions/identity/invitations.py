"""One-time links of officers: made by who enters one, used at the sign-in that ties her account to the register."""

from datetime import timedelta

from actions.identity.sign_in_guards import hash_of
from actions.kernel import Environment, UnitOfWork
from domain.kernel import ErrorCode, Problem, Problems
from store.database import Transaction
from store.identity import invitations
from store.identity.invitations import Invitation

VALID = timedelta(hours=48)
"""For how long a link opens the sign-in that it is for."""
PARAMETER = "invitation"


async def invite(acting: UnitOfWork, officer_id: str, made_by: str | None) -> Invitation:
    """Make a link for an officer, which `made_by` sees; the one that she had before holds no more."""
    token = acting.env.ids.token()
    made = Invitation(hash_of(token), officer_id, token, made_by, acting.now, acting.now + VALID)
    await invitations.add(acting.tx, made)
    await acting.record("officer.invited", "OFFICER", officer_id, until=made.expires_at.isoformat())
    return made


def address_of(env: Environment, invitation: Invitation) -> str:
    """The address that is sent to the officer."""
    return f"{env.public_url}/sign-in/start/parichay?{PARAMETER}={invitation.token}"


async def open_invitation(env: Environment, tx: Transaction, token_hash: str) -> Invitation:
    """The link with that hash; raises Problems(INVITATION_OVER) for one that was used, expired or is unknown."""
    found = await invitations.get(tx, token_hash)
    if found is None or found.used_at is not None or found.expires_at <= env.clock.now():
        raise Problems(Problem(ErrorCode.INVITATION_OVER, (PARAMETER,)))
    return found
