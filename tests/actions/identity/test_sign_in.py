"""Signing in: transactions, people and their links. The store is a real SQLite file."""

import asyncio
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from actions.identity.sign_in import abandon_sign_in, begin_sign_in
from actions.identity.sign_in_guards import AppRequest, challenge_of, hash_of
from demo.officer_accounts import add_account, remove_account
from domain.feedback.notices import NoticeKind
from domain.kernel import SYSTEM, ErrorCode, Language, PersonKind, Problems, Provider, Remedy, Source
from integrations.calling.errors import Refused, Unavailable
from integrations.sso import Assurance
from store.feedback import notices
from store.identity import identities, people, sessions
from tests.support.sign_in import officer
from tests.support.signing_in import (
    APP,
    BROWSER,
    CALLBACK,
    CSC_ID,
    EMAIL,
    OFFICER,
    OPERATOR,
    OTHER,
    SSO_ID,
    START_AGAIN,
    VERIFIER,
    begin,
    finish,
    noted_actions,
    refusal,
    sign_in,
    tokens,
)
from tests.support.stored import audit_lines_of


async def test_the_provider_is_asked_with_state_nonce_and_challenge_of_this_transaction(env, providers):
    url = await begin_sign_in(
        env,
        Provider.MERI_PEHCHAAN,
        browser_hash=BROWSER,
        redirect_uri=CALLBACK,
        return_to="/",
        app=None,
        language=Language.EN,
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    code = providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID)
    await finish(env, Provider.MERI_PEHCHAAN, code, asked["state"])

    exchanged = providers[Provider.MERI_PEHCHAAN].exchanged[0]
    assert len(asked["state"]) >= 43
    assert asked["redirect_uri"] == exchanged["redirect_uri"] == CALLBACK
    assert asked["nonce"] == exchanged["nonce"]
    assert asked["code_challenge"] == challenge_of(exchanged["code_verifier"])


async def test_a_new_citizen_is_made_once_and_found_again(env, providers):
    first = await sign_in(env, providers, born_on=date(1984, 3, 14), gender="F", mobile="9800000001")
    again = await sign_in(env, providers)

    assert first.kind is PersonKind.CITIZEN
    assert first.session.person_id == again.session.person_id
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, [first.session.person_id]))[first.session.person_id]
    assert (citizen.name.en, citizen.born_on, citizen.mobile) == ("Asha Negi", date(1984, 3, 14), "9800000001")
    assert citizen.language is Language.HI


async def test_a_citizen_is_told_of_a_sign_in_on_a_kind_of_device_that_is_new_and_of_no_other(env, providers):
    first = await sign_in(env, providers)
    await sign_in(env, providers)
    assert await told_kinds(env, first) == []

    for _ in range(2):
        await sign_in(env, providers, app=AppRequest(APP, "app-state", challenge_of(VERIFIER)))
    assert await told_kinds(env, first) == [NoticeKind.NEW_DEVICE]


async def told_kinds(env, signed_in) -> list[NoticeKind]:
    async with env.store.read_transaction() as tx:
        return [one.kind for one in await notices.of_citizen(signed_in.session.person_id).page(tx, limit=9)]


async def test_five_first_sign_ins_at_once_make_one_citizen(env_of_each, providers):
    signed_in = await asyncio.gather(*(sign_in(env_of_each, providers, tokens=tokens("a")) for _ in range(5)))

    assert len({each.session.person_id for each in signed_in}) == 1
    assert len({each.session.id for each in signed_in}) == 5
    async with env_of_each.store.read_transaction() as tx:
        made = (await tx.connection.execute(people.citizens_table.select())).all()
    assert len(made) == 1


async def test_the_same_subject_of_two_providers_is_two_people(env, providers):
    meri = await sign_in(env, providers, subject="9800000001", mobile="9800000001")
    jan = await sign_in(
        env, providers, Provider.JAN_PARICHAY, "9800000001", mobile="9800000001", assurance=Assurance.LOW
    )

    assert meri.session.person_id != jan.session.person_id
    assert (meri.session.assurance, jan.session.assurance) == ("SUBSTANTIAL", "LOW")


async def test_a_state_works_once(env, providers):
    state = await begin(env)
    await finish(env, Provider.MERI_PEHCHAAN, providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID), state)

    code = providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID)
    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, code, state)) == START_AGAIN
    assert len(providers[Provider.MERI_PEHCHAAN].exchanged) == 1


