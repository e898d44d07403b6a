"""All sandboxes together, with the demo's data, as `apuni sandbox` starts them."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from integrations.registry import OUTSIDE_SYSTEMS
from sandbox.city.kit import load_demo
from sandbox.city.serving import City
from sandbox.server import connector_factories, sandbox_factories
from tests.support.fit_settings import clear_environment, fit, partner, reasons

DEMO = Path(__file__).parents[2] / "demo"
FACTORIES = connector_factories() | sandbox_factories()


@pytest.mark.integration
async def test_every_system_starts_hands_over_its_onboarding_and_keeps_it(tmp_path: Path):
    handed: list[dict[str, str]] = []
    for _ in range(2):
        city = City(tmp_path, load_demo(DEMO), port=0, gateway_url="http://127.0.0.1:1", factories=FACTORIES)
        await city.start()
        async with httpx.AsyncClient() as client:
            for system, port in city.ports["proxies"].items():
                assert (await client.get(f"http://127.0.0.1:{port}/{system}/no-such-page")).status_code == 404
        await city.stop()
        files = {path.stem: path for path in (tmp_path / "onboarding").iterdir()}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
        handed.append({system: path.read_text() for system, path in files.items()})
    assert set(handed[0]) == set(city.ports["proxies"]) == set(FACTORIES)
    assert set(FACTORIES) == {*OUTSIDE_SYSTEMS.sandboxes, "ncs", "smart_city", "transport", "land"}
    assert handed[0] == handed[1]
    assert all(json.loads(text) for text in handed[0].values())


@pytest.mark.integration
@pytest.mark.parametrize("cut", [set(), {"sandbox"}], ids=["as it is", "without its mark"])
async def test_production_takes_no_onboarding_file_of_the_city(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: set[str]
):
    city = City(tmp_path, load_demo(DEMO), port=0, gateway_url="http://127.0.0.1:1", factories=FACTORIES)
    await city.start()
    await city.stop()
    clear_environment(monkeypatch, tmp_path / "home")
    files = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "onboarding").iterdir()}
    partners = {name: partner(name) for name in OUTSIDE_SYSTEMS.required}
    partners |= {
        name: partner(name, given={each: value for each, value in file.items() if each not in cut})
        for name, file in files.items()
    }
    partners["pfms"]["base_url"] = "sftp://pfms.gov.in"

    told = reasons(fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners)))

    refused = {line.split()[3] for line in told if line.startswith("the credentials of ")}
    assert refused == {name for name in files if name in {*OUTSIDE_SYSTEMS.required, *OUTSIDE_SYSTEMS.optional}}
