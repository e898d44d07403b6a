"""An officer's account is tied at first use: by the address of the register, or by a one-time link."""

from datetime import timedelta

import pytest

from actions.identity.invitations import invite
from actions.identity.sign_in import SignInIntent, begin_sign_in
from actions.kernel import UnitOfWork
from domain.kernel import SYSTEM, ErrorCode, Language, PersonKind, Provider
from store.identity import identities, officer_accounts, people
from tests.support.sign_in import officer
from tests.support.signing_in import BROWSER, CALLBACK, EMAIL, OFFICER, OTHER, finish, noted_actions, refusal, sign_in

NOT_TIED = ErrorCode.FORBIDDEN


async def link_for(env, officer_id=OFFICER):
    async with env.store.write_transaction() as tx:
        return await invite(UnitOfWork(env, tx, SYSTEM), officer_id, None)


async def by_link(env, providers, token, subject=EMAIL, **known):
    url = await begin_sign_in(
        env,
        Provider.PARICHAY,
        browser_hash=BROWSER,
        redirect_uri=CALLBACK,
        return_to="/",
        app=None,
        language=Language.EN,
        wish=SignInIntent(invitation=token),
    )
    state = url.split("state=")[1].split("&")[0]
    return await finish(env, Provider.PARICHAY, providers[Provider.PARICHAY].vouch(subject, **known), state)


async def code_of(work):
    return (await refusal(work))[0]


async def test_an_address_that_the_register_gave_her_later_opens_nothing_once_her_account_is_tied(env, providers):
    await sign_in(env, providers, Provider.PARICHAY, EMAIL)
    async with env.store.write_transaction() as tx:
        await people.update_officer(tx, officer(OFFICER, "moved@officer.example"))

    assert await code_of(sign_in(env, providers, Provider.PARICHAY, "moved@officer.example")) is NOT_TIED


async def test_a_durable_subject_opens_her_account_after_her_address_changed(env, providers):
    await sign_in(env, providers, Provider.PARICHAY, "id-77", email=EMAIL)
    async with env.store.write_transaction() as tx:
        await people.update_officer(tx, officer(OFFICER, "moved@officer.example"))

    signed_in = await sign_in(env, providers, Provider.PARICHAY, "id-77", email="new@officer.example")

    assert signed_in.session.person_id == OFFICER


async def test_another_person_with_her_address_is_not_let_in_where_the_provider_tells_a_durable_subject(env, providers):
    await sign_in(env, providers, Provider.PARICHAY, "id-77", email=EMAIL)

    assert await code_of(sign_in(env, providers, Provider.PARICHAY, "id-78", email=EMAIL)) is NOT_TIED


async def test_a_durable_subject_does_not_take_the_place_of_the_address_by_which_her_account_was_tied(env, providers):
    await sign_in(env, providers, Provider.PARICHAY, EMAIL)

    assert await code_of(sign_in(env, providers, Provider.PARICHAY, "id-77", email=EMAIL)) is NOT_TIED

    async with env.store.read_transaction() as tx:
        assert await identities.identity(tx, Provider.PARICHAY, EMAIL) == (PersonKind.OFFICER, OFFICER)


async def test_a_further_account_is_not_tied_by_a_durable_subject_which_nobody_could_untie(env, providers):
    async with env.store.write_transaction() as tx:
        await officer_accounts.add(tx, OFFICER, "further@officer.example", env.clock.now())

    refused = sign_in(env, providers, Provider.PARICHAY, "id-77", email="further@officer.example")

    assert await code_of(refused) is NOT_TIED


async def test_a_link_ties_the_account_and_is_audited(env, providers):
    link = await link_for(env)

    signed_in = await by_link(env, providers, link.token)

    assert signed_in.session.person_id == OFFICER
    assert await noted_actions(env) == ["officer.invited", "officer.account_tied", "SIGN_IN"]
    assert (await sign_in(env, providers, Provider.PARICHAY, EMAIL)).session.person_id == OFFICER


async def test_whoever_waits_for_a_link_is_not_let_in_without_it(env, providers):
    await link_for(env)

    assert await code_of(sign_in(env, providers, Provider.PARICHAY, EMAIL)) is NOT_TIED


async def test_a_link_that_was_used_is_refused_with_its_code(env, providers):
    link = await link_for(env)
    await by_link(env, providers, link.token)

    assert await code_of(by_link(env, providers, link.token)) is ErrorCode.INVITATION_OVER


@pytest.mark.parametrize(("hours", "code"), [(47, None), (48, ErrorCode.INVITATION_OVER)])
async def test_a_link_holds_for_48_hours(env, providers, store_clock, hours, code):
    link = await link_for(env)
    store_clock.advance(timedelta(hours=hours))

    if code is None:
        await by_link(env, providers, link.token)
    else:
        assert await code_of(by_link(env, providers, link.token)) is code


async def test_a_newer_link_takes_the_place_of_the_one_before(env, providers):
    older, newer = await link_for(env), await link_for(env)

    assert await code_of(by_link(env, providers, older.token)) is ErrorCode.INVITATION_OVER
    assert (await by_link(env, providers, newer.token)).session.person_id == OFFICER


async def test_a_link_in_the_hands_of_another_officer_opens_nothing_and_is_not_used_up(env, providers):
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer(OTHER, "other@officer.example"))
    link = await link_for(env)

    assert await code_of(by_link(env, providers, link.token, "other@officer.example")) is NOT_TIED
    assert (await by_link(env, providers, link.token)).session.person_id == OFFICER