async def test_a_state_raced_from_two_sides_works_once(env_of_each, providers):
    env = env_of_each
    state = await begin(env)
    meri = providers[Provider.MERI_PEHCHAAN]
    codes = [meri.vouch(SSO_ID), meri.vouch(SSO_ID, name="B")]
    outcomes = await asyncio.gather(
        *(finish(env, Provider.MERI_PEHCHAAN, code, state) for code in codes), return_exceptions=True
    )

    assert sum(isinstance(outcome, Problems) for outcome in outcomes) == 1
    assert len(meri.exchanged) == 1


async def test_an_unknown_state_is_refused_before_the_provider_is_asked(env, providers):
    code = providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID)

    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, code, "unknown")) == START_AGAIN
    assert not providers[Provider.MERI_PEHCHAAN].exchanged


async def test_another_browser_cannot_finish_and_spends_the_transaction(env, providers):
    state = await begin(env)
    code = providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID)

    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, code, state, browser=hash_of("x"))) == START_AGAIN
    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, code, state)) == START_AGAIN
    assert not providers[Provider.MERI_PEHCHAAN].exchanged


async def test_a_transaction_of_one_provider_is_not_finished_by_another(env, providers):
    state = await begin(env, Provider.PARICHAY)

    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, "code", state)) == START_AGAIN


async def test_a_transaction_lasts_ten_minutes(env, providers, store_clock):
    state = await begin(env)
    store_clock.advance(timedelta(seconds=601))

    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, "code", state)) == START_AGAIN


@pytest.mark.parametrize("error", [Unavailable(Source.SSO, "timed_out"), Refused(Source.SSO, "invalid_grant")])
async def test_a_failed_exchange_is_not_repeated_and_opens_nothing(env, providers, error):
    providers[Provider.MERI_PEHCHAAN].error = error
    state = await begin(env)

    with pytest.raises(type(error)):
        await finish(env, Provider.MERI_PEHCHAAN, "code", state)

    assert len(providers[Provider.MERI_PEHCHAAN].exchanged) == 1
    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, "code", state)) == START_AGAIN


async def test_a_provider_that_is_not_configured_is_not_found(env):
    assert (await refusal(begin(env, Provider.DIGILOCKER)))[0] is ErrorCode.NOT_FOUND


async def test_an_officer_signs_in_with_a_second_address_once_it_was_entered_for_her_and_not_after(env, providers):
    second, by = "charge-haridwar@officer.example", SYSTEM
    refused = (ErrorCode.FORBIDDEN, Remedy.CALL_HELPLINE)
    assert await refusal(sign_in(env, providers, Provider.PARICHAY, second)) == refused

    await add_account(env, by, OFFICER, second.upper())

    first = await sign_in(env, providers, Provider.PARICHAY, EMAIL)
    other = await sign_in(env, providers, Provider.PARICHAY, second)
    assert {first.session.person_id, other.session.person_id} == {OFFICER}
    assert (await refusal(add_account(env, by, OFFICER, second)))[0] is ErrorCode.ACCOUNT_TAKEN
    assert (await refusal(add_account(env, by, OFFICER, EMAIL)))[0] is ErrorCode.ACCOUNT_TAKEN
    assert (await refusal(add_account(env, by, OFFICER, "no address")))[0] is ErrorCode.BAD_INPUT
    assert (await refusal(add_account(env, by, OTHER, "x@y.example")))[0] is ErrorCode.NOT_FOUND

    assert await remove_account(env, by, OFFICER, second) == 2

    assert await refusal(sign_in(env, providers, Provider.PARICHAY, second)) == refused
    assert (await sign_in(env, providers, Provider.PARICHAY, EMAIL)).session.person_id == OFFICER
    assert (await refusal(remove_account(env, by, OFFICER, EMAIL)))[0] is ErrorCode.NOT_FOUND  # the register's own
    async with env.store.read_transaction() as tx:
        lines = [line.action for line in await audit_lines_of(tx, "OFFICER", OFFICER)]
    assert lines == ["officer.account_added", "officer.account_removed"]


async def test_an_officer_of_the_register_is_linked_at_the_first_sign_in(env, providers):
    signed_in = await sign_in(env, providers, Provider.PARICHAY, EMAIL)

    assert (signed_in.kind, signed_in.session.person_id) == (PersonKind.OFFICER, OFFICER)
    async with env.store.read_transaction() as tx:
        assert await identities.identity(tx, Provider.PARICHAY, EMAIL) == (PersonKind.OFFICER, OFFICER)


