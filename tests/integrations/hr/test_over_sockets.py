"""A day of the state's HR system over real sockets: the city's sandbox calls a served endpoint before a real store."""

from dataclasses import replace

import pytest
from starlette.applications import Starlette

from actions.officers.batches import apply_confirmed_batches
from actions.officers.staff_feed import StaffFeed
from domain.kernel import SystemClock
from domain.officers.desk import DeskRules
from integrations.hr import HrSettings, hr_routes
from store.identity import people
from tests.faults.door import served
from tests.faults.site import open_site
from tests.support.graph import Down, environment
from tests.support.graph_catalogue import enter_catalogue
from tests.support.hr import NEXT_POST, POST
from tests.support.running import free_port
from tests.support.staffing import enter_administrators

pytestmark = pytest.mark.integration


async def test_a_day_of_changes_is_taken_and_carried_out_each_message_once(sqlite_store, store_keyrings, tmp_path):
    env = environment(sqlite_store, store_keyrings, SystemClock(), tmp_path / "objects", Down())
    env = replace(env, rules=replace(env.rules, desk=DeskRules(hr_at_once=True)))
    async with env.store.write_transaction() as tx:
        await enter_catalogue(tx)
    await enter_administrators(env, "admin", "second-admin")
    port = free_port()
    async with open_site(tmp_path, "hr", gateway_url=f"http://127.0.0.1:{port}") as site:
        routes = hr_routes(StaffFeed(env), HrSettings.from_onboarding(site.onboarding, times=9), env.clock)
        async with served(Starlette(routes=routes), port):
            arguments = {"post": POST, "next_post": NEXT_POST}
            answer = await site.control.post("/_control/hr/act", json={"action": "day", "arguments": arguments})

    assert [one["status"] for one in answer.json()["told"]] == [200] * 8
    await apply_confirmed_batches(env)
    async with env.store.read_transaction() as tx:
        anita = await people.officer_by_email(tx, "new.anita.hr@uk.gov.example")
        bina = await people.officer_by_email(tx, "bina.hr@uk.gov.example")
    assert ([post.district for post in anita.postings], bina.postings) == (["45"], ())
