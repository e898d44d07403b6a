"""Opening what lives as long as a process, and the one line where it cannot be opened."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.applications import Starlette

from domain.kernel import Provider, Source, SourceState
from gateway.app import create_app
from gateway.runtime import process_health
from gateway.runtime.composition import Runtime, open_runtime, trainer_loader
from gateway.runtime.runfiles import NotUp
from gateway.settings.partners import Partner
from gateway.settings.settings import Profile, Settings, SettingsRefused
from integrations.calling.errors import Unavailable
from tests.support.loads import ANY, KEPT, KEY
from tests.support.loads import Partner as Asked
from tests.support.production import TREASURY_KEY
from tests.support.running import free_port

PARTS: dict[str, dict[str, Any]] = {
    "digilocker": {"client_id": "c", "client_secret": "s", "issuer_contract": {"api_key": "k", "org_id": "o"}},
    "meri_pehchaan": {"client_id": "c", "client_secret": "s"},
    "sso": {
        "parichay_client_id": "c",
        "parichay_client_secret": "s",
        "jan_parichay_client_id": "c",
        "jan_parichay_client_secret": "s",
    },
    "csc": {"client_id": "c", "client_secret": "s", "client_token": "t"},
    "apisetu": {"client_id": "c", "api_key": "k"},
    "umang": {"api_key": "k", "onorc_deptid": "1", "onorc_srvid": "2"},
    "dbt_finance": {
        "client_id": "c",
        "client_secret": "s",
        "public_key": TREASURY_KEY,
        "ssu_ia_id": "1",
        "ddo_code": "2",
        "grantee_code": "3",
        "head_of_account": "5",
    },
    "etaal": {"username": "u", "password": "p", "bearer": "b"},
}


@pytest.fixture
def home(tmp_path, migrated_sqlite) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder / "store.db")
    return folder


def settings(home: Path, **changes: Any) -> Settings:
    """Settings of the demo with every partner given, but for those that are changed to None."""
    given = {**PARTS, **changes}
    partners = {
        system: Partner(base_url=f"http://127.0.0.1:9/{system}", given=parts)
        for system, parts in given.items()
        if parts is not None
    }
    return Settings(home=home, partners=partners)


async def test_a_house_opens_with_every_partner_and_closes_again(home):
    async with open_runtime(settings(home)) as house:
        assert set(house.environment.partners.identity) == {
            Provider.MERI_PEHCHAAN,
            Provider.PARICHAY,
            Provider.JAN_PARICHAY,
            Provider.CSC_CONNECT,
        }
        assert Source.DBT_FINANCE in {status.source for status in house.monitor.statuses()}

    assert (home / "keys" / "session.json").stat().st_mode & 0o777 == 0o600
    assert (home / "vault.db").exists()


@pytest.mark.parametrize(("profile", "there"), [("demo", True), ("staging", True), ("production", False)])
def test_a_trainer_is_loaded_in_every_profile_but_production(home, profile, there):
    load = trainer_loader(settings(home).model_copy(update={"profile": Profile(profile)}))

    assert (load() is not None) is there


async def answer_of(app: Starlette, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000") as client:
        return await client.get(path)


@pytest.mark.integration
async def test_a_gateway_tells_in_its_metrics_that_the_disk_of_its_store_refused_a_write(home):
    app = create_app(settings(home))
    async with app.router.lifespan_context(app):
        before = await answer_of(app, "/metrics")
        app.state.environment.store.disk_refused()
        after = await answer_of(app, "/metrics")

    assert ['apuni_alarm{code="DISK_LOW"} 1.0' in one.text for one in (before, after)] == [False, True]


@pytest.mark.integration
@pytest.mark.parametrize(("seconds", "status"), [(3600.0, 200), (0.0, 503)])
async def test_a_gateway_is_ready_as_long_as_its_store_answered_of_late(home, monkeypatch, seconds, status):
    monkeypatch.setattr(process_health, "READY_SECONDS", seconds)
    app = create_app(settings(home))
    async with app.router.lifespan_context(app):
        assert (await answer_of(app, "/health/ready")).status_code == status


@pytest.mark.integration
async def test_two_processes_share_sealed_answers_and_hints_over_one_valkey(home, valkey_server):
    shared = settings(home).model_copy(update={"cache_url": SecretStr(valkey_server.url())})
    partner = Asked()

    async with open_runtime(shared) as one, open_runtime(shared) as other:
        states = [(await house.resilience.kept.get(KEPT, KEY, partner.load, ANY)).state for house in (one, other)]
        for _ in range(5):
            with pytest.raises(Unavailable):
                await one.resilience.breakers.call(Source.UMANG, "317", fail)
        await eventually_careful(other)
        async with Redis.from_url(shared.cache_store_url) as plain:
            lying_open = [await plain.dump(name) async for name in plain.scan_iter("apuni:kept:*")]

    assert states == [SourceState.LIVE, SourceState.CACHED]
    assert len(lying_open) == 1
    assert b"yes" not in lying_open[0]


async def fail() -> None:
    raise Unavailable(Source.UMANG, "down")


async def eventually_careful(house: Runtime) -> None:
    """Wait until the other process has heard; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not house.resilience.breakers._cautions:
            await asyncio.sleep(0.02)


async def test_a_store_that_is_not_migrated_is_not_opened_and_says_what_to_do(home):
    (home / "store.db").unlink()

    with pytest.raises(NotUp, match="run `apuni migrate`"):
        async with open_runtime(settings(home)):
            pass


async def test_a_demo_without_onboarding_is_not_up(home):
    with pytest.raises(NotUp, match=r"ports\.json is not there; are the sandboxes running\?"):
        async with open_runtime(settings(home, umang=None)):
            pass


@pytest.mark.parametrize(
    ("system", "part"),
    [
        ("digilocker", "client_secret"),
        ("meri_pehchaan", "client_id"),
        ("sso", "jan_parichay_client_secret"),
        ("csc", "client_token"),
        ("apisetu", "api_key"),
        ("umang", "onorc_deptid"),
        ("dbt_finance", "client_secret"),
    ],
)
async def test_onboarding_that_lacks_a_part_is_told_by_system_and_part(home, system, part):
    lacking = {name: value for name, value in PARTS[system].items() if name != part}

    with pytest.raises(SettingsRefused) as refused:
        async with open_runtime(settings(home, **{system: lacking})):
            pass

    assert refused.value.reasons == [f"the onboarding of {system} lacks '{part}'"]


async def test_a_key_set_without_a_key_is_refused(home):
    parts = PARTS["meri_pehchaan"] | {"jwks": {"keys": []}}

    with pytest.raises(SettingsRefused) as refused:
        async with open_runtime(settings(home, meri_pehchaan=parts)):
            pass

    assert refused.value.reasons == ["the onboarding of meri_pehchaan is not as its contract says"]


@pytest.mark.integration
async def test_a_clock_that_follows_sandboxes_which_do_not_run_is_not_up(home, monkeypatch):
    (home / "run").mkdir()
    (home / "run" / "ports.json").write_text(json.dumps({"sandbox": free_port()}))
    monkeypatch.setenv("APUNI_CLOCK", "sandbox")

    with pytest.raises(NotUp, match="the clock of the sandboxes does not answer"):
        async with open_runtime(settings(home)):
            pass
