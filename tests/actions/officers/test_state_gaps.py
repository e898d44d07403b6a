"""What `apuni doctor state` names: vacant posts by department, place and level, and who answers meanwhile."""

from datetime import timedelta

import pytest

from actions.officers.state_gaps import gaps_for, state_gaps
from domain.kernel import Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject, ist_date
from domain.officers.staff import Leave, Transfer, Vacancy
from gateway.installation.doctor import list_state_gaps
from store.identity import people
from store.officers import leave, posts
from tests.support.graph import Down, environment
from tests.support.graph_catalogue import enter_catalogue
from tests.support.plans import statements_of

REVENUE, WELFARE = "revenue-department", "social-welfare"
DESIGNATED, FIRST, SECOND = OfficerLevel


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock, tmp_path):
    """An environment with services of two departments, a district with one tehsil, one without any, and no officers."""
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    async with env.store.write_transaction() as tx:
        await enter_catalogue(tx)
    return env


async def post(env, key, *postings):
    async with env.store.write_transaction() as tx:
        title = Bilingual(None, "Officer")
        await people.add_officer(tx, Officer(key, title, title, f"{key}@uk.gov.example", postings))


async def gaps_of(env, department, level):
    return [
        (gap.places, gap.answered_by)
        for gap in await state_gaps(env)
        if (gap.department, gap.level) == (department, level)
    ]


async def test_without_officers_every_level_and_head_of_each_department_is_named_with_its_services(env):
    gaps = await state_gaps(env)

    assert [(gap.department, gap.level) for gap in gaps] == [
        (department, level) for department in (REVENUE, WELFARE) for level in (None, *OfficerLevel)
    ]
    assert "ES09" in gaps[0].services
    assert {gap.answered_by for gap in gaps} == {None}


async def test_an_officer_of_one_tehsil_leaves_the_other_district_vacant(env):
    await post(env, "anita", Posting(Role.OFFICER, REVENUE, "49", "304", DESIGNATED))

    assert await gaps_of(env, REVENUE, DESIGNATED) == [(("45",), None)]


async def test_a_post_for_one_service_leaves_the_others_of_its_place_vacant(env):
    await post(env, "anita", Posting(Role.OFFICER, REVENUE, None, None, DESIGNATED, ("ES09",)))

    gaps = [gap for gap in await state_gaps(env) if (gap.department, gap.level) == (REVENUE, DESIGNATED)]

    assert [gap.places for gap in gaps] == [("45", "49")]
    assert "ES09" not in gaps[0].services
    assert gaps[0].services


async def test_the_level_above_answers_by_default(env):
    await post(env, "meera", Posting(Role.APPELLATE, REVENUE, "49", None, FIRST))

    assert await gaps_of(env, REVENUE, DESIGNATED) == [(("45",), None), (("49",), "meera")]


async def go_on_leave(env, key, substitute, *, in_days=0):
    """Two days of leave, confirmed or in need of no confirmation."""
    first = ist_date(env.clock.now()) + timedelta(days=in_days)
    async with env.store.write_transaction() as tx:
        entry = Leave(f"leave-{key}", key, substitute, first, first + timedelta(days=1), None, env.clock.now())
        await leave.add(tx, entry)


@pytest.fixture
async def anita_alone(env):
    """One officer decides in each district; a first appellate authority is above her in Dehradun."""
    await post(env, "anita", Posting(Role.OFFICER, REVENUE, "49", None, DESIGNATED))
    await post(env, "rakesh", Posting(Role.OFFICER, REVENUE, "45", None, DESIGNATED))
    await post(env, "meera", Posting(Role.APPELLATE, REVENUE, "49", None, FIRST))


@pytest.mark.usefixtures("anita_alone")
async def test_an_officer_on_leave_without_cover_leaves_her_place_to_the_level_above(env):
    await go_on_leave(env, "anita", None)

    assert await gaps_of(env, REVENUE, DESIGNATED) == [(("49",), "meera")]


@pytest.mark.usefixtures("anita_alone")
async def test_an_officer_on_leave_whose_cover_is_away_too_leaves_her_place_vacant(env):
    await go_on_leave(env, "anita", "rakesh")
    await go_on_leave(env, "rakesh", "anita")

    assert await gaps_of(env, REVENUE, DESIGNATED) == [(("45",), None), (("49",), "meera")]


