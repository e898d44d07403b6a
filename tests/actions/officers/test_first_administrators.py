"""The first two administrators: entered on the host or by the first, each with a one-time link."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.officers.administrators import changes_of_watched
from actions.officers.first_administrators import (
    CreateAdministrator,
    create_administrator,
    waiting_administrators,
)
from domain.kernel import SYSTEM, Bilingual, ErrorCode, Officer, PersonKind, Posting, Problems, Provider, Role, Subject
from store.identity import identities, invitations, people
from tests.support.graph import Down, environment
from tests.support.stored import audit_lines_of


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, tmp_path):
    """An environment whose store holds nobody."""
    return environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())


def administrator(officer_id: str) -> Subject:
    return Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, officer_id, (Posting(Role.ADMIN),))


async def created(env, name, by=SYSTEM, **more):
    request = CreateAdministrator(name, more.pop("email", f"{name}@uk.gov.example"), more.pop("key", name))
    made, _ = await create_administrator(env, by, replace(request, **more))
    return made


async def refused(work) -> tuple[ErrorCode, tuple[str, ...]]:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code, caught.value.problem.path


async def test_the_first_administrator_is_entered_on_the_host_with_a_link_and_it_is_audited(env):
    made = await created(env, "anita", name_hi="अनीता")

    assert made.link.startswith(f"{env.public_url}/sign-in/start/parichay?invitation=")
    assert (made.expires_at - env.clock.now()).total_seconds() == 48 * 3600
    async with env.store.read_transaction() as tx:
        entered = (await people.officers(tx, [made.officer_id]))[made.officer_id]
        lines = [line.action for line in await audit_lines_of(tx, "OFFICER", made.officer_id)]
    assert (entered.name.hi, entered.email) == ("अनीता", "anita@uk.gov.example")
    assert entered.postings == (Posting(Role.ADMIN),)
    assert lines == ["staff.post_changed", "admin.created", "officer.invited"]


async def test_the_first_administrator_enters_the_second_and_sees_the_link_until_it_is_used(env):
    first = administrator((await created(env, "anita")).officer_id)

    second = await created(env, "bina", by=first)

    assert await waiting_administrators(env, first) == [second]
    assert await waiting_administrators(env, administrator(second.officer_id)) == []
    async with env.store.write_transaction() as tx:
        (link,) = await invitations.unused_links(tx, second.officer_id)
        await invitations.use(tx, link.id)
    assert await waiting_administrators(env, first) == []


async def test_a_third_administrator_is_refused_since_two_order_and_confirm_it(env):
    first = administrator((await created(env, "anita")).officer_id)
    await created(env, "bina", by=first)

    assert await refused(created(env, "chitra", by=first)) == (ErrorCode.STEP_NOT_ALLOWED, ("input",))
    assert await refused(created(env, "chitra")) == (ErrorCode.STEP_NOT_ALLOWED, ("input",))


async def test_one_who_has_not_used_her_link_is_given_a_new_one(env):
    first = await created(env, "anita")

    again = await created(env, "anita", key="again")

    assert again.officer_id == first.officer_id
    assert again.link != first.link


async def test_the_same_key_gives_the_same_link(env):
    assert (await created(env, "anita")).link == (await created(env, "anita")).link


async def test_an_officer_who_is_no_administrator_enters_nobody(env):
    officer = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, "o1", (Posting(Role.OFFICER, "revenue"),))

    assert (await refused(created(env, "anita", by=officer)))[0] is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "email", ["", "nobody", "a b@uk.gov.example", "a@b@uk.gov.example", "a@nowhere", "अ@uk.example"]
)
async def test_what_is_no_address_is_refused_at_its_field(env, email):
    assert await refused(created(env, "anita", email=email)) == (ErrorCode.BAD_INPUT, ("input", "email"))


async def test_the_address_of_an_officer_is_taken(env):
    await created(env, "anita")

    taken = created(env, "bina", by=administrator("x"), email="ANITA@uk.gov.example")
    async with env.store.write_transaction() as tx:
        (link,) = await invitations.unused_links(tx)
        await invitations.use(tx, link.id)

    assert await refused(taken) == (ErrorCode.ACCOUNT_TAKEN, ("input", "email"))


async def test_a_mistyped_address_is_corrected_by_whoever_entered_her_while_the_link_is_unused(env):
    first = administrator((await created(env, "anita")).officer_id)
    mistyped = await created(env, "bina", by=first, email="bnia@uk.gov.example")

    corrected = await created(env, "bina", by=first, key="again")

    assert corrected.officer_id == mistyped.officer_id
    assert corrected.link != mistyped.link
    async with env.store.read_transaction() as tx:
        entered = (await people.officers(tx, [mistyped.officer_id]))[mistyped.officer_id]
        lines = [line.action for line in await audit_lines_of(tx, "OFFICER", mistyped.officer_id)]
    assert entered.email == "bina@uk.gov.example"
    assert lines[-3::2] == ["admin.address_corrected", "officer.invited"]


async def test_the_address_of_an_administrator_whom_another_entered_is_not_corrected(env):
    first = administrator((await created(env, "anita")).officer_id)
    await created(env, "bina")

    taken_over = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(taken_over))[0] is ErrorCode.STEP_NOT_ALLOWED


async def test_the_address_of_an_administrator_who_used_her_link_is_not_corrected(env):
    first = administrator((await created(env, "anita")).officer_id)
    second = await created(env, "bina", by=first)
    async with env.store.write_transaction() as tx:
        (link,) = await invitations.unused_links(tx, second.officer_id)
        await invitations.use(tx, link.id)

    again = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(again))[0] is ErrorCode.STEP_NOT_ALLOWED


async def a_third(env):
    """Enter an administrator as two people do who order and confirm it."""
    title = Bilingual(None, "Administrator")
    async with env.store.write_transaction() as tx:
        entry = Officer("chitra", title, title, "chitra@uk.gov.example", (Posting(Role.ADMIN),))
        await people.add_officer(tx, entry)


async def test_the_address_of_an_old_administrator_is_corrected_by_nobody_alone(env):
    first = administrator((await created(env, "anita")).officer_id)
    await created(env, "bina", by=first)
    await a_third(env)

    again = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(again))[0] is ErrorCode.STEP_NOT_ALLOWED


async def test_an_address_is_not_corrected_once_its_link_has_expired(env, store_clock):
    first = administrator((await created(env, "anita")).officer_id)
    await created(env, "bina", by=first)
    store_clock.advance(timedelta(hours=48))

    again = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(again))[0] is ErrorCode.STEP_NOT_ALLOWED


async def test_whoever_makes_another_a_new_link_does_not_correct_her_address_by_it(env):
    first = administrator((await created(env, "anita")).officer_id)
    await created(env, "bina")
    await created(env, "bina", by=first, key="new link")

    again = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(again))[0] is ErrorCode.STEP_NOT_ALLOWED


async def test_a_corrected_address_raises_the_alarm_of_a_watched_post(env):
    first = administrator((await created(env, "anita")).officer_id)
    mistyped = await created(env, "bina", by=first, email="bnia@uk.gov.example")

    await created(env, "bina", by=first, key="again")

    async with env.store.read_transaction() as tx:
        assert await changes_of_watched(tx) == {"ADMIN": 3}
        lines = [line.action for line in await audit_lines_of(tx, "OFFICER", mistyped.officer_id)]
    assert lines[-3:] == ["admin.address_corrected", "staff.post_changed", "officer.invited"]


async def test_a_second_person_of_the_same_name_is_entered_beside_the_first_one_on_the_host(env):
    first = await created(env, "anita")

    second = await created(env, "anita", key="again", email="other@uk.gov.example")

    assert second.officer_id != first.officer_id


async def test_on_the_host_an_address_is_corrected_where_the_mistyped_one_is_named(env):
    first = await created(env, "anita", email="anit@uk.gov.example")

    again = await created(env, "anita", key="again", instead_of="Anit@uk.gov.example")

    assert again.officer_id == first.officer_id


async def test_the_address_of_one_who_signed_in_without_her_link_is_not_corrected(env):
    first = administrator((await created(env, "anita")).officer_id)
    second = await created(env, "bina", by=first)
    async with env.store.write_transaction() as tx:
        who = PersonKind.OFFICER, second.officer_id
        at = env.clock.now()
        await identities.add_identity(tx, Provider.PARICHAY, "bina@uk.gov.example", *who, at, "SUBSTANTIAL")

    again = created(env, "bina", by=first, key="again", email="mine@uk.gov.example")

    assert (await refused(again))[0] is ErrorCode.STEP_NOT_ALLOWED