async def test_an_officer_who_is_not_on_the_register_is_refused_and_it_is_noted(env, providers):
    assert await refusal(sign_in(env, providers, Provider.PARICHAY, "stranger@officer.example")) == (
        ErrorCode.FORBIDDEN,
        Remedy.CALL_HELPLINE,
    )

    async with env.store.read_transaction() as tx:
        assert await identities.identity(tx, Provider.PARICHAY, "stranger@officer.example") is None
    assert "SIGN_IN_REFUSED" in await noted_actions(env)


async def test_an_address_that_went_to_another_officer_does_not_open_either_account(env, providers):
    await sign_in(env, providers, Provider.PARICHAY, EMAIL)
    async with env.store.write_transaction() as tx:
        await people.update_officer(tx, officer(OFFICER, "moved@officer.example"))
        await people.add_officer(tx, officer(OTHER, EMAIL))

    assert (await refusal(sign_in(env, providers, Provider.PARICHAY, EMAIL)))[0] is ErrorCode.FORBIDDEN


async def test_an_operator_must_be_on_the_register(env, providers):
    signed_in = await sign_in(env, providers, Provider.CSC_CONNECT, CSC_ID)

    assert (signed_in.kind, signed_in.session.person_id) == (PersonKind.OPERATOR, OPERATOR)
    assert (await refusal(sign_in(env, providers, Provider.CSC_CONNECT, "2")))[0] is ErrorCode.FORBIDDEN


async def test_a_citizens_provider_never_opens_an_officers_session(env, providers):
    signed_in = await sign_in(env, providers, Provider.MERI_PEHCHAAN, EMAIL, email=EMAIL)

    assert signed_in.kind is PersonKind.CITIZEN


async def test_the_locker_is_linked_and_the_day_of_linking_stays(env, providers, store_clock):
    linked_at = store_clock.now()
    person = (await sign_in(env, providers, tokens=tokens("access-1"))).session.person_id
    store_clock.advance(timedelta(days=1))
    await sign_in(env, providers, tokens=tokens("access-2", refresh=None, locker=None))

    async with env.store.read_transaction() as tx:
        grant = await identities.locker_grant(tx, person)
        accounts = (await identities.linked_accounts(tx, [person]))[person]
    assert grant is not None
    assert (grant.access_token, grant.refresh_token, grant.locker_id) == ("access-2", "refresh-1", "locker-1")
    assert grant.expires_at == store_clock.now() + timedelta(seconds=3600)
    assert next(each for each in accounts if each.provider is Provider.DIGILOCKER).linked_at == linked_at


async def test_tokens_of_an_unknown_locker_are_not_kept(env, providers):
    person = (await sign_in(env, providers, tokens=tokens("access-1", locker=None))).session.person_id

    async with env.store.read_transaction() as tx:
        assert await identities.locker_grant(tx, person) is None


async def test_a_session_is_opened_for_the_seconds_asked_for_and_noted(env, providers, store_clock):
    state = await begin(env, return_to="/graphql")
    signed_in = await finish(
        env, Provider.MERI_PEHCHAAN, providers[Provider.MERI_PEHCHAAN].vouch(SSO_ID), state, session_seconds=3600
    )

    assert (signed_in.return_to, signed_in.app_redirect) == ("/graphql", None)
    assert signed_in.token is not None
    async with env.store.read_transaction() as tx:
        kept = await sessions.session(tx, signed_in.session.id)
    assert kept == signed_in.session
    assert kept.expires_at == store_clock.now() + timedelta(seconds=3600)
    assert await noted_actions(env) == ["SIGN_IN"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\r\nLocation: https://evil.example",
        "javascript:alert(1)",
        "evil",
        "/a b",
        "/" + "a" * 2001,
    ],
)
async def test_a_return_to_another_origin_is_refused(env, target):
    assert (await refusal(begin(env, return_to=target)))[0] is ErrorCode.BAD_INPUT


async def test_a_broken_off_sign_in_spends_its_transaction(env, providers):
    state = await begin(env, app=AppRequest(APP, "app-state", challenge_of(VERIFIER)))
    given_up = await abandon_sign_in(
        env, Provider.MERI_PEHCHAAN, state=state, browser_hash=BROWSER, error="access_denied"
    )

    assert (given_up.app_redirect, given_up.app_state) == (APP, "app-state")
    assert await refusal(finish(env, Provider.MERI_PEHCHAAN, "code", state)) == START_AGAIN