@pytest.mark.parametrize(("substitute", "in_days"), [("rakesh", 0), (None, 1)])
@pytest.mark.usefixtures("anita_alone")
async def test_a_leave_with_cover_or_yet_to_begin_leaves_nothing_vacant(env, substitute, in_days):
    await go_on_leave(env, "anita", substitute, in_days=in_days)

    assert await gaps_of(env, REVENUE, DESIGNATED) == []


async def leave_vacant(env, posting, cover):
    """A post that its officer left, in charge of another."""
    now = env.clock.now()
    async with env.store.write_transaction() as tx:
        await posts.add_transfer(tx, Transfer("t", "anita", None, cover, (posting,), (), None, now))
        await posts.add_vacancy(tx, Vacancy("v", "t", posting, "anita", cover, now))


@pytest.mark.usefixtures("anita_alone")
async def test_a_vacant_post_of_which_an_officer_has_charge_is_no_gap(env):
    posting = Posting(Role.OFFICER, WELFARE, "49", None, DESIGNATED)

    await leave_vacant(env, posting, "rakesh")

    assert await gaps_of(env, WELFARE, DESIGNATED) == [(("45",), None)]


@pytest.mark.usefixtures("anita_alone")
async def test_a_vacant_post_of_which_an_absent_officer_has_charge_is_a_gap(env):
    posting = Posting(Role.OFFICER, WELFARE, "49", None, DESIGNATED)

    await leave_vacant(env, posting, "rakesh")
    await go_on_leave(env, "rakesh", None)

    assert await gaps_of(env, WELFARE, DESIGNATED) == [(("45", "49"), None)]


@pytest.mark.usefixtures("anita_alone")
async def test_how_many_officers_are_away_or_stand_in_adds_no_statement(env):
    async def statements():
        with statements_of(env.store) as seen:
            await state_gaps(env)
        return len(seen)

    await state_gaps(env)
    await go_on_leave(env, "anita", "rakesh")
    few = await statements()
    await go_on_leave(env, "rakesh", "meera")
    await leave_vacant(env, Posting(Role.OFFICER, WELFARE, "49", None, DESIGNATED), "rakesh")

    assert await statements() == few


async def test_posts_are_read_of_the_departments_that_are_asked_for_and_of_those_of_all(env):
    await post(env, "anita", Posting(Role.OFFICER, REVENUE, "49", "304", DESIGNATED))
    await post(env, "rakesh", Posting(Role.OFFICER, WELFARE, "49", None, DESIGNATED))
    await post(env, "admin", Posting(Role.ADMIN))

    async with env.store.read_transaction() as tx:
        held = await people.held_postings(tx, [REVENUE])

    assert [officer_id for officer_id, _ in held] == ["admin", "anita"]


async def test_an_administrator_of_a_department_is_told_of_its_gaps_alone(env):
    await post(env, "head", Posting(Role.DEPARTMENT_ADMIN, REVENUE))
    subject = Subject(
        frozenset({Role.DEPARTMENT_ADMIN}), PersonKind.OFFICER, "head", (Posting(Role.DEPARTMENT_ADMIN, REVENUE),)
    )

    assert {gap.department for gap in await gaps_for(env, subject)} == {REVENUE}


async def test_an_officer_of_the_whole_department_leaves_nothing_vacant(env):
    await post(env, "head", Posting(Role.DEPARTMENT_ADMIN, REVENUE))

    assert await gaps_of(env, REVENUE, None) == []


async def test_the_command_says_who_answers_and_fails_while_a_post_is_vacant(env, capsys):
    await post(env, "meera", Posting(Role.APPELLATE, REVENUE, "49", None, FIRST))

    assert await list_state_gaps(env) is False

    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{REVENUE}: no DESIGNATED in 49"))
    assert lines[at + 1] == "  answers by default: meera"


async def test_the_command_succeeds_once_every_post_is_held(env):
    levels = [Posting(Role.OFFICER, None, "49", None, DESIGNATED), Posting(Role.OFFICER, None, "45", None, DESIGNATED)]
    above = [Posting(Role.APPELLATE, one, None, None, level) for one in (REVENUE, WELFARE) for level in (FIRST, SECOND)]
    await post(env, "all", *levels, *above, *(Posting(Role.DEPARTMENT_ADMIN, one) for one in (REVENUE, WELFARE)))
    assert await list_state_gaps(env) is False

    await post(env, "kavita", Posting(Role.HELPLINE))

    assert await list_state_gaps(env, as_json=True) is True


async def test_the_command_says_where_nobody_has_the_helpline(env, capsys):
    await list_state_gaps(env)

    assert "nobody has the post HELPLINE" in capsys.readouterr().out
