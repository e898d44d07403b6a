"""Developers register apps: who may, what is refused, keys, and that nobody sees the app of another."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from actions.kernel import Environment
from actions.platform.registered_apps import (
    ChangeRegisteredApp,
    RegisterApp,
    apps_of,
    change_registered_app,
    key_hash,
    register_app,
    registered_client,
)
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Subject
from domain.platform.registered_apps import MOST_APPS, AppStep, RegisteredApp
from store.platform import registered_apps
from tests.support.graph import CITIZEN, OFFICER, Down, environment
from tests.support.stored import audit_lines_of

HTTPS, HERE = "https://app.example/in", "http://127.0.0.1/in"


def developer(name: str) -> Subject:
    return Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, name, (Posting(Role.DEVELOPER),))


SURESH, MEENA = developer("suresh"), developer("meena")


@pytest.fixture
def env(store, store_keyrings, store_clock, tmp_path) -> Environment:
    """An installation for tests, in which the operator registered one app."""
    made = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    rules = replace(made.rules, takes_sandboxes=True, app_clients={"citizen_app": ["https://citizen.example/in"]})
    return replace(made, rules=rules)


@pytest.fixture
def register(env: Environment) -> Callable[..., Any]:
    keys = count()

    async def done(
        client: str = "my_app", by: Subject = SURESH, *redirects: str, name: str = "My app", here: Environment = env
    ) -> RegisteredApp:
        request = RegisterApp(client, name, redirects or (HTTPS,), f"key-{next(keys)}")
        return (await register_app(here, by, request))[0]

    return done


async def change(env: Environment, app: RegisteredApp, step: AppStep, *redirects: str, by: Subject = SURESH):
    request = ChangeRegisteredApp(app.id, step, f"{app.id}-{step}-{app.version}", redirects)
    return (await change_registered_app(env, by, request))[0]


def refused(found: pytest.ExceptionInfo[Problems]) -> list[tuple[ErrorCode, str]]:
    return [(one.code, ".".join(one.path)) for one in found.value.problems]


async def test_a_developer_registers_an_app_that_signs_people_in_at_its_address(env, register):
    app = await register("my_app", SURESH, HTTPS, HERE)

    assert await registered_client(env, HTTPS) == "my_app"
    assert await registered_client(env, "http://127.0.0.1:51234/in") == "my_app"
    assert await registered_client(env, "https://elsewhere.example/in") is None
    assert await apps_of(env, SURESH) == [app]


async def test_the_key_is_sealed_in_the_store(env, register):
    app = await register()

    async with env.store.read_transaction() as tx:
        row = (await tx.connection.execute(registered_apps.apps_table.select())).one()
    assert app.key.encode() not in row.key
    assert row.key_sha256 == key_hash(app.key)


async def test_who_registered_which_app_is_in_the_audit_log(env, register):
    app = await register()

    async with env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "APP", app.id)
    assert [(line.action, line.actor_label) for line in lines] == [("registered_app.registered", SURESH.label)]


@pytest.mark.parametrize("stranger", [CITIZEN, OFFICER])
async def test_nobody_but_a_developer_registers_an_app_or_sees_any(env, register, stranger):
    with pytest.raises(Problems) as found:
        await register("my_app", stranger)
    with pytest.raises(Problems) as listed:
        await apps_of(env, stranger)

    assert (found.value.problem.code, listed.value.problem.code) == (ErrorCode.NOT_FOUND, ErrorCode.NOT_FOUND)


async def test_a_developer_neither_sees_nor_changes_the_app_of_another(env, register):
    app = await register()

    with pytest.raises(Problems) as found:
        await change(env, app, AppStep.END, by=MEENA)

    assert refused(found) == [(ErrorCode.NOT_FOUND, "input.appId")]
    assert await apps_of(env, MEENA) == []


async def test_in_production_no_app_is_registered_and_one_that_is_there_signs_nobody_in(env, register):
    await register()
    production = replace(env, rules=replace(env.rules, takes_sandboxes=False))

    with pytest.raises(Problems) as found:
        await register("other_app", SURESH, here=production)

    assert refused(found) == [(ErrorCode.STEP_NOT_ALLOWED, "input")]
    assert await registered_client(production, HTTPS) is None


async def test_a_client_id_belongs_to_one_app_also_after_its_end(env, register):
    await change(env, await register(), AppStep.END)

    for taken in ("my_app", "citizen_app"):
        with pytest.raises(Problems) as found:
            await register(taken, MEENA, "https://other.example/in")
        assert refused(found) == [(ErrorCode.NAME_TAKEN, "input.clientId")]


@pytest.mark.parametrize("address", [HTTPS, "https://citizen.example/in", "http://app.example/in"])
async def test_the_address_of_another_app_or_one_without_tls_is_refused_at_its_place(register, address):
    await register()

    with pytest.raises(Problems) as found:
        await register("other_app", MEENA, "https://other.example/in", address)

    assert refused(found) == [(ErrorCode.BAD_INPUT, "input.redirects.1")]


async def test_all_that_is_wrong_is_told_at_once(register):
    with pytest.raises(Problems) as found:
        await register("My App", SURESH, "ftp://x", name=" ")

    assert [where for _, where in refused(found)] == ["input.redirects.0", "input.clientId", "input.name"]


async def test_a_developer_has_so_many_apps_at_most(register):
    for number in range(MOST_APPS):
        await register(f"app_{number}", SURESH, f"https://app.example/{number}")

    with pytest.raises(Problems) as found:
        await register("one_more", SURESH, "https://app.example/more")

    assert refused(found) == [(ErrorCode.BAD_INPUT, "input")]


async def test_a_new_key_takes_the_place_of_the_former_one(env, register):
    app = await register()
    changed = await change(env, app, AppStep.NEW_KEY)

    hashes = [key_hash(app.key), key_hash(changed.key)]
    known = await env.store.read(lambda tx: registered_apps.of_keys(tx, hashes))
    assert known == {hashes[1]: app.id}


async def test_other_addresses_take_the_place_of_the_former_ones(env, register):
    await change(env, await register(), AppStep.REDIRECTS, "https://new.example/in")

    assert await registered_client(env, HTTPS) is None
    assert await registered_client(env, "https://new.example/in") == "my_app"


async def test_an_app_that_was_ended_is_changed_no_more(env, register):
    ended = await change(env, await register(), AppStep.END)

    with pytest.raises(Problems) as found:
        await change(env, ended, AppStep.NEW_KEY)

    assert refused(found) == [(ErrorCode.STEP_NOT_ALLOWED, "input.appId")]
