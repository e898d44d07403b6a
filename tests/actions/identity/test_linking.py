"""A further account of a citizen: shown at its provider, linked by a code to her telephone; and untied."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.identity.account_links import begin_link, confirm_link, link_under_way, open_link, unlink
from actions.identity.code_sending import send_code
from actions.identity.sessions import subject_for_token
from actions.identity.sign_in import LinkProven, SignedIn, SignInIntent, begin_sign_in, finish_sign_in
from actions.identity.sign_in_guards import hash_of
from domain.feedback.notices import Notice, NoticeKind, Topic
from domain.identity.sign_on import SignOnRules
from domain.kernel import Assurance, ErrorCode, Language, NotSignedIn, PersonKind, Problems, Provider, Remedy, Subject
from store.feedback import notices
from store.identity import identities, people
from store.platform import outbox
from tests.support.phones import Phones, with_phones
from tests.support.sign_in import FakeProvider, environment

BROWSER, ANOTHER = hash_of("a browser"), hash_of("another browser")
CALLBACK = "http://gateway.test/sign-in/callback/x"
MERI, JAN = Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY
MOBILE = "9800000001"


@pytest.fixture
def providers():
    return {each: FakeProvider(each) for each in (MERI, JAN)}


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, providers, phones):
    made = environment(sqlite_store, store_keyrings, store_clock, providers.values())
    return with_phones(made, phones)


async def came_back(env, provider: Provider, code: str, *, wish: SignInIntent | None = None) -> SignedIn | LinkProven:
    address = await begin_sign_in(
        env, provider, browser_hash=BROWSER, redirect_uri=CALLBACK, return_to="/", app=None, language=Language.EN,
        wish=wish,
    )  # fmt: skip
    state = address.split("state=")[1].split("&")[0]
    return await finish_sign_in(env, provider, code=code, state=state, browser_hash=BROWSER)


async def asha(env, providers, *, mobile: str | None = MOBILE) -> Subject:
    """Asha, signed in by MeriPehchaan, with a telephone on file."""
    code = providers[MERI].vouch("DL-1", mobile=mobile, born_on=date(1984, 3, 14))
    signed_in = await came_back(env, MERI, code)
    assert isinstance(signed_in, SignedIn)
    return await subject_for_token(env, signed_in.token or "")


async def proven(env, providers, subject: Subject, account: str = "JP-1") -> str:
    """She begins, opens the address in her browser, and shows the account at Jan Parichay; gives the link."""
    begun, _ = await begin_link(env, subject, JAN)
    shown = await open_link(env, begun.address.split("ticket=")[1], BROWSER)
    code = providers[JAN].vouch(account, assurance=Assurance.LOW)
    done = await came_back(env, JAN, code, wish=SignInIntent(link_id=shown.link.id))
    assert isinstance(done, LinkProven)
    return done.link_id


async def code_of(env, phones) -> str:
    """The code that came to a telephone."""
    async with env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 10, 30.0)
    for one in waiting:
        await send_code(env, one.payload)
        async with env.store.write_transaction() as tx:
            await outbox.mark_delivered(tx, one.id, env.clock.now())
    return next("".join(filter(str.isdigit, text))[:6] for _, text in reversed(phones.sent))


async def refusal(call) -> tuple[ErrorCode, Remedy]:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code, refused.value.problems[0].action


async def owner_of(env, provider: Provider, subject: str) -> str | None:
    async with env.store.read_transaction() as tx:
        known = await identities.identity(tx, provider, subject)
    return known[1] if known else None


async def test_an_account_is_linked_by_showing_it_and_by_the_code_to_the_telephone_on_file(env, providers, phones):
    her = await asha(env, providers)
    link_id = await proven(env, providers, her)
    assert await owner_of(env, JAN, "JP-1") is None

    code = await code_of(env, phones)
    assert phones.sent[0][0] == MOBILE
    assert await confirm_link(env, link_id, BROWSER, code) is JAN

    assert await owner_of(env, JAN, "JP-1") == her.person_id
    async with env.store.read_transaction() as tx:
        [notice] = await notices.of_citizen(her.person_id or "").page(tx, limit=5)
    assert (notice.kind.value, notice.params) == ("ACCOUNT_LINKED", {"provider": "JAN_PARICHAY"})


async def test_in_staging_a_code_goes_in_its_registered_words_since_operators_let_others_die(env, providers, phones):
    env = replace(env, rules=replace(env.rules, specimen=True))

    await proven(env, providers, await asha(env, providers))
    await code_of(env, phones)

    assert [text.partition(":")[0] for _, text in phones.sent] == ["Apuni Sarkar"]


async def test_a_linked_account_without_a_stable_id_is_as_good_as_the_telephone_that_vouched(env, providers, phones):
    unlinked = await came_back(env, JAN, providers[JAN].vouch("JP-9", assurance=Assurance.LOW))
    assert isinstance(unlinked, SignedIn)
    assert unlinked.session.assurance == "LOW"

    her = await asha(env, providers)
    await confirm_link(env, await proven(env, providers, her), BROWSER, await code_of(env, phones))
    linked = await came_back(env, JAN, providers[JAN].vouch("JP-1", assurance=Assurance.LOW))

    assert isinstance(linked, SignedIn)
    assert (linked.session.person_id, linked.session.assurance) == (her.person_id, "SUBSTANTIAL")
    async with env.store.read_transaction() as tx:
        shown = (await identities.linked_accounts(tx, [her.person_id or ""]))[her.person_id or ""]
    assert {one.provider: one.assurance for one in shown} == {
        MERI: Assurance.SUBSTANTIAL,
        JAN: Assurance.SUBSTANTIAL,
    }


async def test_the_same_name_and_mobile_never_join_two_accounts(env, providers):
    her = await asha(env, providers)
    other = await came_back(env, JAN, providers[JAN].vouch("JP-1", mobile=MOBILE, assurance=Assurance.LOW))

    assert isinstance(other, SignedIn)
    assert other.session.person_id != her.person_id


async def test_an_account_that_belongs_to_somebody_with_a_record_is_refused(env, providers, phones):
    other = await came_back(env, JAN, providers[JAN].vouch("JP-1", assurance=Assurance.LOW))
    assert isinstance(other, SignedIn)
    async with env.store.write_transaction() as tx:
        await notices.add(tx, _a_notice(env, other.session.person_id))
    her = await asha(env, providers)

    begun, _ = await begin_link(env, her, JAN)
    shown = await open_link(env, begun.address.split("ticket=")[1], BROWSER)
    code = providers[JAN].vouch("JP-1", assurance=Assurance.LOW)
    refused = await refusal(came_back(env, JAN, code, wish=SignInIntent(link_id=shown.link.id)))

    assert refused == (ErrorCode.ACCOUNT_TAKEN, Remedy.CALL_HELPLINE)
    assert phones.sent == []
    assert await owner_of(env, JAN, "JP-1") == other.session.person_id


def _a_notice(env, citizen_id: str) -> Notice:
    return Notice(env.ids.key(), citizen_id, NoticeKind.APPROVED, Topic.APPLICATION, "a", None, "told", env.clock.now())


async def test_an_empty_record_that_the_account_made_itself_gives_way(env, providers, phones):
    empty = await came_back(env, JAN, providers[JAN].vouch("JP-1", mobile=MOBILE, assurance=Assurance.LOW))
    assert isinstance(empty, SignedIn)
    her = await asha(env, providers)

    await confirm_link(env, await proven(env, providers, her), BROWSER, await code_of(env, phones))

    assert await owner_of(env, JAN, "JP-1") == her.person_id
    async with env.store.read_transaction() as tx:
        [left] = (await people.citizens(tx, [empty.session.person_id])).values()
    assert (left.name.en, left.mobile) == ("Erased", None)
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, empty.token or "")


async def test_without_a_telephone_on_file_nothing_is_linked(env, providers):
    her = await asha(env, providers, mobile=None)

    assert await refusal(begin_link(env, her, JAN)) == (ErrorCode.MOBILE_MISSING, Remedy.VISIT_CSC)


async def test_the_code_is_taken_in_the_browser_that_showed_the_account_only(env, providers, phones):
    link_id = await proven(env, providers, await asha(env, providers))
    code = await code_of(env, phones)

    assert (await refusal(confirm_link(env, link_id, ANOTHER, code)))[0] is ErrorCode.BAD_INPUT
    assert (await refusal(link_under_way(env, link_id, ANOTHER)))[0] is ErrorCode.BAD_INPUT
    assert await confirm_link(env, link_id, BROWSER, code) is JAN


async def test_the_address_is_good_once(env, providers):
    begun, _ = await begin_link(env, await asha(env, providers), JAN)
    ticket = begun.address.split("ticket=")[1]
    await open_link(env, ticket, BROWSER)

    assert (await refusal(open_link(env, ticket, BROWSER)))[0] is ErrorCode.BAD_INPUT


async def test_a_link_lasts_a_quarter_of_an_hour(env, providers, store_clock):
    begun, _ = await begin_link(env, await asha(env, providers), JAN)
    store_clock.advance(timedelta(minutes=15))

    assert (await refusal(open_link(env, begun.address.split("ticket=")[1], BROWSER)))[0] is ErrorCode.BAD_INPUT


async def test_wrong_codes_are_counted_and_the_fourth_try_is_none(env, providers, phones):
    link_id = await proven(env, providers, await asha(env, providers))
    code = await code_of(env, phones)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(3):
        assert (await refusal(confirm_link(env, link_id, BROWSER, wrong)))[0] is ErrorCode.OTP_WRONG

    assert (await refusal(confirm_link(env, link_id, BROWSER, code)))[0] is ErrorCode.OTP_EXPIRED


async def test_what_is_shown_before_says_whose_record_it_is_and_no_more(env, providers):
    begun, _ = await begin_link(env, await asha(env, providers), JAN)
    shown = await open_link(env, begun.address.split("ticket=")[1], BROWSER)

    assert (shown.name_hint, shown.masked_mobile) == ("AN", "98xxxxxx01")


async def test_an_account_is_untied_and_its_sessions_end_but_the_last_way_in_stays(env, providers, phones):
    her = await asha(env, providers)
    assert (await refusal(unlink(env, her, MERI, "last")))[0] is ErrorCode.LAST_ACCOUNT
    assert (await refusal(unlink(env, her, JAN, "none")))[0] is ErrorCode.NOT_FOUND
    await confirm_link(env, await proven(env, providers, her), BROWSER, await code_of(env, phones))
    by_jan = await came_back(env, JAN, providers[JAN].vouch("JP-1", assurance=Assurance.LOW))
    assert isinstance(by_jan, SignedIn)

    assert await unlink(env, her, JAN, "untie") == (1, False)

    assert await owner_of(env, JAN, "JP-1") is None
    with pytest.raises(NotSignedIn):
        await subject_for_token(env, by_jan.token or "")


async def test_providers_are_chosen_by_setting(env, providers):
    chosen = SignOnRules(providers={PersonKind.CITIZEN: frozenset({MERI})})
    env = replace(env, rules=replace(env.rules, sign_on=chosen))
    her = await asha(env, providers)

    assert (await refusal(came_back(env, JAN, "code")))[0] is ErrorCode.NOT_FOUND
    assert (await refusal(begin_link(env, her, JAN)))[0] is ErrorCode.NOT_FOUND
