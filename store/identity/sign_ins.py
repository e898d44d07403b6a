"""Sign-ins in progress and authorization codes of apps; each is used once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table, delete, select, update

from domain.kernel import PersonKind, Provider
from store.database import AlreadyThere, Instant, Key, Transaction, first_row, insert_new
from store.database.metadata import metadata

SKEW = timedelta(minutes=5)
"""How far the clock of another process may be behind: a code that was used is over by that one too."""
KNOWN_FOR = SKEW + timedelta(minutes=10)
"""How long a code that is over is known yet, to end what it opened if it comes again."""

sign_ins_table = Table(
    "sign_ins",
    metadata,
    Column("state_hash", Key, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

app_codes_table = Table(
    "app_codes",
    metadata,
    Column("code_hash", Key, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)


@dataclass(frozen=True, slots=True)
class SignInTransaction:
    """A sign-in between our redirect and the provider's answer. The `app_…` fields are set for apps only."""

    state: str
    provider: Provider
    nonce: str
    code_verifier: str
    redirect_uri: str
    browser_hash: str
    return_to: str
    app_redirect: str | None
    app_state: str | None
    app_challenge: str | None
    language: str
    created_at: datetime
    expires_at: datetime
    link_id: str | None = None
    """The link of a further account that this sign-in is for; then it opens no session."""
    invitation_id: str | None = None
    """The officer's one-time link by which this sign-in began."""


@dataclass(frozen=True, slots=True)
class AppCode:
    """A code that an app exchanges for its session token, bound to the app's own PKCE challenge."""

    person_kind: PersonKind
    person_id: str
    session_id: str
    challenge: str
    redirect_uri: str
    expires_at: datetime


async def add_transaction(tx: Transaction, transaction: SignInTransaction) -> None:
    """Keep a sign-in that begins; the state itself is kept as a hash. Raises AlreadyThere."""
    state_hash = sha256(transaction.state.encode()).hexdigest()
    payload = asdict(transaction) | {"created_at": transaction.created_at.isoformat()}
    del payload["state"], payload["expires_at"]
    if transaction.invitation_id is None:
        del payload["invitation_id"]  # a process of the release before, which does not know it, may read it
    values = {
        "state_hash": state_hash,
        "payload": tx.cipher.encrypt_json(payload, f"sign_ins:payload:{state_hash}"),
        "expires_at": transaction.expires_at,
    }
    if not await insert_new(tx, sign_ins_table, values):
        raise AlreadyThere("the sign-in")


async def take_transaction(tx: Transaction, state: str) -> SignInTransaction | None:
    """The sign-in with this state, taken away so that nobody has it twice; None where absent or too old."""
    state_hash = sha256(state.encode()).hexdigest()
    taking = delete(sign_ins_table).where(sign_ins_table.c.state_hash == state_hash).returning(sign_ins_table)
    row = (await tx.connection.execute(taking)).first()
    if row is None or row.expires_at <= tx.clock.now():
        return None
    payload: Mapping[str, Any] = tx.cipher.decrypt_json(row.payload, f"sign_ins:payload:{state_hash}")
    known = {
        "state": state,
        "provider": Provider(payload["provider"]),
        "created_at": datetime.fromisoformat(payload["created_at"]),
        "expires_at": row.expires_at,
    }
    return SignInTransaction(**{**payload, **known})


async def add_app_code(tx: Transaction, code_hash: str, code: AppCode) -> None:
    """Keep a code under its hash. Raises AlreadyThere."""
    payload = asdict(code)
    del payload["expires_at"]
    values = {
        "code_hash": code_hash,
        "payload": tx.cipher.encrypt_json(payload, f"app_codes:payload:{code_hash}"),
        "expires_at": code.expires_at,
    }
    if not await insert_new(tx, app_codes_table, values):
        raise AlreadyThere("the code")


async def use_app_code(tx: Transaction, code_hash: str) -> tuple[AppCode, bool] | None:
    """The code with this hash, and whether it is good: not too old, and now used for the first time.

    None for a code that nobody was given, or that is forgotten.
    """
    own, now = app_codes_table.c.code_hash == code_hash, tx.clock.now()
    using = update(app_codes_table).where(own, app_codes_table.c.expires_at > now).values(expires_at=now - SKEW)
    good = (await tx.connection.execute(using.returning(app_codes_table.c.code_hash))).first() is not None
    row = await first_row(tx, select(app_codes_table).where(own))
    if row is None:
        return None
    payload: Mapping[str, Any] = tx.cipher.decrypt_json(row.payload, f"app_codes:payload:{code_hash}")
    known = {"person_kind": PersonKind(payload["person_kind"]), "expires_at": row.expires_at}
    return AppCode(**{**payload, **known}), good


async def forget_expired(tx: Transaction) -> None:
    """Delete sign-ins that nobody came back for, and codes once they need not be known any more."""
    now = tx.clock.now()
    for table, until in ((sign_ins_table, now), (app_codes_table, now - KNOWN_FOR)):
        await tx.connection.execute(delete(table).where(table.c.expires_at <= until))
