"""Batches of joiners, transfers, leaves and retirements: proposed by one, confirmed by another, carried out, undone."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from actions.officers import batches as verbs
from actions.officers.batch_undoing import undo_batch
from actions.officers.batches import ConfirmBatch, apply_batch, confirm_batch, propose_batch
from actions.officers.change_rows import reason_text
from domain.catalogue.catalogue import Department, District, Tehsil
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.kernel import (
    SYSTEM,
    Bilingual,
    ErrorCode,
    Language,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Problems,
    Provider,
    Role,
    ist_date,
)
from domain.officers.changes import BatchState, RowState
from store.catalogue import catalogue, centres
from store.identity import identities, officer_accounts, people
from store.officers import batches, leave, posts
from tests.support.graph import Down, environment
from tests.support.graph_catalogue import a_service
from tests.support.plans import statements_of
from tests.support.staffing import ADMIN, OURS, SECOND, enter_administrators
from tests.support.stored import audit_lines_of

DEPARTMENT, DISTRICT, TEHSIL = "revenue", "49", "304"
NAME = Bilingual("नाम", "Name")
POST = Posting(Role.OFFICER, DEPARTMENT, DISTRICT, TEHSIL, OfficerLevel.DESIGNATED)
AT = {"role": "OFFICER", "level": "DESIGNATED", "department": DEPARTMENT, "district": DISTRICT, "tehsil": TEHSIL}


@pytest.fixture
async def env(store, store_keyrings, store_clock, tmp_path):
    """An environment with two administrators, a department and a tehsil."""
    env = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await enter_administrators(env, "admin", "second-admin")
    async with env.store.write_transaction() as tx:
        await catalogue.upsert_departments(tx, [Department(DEPARTMENT, DEPARTMENT, NAME, None, "test", verified=False)])
        await catalogue.upsert_districts(
            tx, [District(DISTRICT, DISTRICT, NAME, "Garhwal", "Dehradun", "test", verified=False)]
        )
        await catalogue.upsert_tehsils(tx, [Tehsil(TEHSIL, DISTRICT, NAME, "test", verified=False)])
        await catalogue.upsert_services(tx, [a_service(code, DEPARTMENT) for code in ("ES08", "ES09")])
    return env


def joiner(name: str, **more: str) -> dict[str, str]:
    named = {"name_en": name.title(), "designation_en": "Tehsildar"}
    return {"change": "JOIN", "email": f"{name}@uk.gov.example", **named, **AT, **more}


def change(kind: str, name: str, **more: str) -> dict[str, str]:
    return {"change": kind, "email": f"{name}@uk.gov.example", **more}


async def entered(env, *rows, by=ADMIN, confirmed_by=SECOND):
    """The batch of these rows once it was confirmed and carried out."""
    batch = (await propose_batch(env, by, rows, "officers.csv")).batch
    await confirm_batch(env, confirmed_by, ConfirmBatch(batch.id, confirm=True, idempotency_key=f"confirm {batch.id}"))
    return await apply_batch(env, batch.id)


async def officer_of(env, name):
    async with env.store.read_transaction() as tx:
        return await people.officer_by_email(tx, f"{name}@uk.gov.example")


async def take_addresses(env):
    """A further address of an administrator, and the address of a principal."""
    school = Centre("05490100101", CentreKind.SCHOOL, NAME, DISTRICT, TEHSIL, open=True)
    async with env.store.write_transaction() as tx:
        await officer_accounts.add(tx, "admin", "further@uk.gov.example", env.clock.now())
        await people.add_operator(tx, Operator("op-1", NAME, "K-1", NAME, DISTRICT, TEHSIL))
        await centres.save_centres(tx, [school])
        await centres.bind(tx, [Binding("op-1", school.code, "principal@school.example")])


async def wrong(env, *rows):
    """The line, cell and rule of each row that is refused."""
    done = await propose_batch(env, ADMIN, rows, "officers.csv", dry_run=True)
    return [(one.row, one.field, one.reason) for one in done.rejects]


async def code_of(work):
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code


async def states_of(env, batch_id):
    async with env.store.read_transaction() as tx:
        return [(row.line, row.state, row.reason) for row in await batches.rows_in(tx, batch_id, None, 100)]


async def test_joiners_are_on_the_register_once_a_second_administrator_confirmed_them(env):
    batch = (await propose_batch(env, ADMIN, [joiner("anita"), joiner("bina")], "officers.csv")).batch
    assert await officer_of(env, "anita") is None

    done, _ = await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    done = await apply_batch(env, done.id)

    anita = await officer_of(env, "anita")
    assert done.state is BatchState.DONE
    assert (anita.name.en, anita.designation.en, anita.postings) == ("Anita", "Tehsildar", (POST,))
    async with env.store.read_transaction() as tx:
        assert [line.action for line in await audit_lines_of(tx, "OFFICER", anita.id)] == ["staff.joined"]


async def test_whoever_proposed_a_batch_does_not_confirm_it(env):
    batch = (await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")).batch

    confirming = ConfirmBatch(batch.id, confirm=True, idempotency_key="k")

    assert await code_of(confirm_batch(env, ADMIN, confirming)) is ErrorCode.SECOND_OFFICER_NEEDED


async def test_a_batch_of_the_host_is_not_confirmed_on_the_host(env):
    host = replace(SYSTEM, account="CLI:0")
    other = replace(SYSTEM, account="CLI:1")
    batch = (await propose_batch(env, host, [joiner("anita")], "officers.csv")).batch

    confirming = ConfirmBatch(batch.id, confirm=True, idempotency_key="k")

    assert await code_of(confirm_batch(env, other, confirming)) is ErrorCode.SECOND_OFFICER_NEEDED


async def test_an_administrator_whom_a_row_concerns_does_not_confirm_the_batch(env):
    row = {"change": "RETIRE", "email": "second-admin@admin.example"}
    batch = (await propose_batch(env, ADMIN, [row], "officers.csv")).batch

    confirming = ConfirmBatch(batch.id, confirm=True, idempotency_key="k")

    assert await code_of(confirm_batch(env, SECOND, confirming)) is ErrorCode.SECOND_OFFICER_NEEDED


async def test_an_administrator_who_would_take_the_posts_of_a_row_does_not_confirm_the_batch(env):
    row = {"change": "RETIRE", "email": "admin@admin.example", "successor": "Second-Admin@admin.example"}
    batch = (await propose_batch(env, ADMIN, [row], "officers.csv")).batch

    confirming = ConfirmBatch(batch.id, confirm=True, idempotency_key="k")

    assert await code_of(confirm_batch(env, SECOND, confirming)) is ErrorCode.SECOND_OFFICER_NEEDED


async def test_nobody_proposes_herself_in_charge_of_a_post(env):
    await entered(env, joiner("anita"))

    assert await wrong(env, change("TRANSFER", "anita", cover="admin@admin.example")) == [(2, "cover", "OWN_POST")]


async def test_nobody_proposes_a_post_for_herself(env):
    row = {"change": "TRANSFER", "email": "admin@admin.example", **AT}

    assert await wrong(env, row) == [(2, "email", "OWN_POST")]


async def test_an_administrator_of_a_department_proposes_no_batch(env):
    assert await code_of(propose_batch(env, OURS, [joiner("anita")], "officers.csv")) is ErrorCode.NOT_FOUND


async def test_without_a_second_administrator_no_batch_is_proposed(env):
    async with env.store.write_transaction() as tx:
        second = (await people.officers(tx, ["second-admin"]))["second-admin"]
        await batches.remove_officers(tx, [second.id])

    refused = propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")

    assert await code_of(refused) is ErrorCode.SECOND_ADMINISTRATOR_NEEDED


async def test_a_dry_run_writes_nothing(env):
    done = await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv", dry_run=True)

    assert (done.batch, done.rows, done.rejects) == (None, 1, [])
    async with env.store.read_transaction() as tx:
        assert await batches.in_states().count(tx) == 0


async def test_a_refused_batch_changes_nothing(env):
    batch = (await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")).batch

    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=False, idempotency_key="k"))

    assert (await apply_batch(env, batch.id)).state is BatchState.REFUSED
    assert await officer_of(env, "anita") is None


@pytest.mark.parametrize(
    ("more", "cell", "rule"),
    [
        ({"department": "", "district": "", "tehsil": ""}, "department", "NO_JURISDICTION"),
        ({"department": "forest"}, "department", "NOT_KNOWN"),
        ({"district": "99"}, "district", "NOT_KNOWN"),
        ({"tehsil": "999"}, "tehsil", "NOT_KNOWN"),
        ({"services": "ES09 9.9"}, "services", "SERVICE_NOT_OF_DEPARTMENT"),
        ({"services": "ES09", "role": "DEPARTMENT_ADMIN", "level": ""}, "services", "SERVICES_NOT_OF_POST"),
        ({"services": "ES09", "department": ""}, "services", "SERVICES_NOT_OF_POST"),
        ({"email": "further@uk.gov.example"}, "email", "ADDRESS_TAKEN"),
        ({"email": "principal@school.example"}, "email", "ADDRESS_TAKEN"),
        ({"level": "FIRST_APPELLATE"}, "level", "LEVEL_NOT_OF_ROLE"),
        ({"role": "CITIZEN"}, "role", "ROLE_NOT_ENTERED"),
        ({"role": "KING"}, "role", "NOT_KNOWN"),
        ({"role": "AUDITOR", "level": ""}, "department", "WHOLE_STATE"),
        ({"email": "nobody"}, "email", "NOT_AN_ADDRESS"),
        ({"name_en": ""}, "name_en", "MISSING"),
        ({"email": "admin@admin.example"}, "email", "ON_REGISTER"),
        ({"change": "TRANSFER"}, "email", "NOT_ON_REGISTER"),
        ({"change": "ARRIVE"}, "change", "NOT_KNOWN"),
    ],
)
async def test_a_wrong_row_is_refused_with_its_line_cell_and_rule(env, more, cell, rule):
    await take_addresses(env)

    assert await wrong(env, joiner("bina"), joiner("anita", **more)) == [(3, cell, rule)]


@pytest.mark.parametrize("last", ["2026-12-01", "2028-12-02"])
async def test_a_leave_with_its_days_in_the_wrong_order_or_too_long_is_refused(env, last):
    row = change("LEAVE", "anita", from_on="2026-12-02", until_on=last)

    assert await wrong(env, joiner("anita"), row) == [(3, "until_on", "DATES_IN_WRONG_ORDER")]


async def test_an_officer_who_joins_twice_is_refused_at_the_second_row(env):
    assert await wrong(env, joiner("anita"), joiner("anita", district="49")) == [(3, "key", "TWICE")]


async def test_the_rows_that_are_right_are_proposed_without_those_that_are_not(env):
    done = await propose_batch(env, ADMIN, [joiner("anita"), joiner("bina", district="99")], "officers.csv")

    assert (done.batch.rows, len(done.rejects)) == (1, 1)


@pytest.mark.parametrize("language", list(Language))
def test_a_rule_is_told_with_its_remedy_in_both_languages(language):
    text = reason_text("NO_JURISDICTION", language)

    assert text.count(".") + text.count("।") == 2


async def test_the_same_rows_again_find_their_batch(env):
    first = await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")

    again = await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")

    assert (again.batch.id, again.is_new) == (first.batch.id, False)


async def test_a_batch_that_was_cut_off_goes_on_where_it_stopped(env, monkeypatch):
    monkeypatch.setattr(verbs, "CHUNK", 2)
    batch = (await propose_batch(env, ADMIN, [joiner(f"o{n}") for n in range(5)], "officers.csv")).batch
    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    told = []

    done = await apply_batch(env, batch.id, tell=lambda count, total: told.append((count, total)))

    assert told == [(4, 5), (5, 5)]  # the first two were entered when it was confirmed
    assert done.state is BatchState.DONE


async def test_a_row_that_is_not_possible_any_more_is_left_with_its_reason(env):
    batch = (await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")).batch
    await entered(env, joiner("anita", name_en="Other"))

    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    await apply_batch(env, batch.id)

    assert await states_of(env, batch.id) == [(2, RowState.LEFT, "ACCOUNT_TAKEN")]


async def confirmed_before_the_rule(env, *rows, line=2):
    """A confirmed batch with a row of a role that is not entered, as it could be before a rule that refuses it."""
    batch = (await propose_batch(env, ADMIN, rows, "officers.csv")).batch
    async with env.store.write_transaction() as tx:
        (row,) = await batches.rows_in(tx, batch.id, None, 1, after=line - 1)
        mine = (batches.rows_table.c.batch_id == batch.id, batches.rows_table.c.line == line)
        cells = {**row.cells, "role": "CITIZEN"}
        await tx.connection.execute(sa.update(batches.rows_table).where(*mine).values(cells=cells))
        said = {"confirmed_by": SECOND.person_id, "confirmed_at": env.clock.now()}
        await verbs.change_state(tx, batch.id, BatchState.CONFIRMED, BatchState.WAITING, **said)
    return batch


@pytest.mark.parametrize("row", [joiner("anita"), change("POST", "bina", **{**AT, "tehsil": ""})])
async def test_a_row_that_breaks_a_rule_which_is_newer_than_its_batch_is_left_with_its_reason(env, row):
    await entered(env, joiner("bina"))
    batch = await confirmed_before_the_rule(env, row)

    done = await apply_batch(env, batch.id)

    assert done.state is BatchState.DONE
    assert await states_of(env, batch.id) == [(2, RowState.LEFT, "ROLE_NOT_ENTERED")]


async def test_a_row_that_another_process_carried_out_meanwhile_is_not_noted_as_left(env):
    class Overtaken:
        """The store of a process that another one overtakes after its first refused row."""

        async def carry_out(self, work):
            try:
                return await env.store.carry_out(work)
            except Exception:
                async with env.store.write_transaction() as tx:
                    (row,) = await batches.rows_in(tx, batch.id, RowState.WAITING, 1)
                    await batches.note_rows(tx, [replace(row, state=RowState.DONE)])
                raise

        def __getattr__(self, name):
            return getattr(env.store, name)

    batch = await confirmed_before_the_rule(env, joiner("anita"))

    done = await apply_batch(replace(env, store=Overtaken()), batch.id)

    assert done.state is BatchState.DONE
    assert await states_of(env, batch.id) == [(2, RowState.DONE, None)]


async def test_joiners_behind_a_row_that_breaks_a_newer_rule_are_entered(env):
    batch = await confirmed_before_the_rule(env, joiner("anita"), joiner("bina"), joiner("chitra"), line=3)

    await apply_batch(env, batch.id)

    assert [(line, state) for line, state, _ in await states_of(env, batch.id)] == [
        (2, RowState.DONE),
        (3, RowState.LEFT),
        (4, RowState.DONE),
    ]


async def test_a_joiner_for_single_services_has_a_post_for_them_and_is_undone_with_it(env):
    batch = await entered(env, joiner("anita", services="ES09; ES08"))
    assert (await officer_of(env, "anita")).postings == (replace(POST, services=("ES08", "ES09")),)

    await undo_batch(env, ADMIN, batch.id)

    assert await officer_of(env, "anita") is None


async def test_a_batch_that_fails_does_not_stop_the_ones_behind_it(env, monkeypatch):
    failing, other = [await confirmed_before_the_rule(env, joiner(name)) for name in ("anita", "bina")]
    apply = verbs.apply_batch

    async def fail_first(env, batch_id, **more):
        if batch_id == failing.id:
            raise RuntimeError
        return await apply(env, batch_id, **more)

    monkeypatch.setattr(verbs, "apply_batch", fail_first)

    with pytest.raises(ExceptionGroup):
        await verbs.apply_confirmed_batches(env)

    async with env.store.read_transaction() as tx:
        assert (await batches.get(tx, other.id)).state is BatchState.DONE


async def test_an_officer_retires_and_her_successor_has_her_posts(env):
    await entered(env, joiner("anita"), joiner("bina", tehsil=""))

    await entered(env, change("RETIRE", "anita", successor="bina@uk.gov.example"))

    assert (await officer_of(env, "anita")).postings == ()
    assert POST in (await officer_of(env, "bina")).postings


async def test_a_retirement_without_a_successor_leaves_the_post_vacant_and_a_joiner_fills_it(env):
    await entered(env, joiner("anita"))
    await entered(env, change("RETIRE", "anita"))
    async with env.store.read_transaction() as tx:
        assert [one.posting for one in await posts.open_vacancies(tx)] == [POST]

    await entered(env, joiner("bina"))

    async with env.store.read_transaction() as tx:
        assert await posts.open_vacancies(tx) == []


async def test_an_officer_is_transferred_to_the_post_of_the_row(env):
    await entered(env, joiner("anita"))

    await entered(env, change("TRANSFER", "anita", **AT | {"tehsil": ""}))

    (held,) = (await officer_of(env, "anita")).postings
    assert (held.district, held.tehsil) == (DISTRICT, None)


async def test_a_further_post_is_added(env):
    await entered(env, joiner("anita"), change("POST", "anita", **AT | {"tehsil": ""}))

    assert len((await officer_of(env, "anita")).postings) == 2


def days_of_leave(env, first: int, last: int) -> dict[str, str]:
    today = ist_date(env.clock.now())
    return {name: (today + timedelta(days=days)).isoformat() for name, days in (("from_on", first), ("until_on", last))}


async def test_a_leave_that_is_over_is_refused(env):
    row = change("LEAVE", "anita", **days_of_leave(env, -9, -1))

    assert await wrong(env, joiner("anita"), row) == [(3, "until_on", "LEAVE_OVER")]


async def test_a_leave_that_was_over_before_it_was_confirmed_is_left(env, store_clock):
    await entered(env, joiner("anita"))
    batch = (await propose_batch(env, ADMIN, [change("LEAVE", "anita", **days_of_leave(env, 0, 1))], "f")).batch
    store_clock.advance(timedelta(days=2))

    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))

    assert await states_of(env, batch.id) == [(2, RowState.LEFT, "DATE_NOT_ALLOWED")]


async def test_whoever_may_no_longer_stand_in_when_a_leave_is_confirmed_does_not(env):
    await entered(env, joiner("anita"), joiner("bina"))
    row = change("LEAVE", "anita", cover="bina@uk.gov.example", **days_of_leave(env, 2, 9))
    batch = (await propose_batch(env, ADMIN, [row], "officers.csv")).batch
    pays = {"role": "FINANCE_OFFICER", "department": DEPARTMENT, "district": DISTRICT}
    await entered(env, change("TRANSFER", "bina", **pays))

    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))

    assert await states_of(env, batch.id) == [(2, RowState.LEFT, "POSTS_INCOMPATIBLE")]


async def test_a_leave_of_a_batch_is_confirmed_with_it(env):
    first = env.clock.now().date() + timedelta(days=2)
    days = {"from_on": first.isoformat(), "until_on": (first + timedelta(days=40)).isoformat()}

    await entered(env, joiner("anita"), joiner("bina"), change("LEAVE", "anita", cover="bina@uk.gov.example", **days))

    anita, bina = await officer_of(env, "anita"), await officer_of(env, "bina")
    async with env.store.read_transaction() as tx:
        (entry,) = await leave.of_officer(anita.id).page(tx, limit=5)
    assert (entry.substitute_id, entry.confirmed_by) == (bina.id, SECOND.person_id)


async def test_another_address_unties_the_account(env):
    await entered(env, joiner("anita"))
    anita = await officer_of(env, "anita")
    async with env.store.write_transaction() as tx:
        await identities.add_identity(
            tx, Provider.PARICHAY, anita.email, PersonKind.OFFICER, anita.id, env.clock.now(), "SUBSTANTIAL"
        )

    await entered(env, change("ADDRESS", "anita", new_email="a.negi@uk.gov.example"))

    assert (await officer_of(env, "a.negi")).id == anita.id
    async with env.store.read_transaction() as tx:
        assert await identities.providers_of(tx, PersonKind.OFFICER, anita.id) == []


async def test_the_same_address_again_unties_the_account(env):
    await entered(env, joiner("anita"))
    anita = await officer_of(env, "anita")
    async with env.store.write_transaction() as tx:
        await identities.add_identity(
            tx, Provider.PARICHAY, anita.email, PersonKind.OFFICER, anita.id, env.clock.now(), "SUBSTANTIAL"
        )

    await entered(env, change("ADDRESS", "anita", new_email=anita.email))

    async with env.store.read_transaction() as tx:
        assert await identities.providers_of(tx, PersonKind.OFFICER, anita.id) == []


@pytest.mark.parametrize("email", ["further@uk.gov.example", "principal@school.example"])
async def test_the_address_of_another_person_is_not_given_to_an_officer(env, email):
    await take_addresses(env)

    row = change("ADDRESS", "anita", new_email=email)

    assert await wrong(env, joiner("anita"), row) == [(3, "new_email", "ADDRESS_TAKEN")]


async def test_an_address_that_another_person_got_before_the_batch_was_confirmed_is_left(env):
    await entered(env, joiner("anita"))
    row = change("ADDRESS", "anita", new_email="principal@school.example")
    rows = [joiner("bina", email="further@uk.gov.example"), row]
    batch = (await propose_batch(env, ADMIN, rows, "officers.csv")).batch
    await take_addresses(env)

    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    await apply_batch(env, batch.id)

    assert await states_of(env, batch.id) == [(line, RowState.LEFT, "ACCOUNT_TAKEN") for line in (2, 3)]


async def test_rows_that_are_carried_out_one_by_one_are_counted_once(env):
    names = [f"o{number}" for number in range(6)]
    await entered(env, *map(joiner, names))
    batch = (await propose_batch(env, ADMIN, [change("RETIRE", name) for name in names], "officers.csv")).batch
    await confirm_batch(env, SECOND, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    told = []

    with statements_of(env.store) as statements:
        await apply_batch(env, batch.id, tell=lambda done, total: told.append((done, total)))

    assert told == [(done, 6) for done in range(2, 7)]
    assert len([one for one in statements if "count(" in one and "staff_rows" in one]) == 1


async def test_undoing_takes_joiners_off_the_register_and_keeps_who_has_signed_in(env):
    batch = await entered(env, joiner("anita"), joiner("bina"))
    bina = await officer_of(env, "bina")
    async with env.store.write_transaction() as tx:
        await identities.add_identity(
            tx, Provider.PARICHAY, bina.email, PersonKind.OFFICER, bina.id, env.clock.now(), "SUBSTANTIAL"
        )

    kept = await undo_batch(env, ADMIN, batch.id)

    assert [(row.line, row.reason) for row in kept] == [(3, "AT_WORK")]
    assert await officer_of(env, "anita") is None
    assert await officer_of(env, "bina") == bina


async def test_undoing_keeps_an_officer_who_has_a_further_account(env):
    batch = await entered(env, joiner("anita"))
    async with env.store.write_transaction() as tx:
        (anita,) = (await batches.officer_ids(tx, ["anita@uk.gov.example"])).values()
        await officer_accounts.add(tx, anita, "a.negi@uk.gov.example", env.clock.now())

    kept = await undo_batch(env, ADMIN, batch.id)

    assert [(row.line, row.reason) for row in kept] == [(2, "AT_WORK")]


async def test_undoing_keeps_an_officer_who_was_changed_since(env):
    batch = await entered(env, joiner("anita"))
    await entered(env, change("TRANSFER", "anita", **AT | {"tehsil": ""}))

    kept = await undo_batch(env, ADMIN, batch.id)

    assert [(row.line, row.reason) for row in kept] == [(2, "CHANGED")]


async def test_undoing_a_batch_that_waits_refuses_it(env):
    batch = (await propose_batch(env, ADMIN, [joiner("anita")], "officers.csv")).batch

    assert await undo_batch(env, ADMIN, batch.id) == []

    assert (await apply_batch(env, batch.id)).state is BatchState.REFUSED


async def test_a_batch_is_not_undone_twice(env):
    batch = await entered(env, joiner("anita"))
    await undo_batch(env, ADMIN, batch.id)

    assert await code_of(undo_batch(env, ADMIN, batch.id)) is ErrorCode.STEP_NOT_ALLOWED


async def test_rows_that_were_undone_are_entered_again(env):
    batch = await entered(env, joiner("anita"))
    await undo_batch(env, ADMIN, batch.id)

    await entered(env, joiner("anita"))

    assert (await officer_of(env, "anita")).postings == (POST,)
