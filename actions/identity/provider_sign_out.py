"""Signs out at the provider too: revokes its token through the outbox, and returns the browser's next address.

What ends here never waits for it (docs/contracts/sso.md section 9): the session is over in the transaction that writes
the message. A token by which a citizen's locker is read, with her consent, serves that consent and stays with it, until
she takes the consent back or signs out everywhere.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog

from actions.documents.locker_revoking import plan_revocation
from actions.kernel import Environment, UnitOfWork
from domain.kernel import SYSTEM, PersonKind, Provider
from integrations.calling.errors import Unavailable
from integrations.sso import FormProvider, SignOutForm
from store.database import Transaction, audit
from store.identity import identities, session_tokens, sessions
from store.platform import outbox

END = "session.end_at_provider"
"""The outbox topic of a session that is to be ended at its provider."""

BACK = "/sign-in"
"""Where a provider sends the browser when it has signed it out."""

SIGNED_OUT = f"{BACK}?error=signed_out"
"""Our page that says so, where the provider has no page that sends anybody back."""

_log = structlog.get_logger(__name__)


async def plan(tx: Transaction, session_ids: Iterable[str]) -> None:
    """Have the sign-in providers of ending sessions notified; a locker's tokens are left alone."""
    for session_id in await session_tokens.kept_for(tx, session_ids):
        await outbox.add(tx, END, session_id, {"session_id": session_id})


async def plan_everywhere(acting: UnitOfWork) -> None:
    """Beside the sessions, end the tokens of a citizen's locker; her consent stays, and a sign-in links it again."""
    citizen_id = acting.subject.person_id
    if acting.subject.kind is not PersonKind.CITIZEN or citizen_id is None:
        return
    await plan_revocation(acting, citizen_id)
    await identities.mark_needs_consent(acting.tx, citizen_id)


async def end_at_provider(env: Environment, session_id: str) -> None:
    """Revoke the provider's token of a session; may be run again. Raises RemoteError, and is then tried again.

    Where only the browser can end it, by the form that it got, the token is forgotten and nothing is said of it.
    """
    kept = await env.store.read(lambda tx: session_tokens.get(tx, session_id))
    provider = env.partners.identity.get(kept.provider) if kept is not None else None
    if kept is None or provider is None:
        return
    if isinstance(provider, FormProvider):
        await env.store.carry_out(lambda tx: session_tokens.forget(tx, session_id))
        return
    await provider.revoke(kept.token)

    async def note(tx: Transaction) -> None:
        await session_tokens.forget(tx, session_id)
        detail = {"provider": kept.provider.value}
        await audit.record(tx, SYSTEM.label, "SIGNED_OUT_AT_PROVIDER", "SESSION", session_id, **detail)

    await env.store.carry_out(note)
    _log.info("signed_out_at_provider", provider=kept.provider.value)


async def way_out(env: Environment, session_id: str | None) -> str:
    """Where a browser goes whose session is over here: to a provider that ends its own one and sends it back.

    Else to our page, which names a provider whose page sends nobody back.
    """
    session = await env.store.read(lambda tx: sessions.session(tx, session_id)) if session_id else None
    address = address_of(env, session.provider) if session is not None else None
    if session is None or address is None:
        return SIGNED_OUT
    provider = env.partners.identity[session.provider]
    try:
        await provider.admit_visitor()
    except Unavailable as away:
        _log.info("provider_takes_nobody", provider=session.provider.value, code=away.code)
        return SIGNED_OUT
    return address if provider.returns_after_sign_out else f"{SIGNED_OUT}&provider={session.provider.value}"


async def form_out(env: Environment, session_id: str | None) -> SignOutForm | None:
    """The form by which the browser of a session ends it at its provider too; None where that takes none."""
    kept = await env.store.read(lambda tx: session_tokens.get(tx, session_id)) if session_id else None
    provider = env.partners.identity.get(kept.provider) if kept is not None else None
    if kept is None or not isinstance(provider, FormProvider):
        return None
    return provider.sign_out_form(kept.token, env.public_url + BACK)


def address_of(env: Environment, provider: Provider) -> str | None:
    """The page of a provider that ends a browser's session there; None where it has none, or is not in use."""
    known = env.partners.identity.get(provider)
    return known.sign_out_url(env.public_url + BACK) if known is not None else None


def sign_out_hosts(env: Environment) -> frozenset[str]:
    """The hosts of providers to which a browser is sent on when it signs out; its form must be let go there."""
    addresses = (address_of(env, one) for one, known in env.partners.identity.items() if known.returns_after_sign_out)
    parts = (urlsplit(address) for address in addresses if address)
    return frozenset(f"{one.scheme}://{one.netloc}" for one in parts)
