"""Session tokens: who is asking, and every token that does not tell it."""

import ast
import base64
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from actions.identity.sessions import mint_session_token, sign_out, subject_for_token
from domain.kernel import ANONYMOUS, NotSignedIn, OfficerLevel, PersonKind, Posting, Provider, Role
from store.catalogue import centres
from store.database import Keyrings, audit
from store.identity import people, sessions
from store.identity.sessions import Session
from tests.support.sign_in import GATEWAY, enter_operator, environment, officer

ROOT = Path(__file__).parents[3]
PERSON = "0193a000-0000-7000-8000-000000000001"
SESSION = "0193a000-0000-7000-8000-0000000000aa"


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock):
    return environment(sqlite_store, store_keyrings, store_clock, [])


async def opened(env, kind=PersonKind.CITIZEN, provider=Provider.MERI_PEHCHAAN, **changes) -> Session:
    now = env.clock.now()
    known = {"on_behalf_of": None, "expires_at": now + timedelta(seconds=600), "revoked_at": None}
    session = Session(
        id=SESSION, kind=kind, person_id=PERSON, provider=provider, assurance="SUBSTANTIAL", created_at=now,
        **(known | changes),
    )  # fmt: skip
    async with env.store.write_transaction() as tx:
        await sessions.add_session(tx, session)
    return session


def claims_of(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def header_of(token: str) -> dict[str, object]:
    head = token.split(".", maxsplit=1)[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))


async def test_a_token_says_who_until_when_and_by_which_key(env):
    token = mint_session_token(env, await opened(env))

    now = int(env.clock.now().timestamp())
    claims = claims_of(token)
    assert header_of(token) == {"alg": "ES256", "kid": env.keyrings.active("session").kid, "typ": "at+jwt"}
    assert {**claims, "jti": "x"} == {
        "iss": GATEWAY,
        "sub": PERSON,
        "sid": SESSION,
        "kind": "CITIZEN",
        "iat": now,
        "exp": now + 600,
        "jti": "x",
    }


async def test_a_citizens_token_gives_the_citizen(env):
    subject = await subject_for_token(env, mint_session_token(env, await opened(env)))

    assert (subject.kind, subject.person_id, subject.session_id) == (PersonKind.CITIZEN, PERSON, SESSION)
    assert subject.roles == {Role.CITIZEN}


async def test_an_officer_has_the_roles_of_the_postings_held_today(env):
    appellate = Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer(PERSON, "a@officer.example"))
    token = mint_session_token(env, await opened(env, PersonKind.OFFICER, Provider.PARICHAY))
    before = await subject_for_token(env, token)
    async with env.store.write_transaction() as tx:
        await people.update_officer(tx, officer(PERSON, "a@officer.example", appellate))
    after = await subject_for_token(env, token)

    assert (before.roles, after.roles) == ({Role.OFFICER}, {Role.APPELLATE})
    assert after.postings == (appellate,)


async def test_an_operator_acts_for_nobody_without_a_consent_whatever_the_row_of_the_session_says(env):
    async with env.store.write_transaction() as tx:
        await enter_operator(tx, PERSON, "500100010011")
    session = await opened(env, PersonKind.OPERATOR, Provider.CSC_CONNECT, on_behalf_of="citizen-1")

    subject = await subject_for_token(env, mint_session_token(env, session))

    assert (subject.roles, subject.on_behalf_of, subject.district) == ({Role.OPERATOR}, None, "49")


async def test_an_operator_whose_centre_is_closed_is_not_signed_in(env):
    async with env.store.write_transaction() as tx:
        await enter_operator(tx, PERSON, "500100010011")
    token = mint_session_token(env, await opened(env, PersonKind.OPERATOR, Provider.CSC_CONNECT))
    async with env.store.write_transaction() as tx:
        [centre] = (await centres.centres(tx, ["500100010011"])).values()
        await centres.save_centres(tx, [replace(centre, open=False)])

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)


@pytest.mark.parametrize("kind", [PersonKind.OFFICER, PersonKind.OPERATOR])
async def test_staff_who_left_the_register_are_not_signed_in(env, kind):
    token = mint_session_token(env, await opened(env, kind))

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)


async def test_a_token_ends_with_its_session_to_the_second(env, store_clock):
    token = mint_session_token(env, await opened(env))
    store_clock.advance(timedelta(seconds=599))
    await subject_for_token(env, token)
    store_clock.advance(timedelta(seconds=1))

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)


async def test_signing_out_ends_the_session_at_once_and_is_noted(env):
    token = mint_session_token(env, await opened(env))
    subject = await subject_for_token(env, token)
    await sign_out(env, subject)
    await sign_out(env, subject)

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)
    async with env.store.read_transaction() as tx:
        lines = (await tx.connection.execute(audit.audit_lines_table.select())).all()
    assert {(line.action, line.object_id) for line in lines} == {("SIGN_OUT", SESSION)}


