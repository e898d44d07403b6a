"""Sign-ins in progress and authorization codes of apps; each is used once, then deleted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table, delete

from domain.kernel import PersonKind, Provider
from store.database import AlreadyThere, AnyRow, Instant, Key, Transaction, insert_new
from store.database.metadata import metadata

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
    row = await _take(tx, sign_ins_table, state_hash)
    if row is None:
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


async def take_app_code(tx: Transaction, code_hash: str) -> AppCode | None:
    """The code with this hash, taken away so that nobody has it twice; None where absent or too old."""
    row = await _take(tx, app_codes_table, code_hash)
    if row is None:
        return None
    payload: Mapping[str, Any] = tx.cipher.decrypt_json(row.payload, f"app_codes:payload:{code_hash}")
    known = {"person_kind": PersonKind(payload["person_kind"]), "expires_at": row.expires_at}
    return AppCode(**{**payload, **known})


async def forget_expired(tx: Transaction) -> None:
    """Delete sign-ins and codes that nobody came back for."""
    now = tx.clock.now()
    for table in (sign_ins_table, app_codes_table):
        await tx.connection.execute(delete(table).where(table.c.expires_at <= now))


async def _take(tx: Transaction, table: Table, key: str) -> AnyRow | None:
    column = next(iter(table.primary_key.columns))
    row = (await tx.connection.execute(delete(table).where(column == key).returning(table))).first()
    return row if row is not None and row.expires_at > tx.clock.now() else None