async def test_nobody_can_sign_out_without_having_signed_in(env):
    token = mint_session_token(env, await opened(env))
    await sign_out(env, ANONYMOUS)

    assert (await subject_for_token(env, token)).person_id == PERSON
    async with env.store.read_transaction() as tx:
        assert (await tx.connection.execute(audit.audit_lines_table.select())).all() == []


async def test_a_token_signed_before_a_rotation_holds(env, tmp_path):
    keyrings = Keyrings(tmp_path / "keys")
    keyrings.init()
    rotating = environment(env.store, keyrings, env.clock, [])
    token = mint_session_token(rotating, await opened(env))
    keyrings.rotate("session")

    assert (await subject_for_token(rotating, token)).person_id == PERSON
    assert header_of(token)["kid"] != keyrings.active("session").kid


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://other.test"},
        {"sub": "0193a000-0000-7000-8000-000000000002"},
        {"sid": "0193a000-0000-7000-8000-0000000000bb"},
        {"kind": "OFFICER"},
        {"exp": None},
        {"exp": 1},
        {"exp": float("inf")},
        {"iat": None},
        {"iat": "now"},
        {"iat": 4_000_000_000},
        {"jti": None},
        {"sid": ["x"]},
        {"sid": {"x": 1}},
    ],
)
async def test_a_token_of_ours_with_other_claims_does_not_hold(env, changes):
    claims = claims_of(mint_session_token(env, await opened(env))) | changes
    key = env.keyrings.active("session")
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
    token = jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key)

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)


@pytest.mark.parametrize(
    "changes", [{"typ": "JWT"}, {"typ": "dpop+jwt"}, {"kid": "other"}, {"crit": ["exp"]}, {"b64": True}]
)
async def test_a_token_with_another_header_does_not_hold(env, changes):
    session = await opened(env)
    token = mint_session_token(env, session)
    forged = _unsigned(header_of(token) | changes, claims_of(token)) + token.rpartition(".")[2]

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, forged)


async def test_a_header_that_nests_deeper_than_can_be_read_does_not_hold(env):
    header = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, f"{header}.e.e")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", ""])
async def test_any_other_algorithm_is_refused(env, algorithm):
    token = mint_session_token(env, await opened(env))
    header = header_of(token) | {"alg": algorithm}

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, _unsigned(header, claims_of(token)) + token.rpartition(".")[2])


@pytest.mark.parametrize("make", [lambda kid: ECKey.generate_key("P-256", {"kid": kid}), "qr"])
async def test_a_token_signed_with_a_key_that_is_not_for_sessions_is_refused(env, make):
    token = mint_session_token(env, await opened(env))
    key = env.keyrings.active(make) if isinstance(make, str) else make(header_of(token)["kid"])
    forged = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims_of(token), key)

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, forged)


async def test_a_key_that_a_token_brings_along_is_not_looked_at(env):
    token = mint_session_token(env, await opened(env))
    key = ECKey.generate_key("P-256")
    header = header_of(token) | {"jwk": key.as_dict(private=False), "jku": "https://evil.example"}

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, jwt.encode(header, claims_of(token), key))


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.é.é", "e30.e30.", "W10.W10.W10", "a" * 5000])
async def test_what_is_not_a_token_is_refused(env, token):
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, token)


async def test_a_token_of_a_provider_is_not_ours(env):
    key = RSAKey.generate_key(2048, {"kid": "k1"})

    with pytest.raises(NotSignedIn):
        await subject_for_token(env, jwt.encode({"alg": "RS256", "kid": "k1"}, {"iss": GATEWAY, "sub": PERSON}, key))


def test_nothing_but_sign_in_makes_a_session_token():
    callers = set()
    for room in ("actions", "domain", "gateway", "integrations", "schema", "store"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "mint_session_token" not in text:
                continue  # a name that is used is written out; reading the tree of every module takes seconds
            tree = ast.parse(text)
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
            if "mint_session_token" in names:
                callers.add(path.relative_to(ROOT).as_posix())

    assert callers == {"actions/identity/sign_in.py"}


def test_only_sessions_use_the_session_keyring_to_sign():
    signing = [
        path.relative_to(ROOT).as_posix()
        for room in ("actions", "gateway", "schema")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r'KEYRING = "session"|active\("session"', path.read_text(encoding="utf-8"))
    ]

    assert signing == ["actions/identity/sessions.py"]


def _unsigned(header: dict[str, object], claims: dict[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, ""])
