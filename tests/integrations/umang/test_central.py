"""Mandis, medicines and blood through UMANG, against its sandbox: three hosts and forms, every shape of an answer."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from domain.kernel import Language, ManualClock, SeededIds, Source, SourceState
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.umang import BloodBank, Mandi, Umang, UmangSettings
from integrations.umang.models import EnvelopeKeys
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.umang.server import create_sandbox
from tests.faults.adapters import Beneath
from tests.support.remotes import remote_over
from tests.support.umang import make_umang_keys


class Union:
    """The sandbox with a client of it."""

    def __init__(self, sandbox: Sandbox, given: dict[str, Any], clock: ManualClock) -> None:
        self.sandbox, self.given, self.clock = sandbox, given, clock

    def client(self, app: Any = None, settings: UmangSettings | None = None, **changes: Any) -> Umang:
        own = settings or UmangSettings.from_onboarding({**self.given, **changes})
        remote = remote_over(app or self.sandbox.app, Source.UMANG, clock=self.clock)
        setu: Any = Beneath(remote, self.given["setu_url"])
        return Umang(remote, own, self.clock, SeededIds(self.clock, "umang"), setu)

    def routes(self) -> list[str]:
        return [entry["route"] for entry in self.sandbox.ledger.entries()]


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    return make_umang_keys(tmp_path_factory.mktemp("umang-central-keys"))


@pytest.fixture
def union(tmp_path: Path, keys: Path) -> Iterator[Union]:
    clock = ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    place = tmp_path / "umang"
    shutil.copytree(keys, place)
    home = SandboxHome("umang", place, tmp_path / "umang.json", SandboxClock(base=clock), {"people": []}, "", "")
    sandbox = create_sandbox(home)
    yield Union(sandbox, json.loads(home.onboarding.read_text()), clock)
    sandbox.close()


async def test_mandis_come_by_the_published_form_with_a_bearer(union: Union):
    found = await union.client().central.mandis("Nainital", Language.EN)

    assert found.value == (Mandi("HALDWANI", "NAINITAL"), Mandi("RAMNAGAR", "NAINITAL"))
    assert union.routes()[-1] == "/umang/apisetu/dept/{api}api/ws1/{operation}"


async def test_medicines_come_by_the_plain_form_with_prices_in_paise(union: Union):
    found = await union.client().central.medicines(" paracetamol ", Language.EN)
    others = await union.client().central.medicines("tablets", Language.EN)
    capsules = await union.client().central.medicines("Amoxy", Language.EN)

    assert [(one.code, one.price_paise) for one in found.value] == [("100", 935), ("101", 1250)]
    assert [one.price_paise for one in others.value] == [935, 700]
    assert capsules.value[0].price_paise is None
    assert union.routes()[-1] == "/{api}Api/ws1/{operation}"


async def test_blood_comes_from_api_setu_s_own_host_with_its_keys(union: Union):
    found = await union.client().central.blood("Dehradun", Language.HI)

    first, second = found.value
    assert first.units == (("A+", 12), ("O+", 20), ("AB-", 0))
    assert second == BloodBank("Himalayan Hospital Blood Centre", "Jolly Grant", None, (("B+", 7),))
    assert union.routes()[-1] == "/setu/umang/apisetu/dept/{api}api/ws1/{operation}"


async def test_nothing_found_is_an_empty_list_whatever_rs_says(union: Union):
    client = union.client()

    assert (await client.central.mandis("Chamoli", Language.EN)).value == ()
    assert (await client.central.medicines("xyzzy", Language.EN)).value == ()
    assert (await client.central.blood("Chamoli", Language.EN)).value == ()


@pytest.mark.parametrize("pd", ["object", "list"])
async def test_the_payload_may_be_an_object_or_a_list(union: Union, pd: str):
    await union.sandbox.act("answer_with", {"api": "janAushadhi", "pd": pd})

    assert len((await union.client().central.medicines("paracetamol", Language.EN)).value) == 2


@pytest.mark.parametrize("rs", ["F", "E", "failure"])
async def test_rs_decides_though_the_status_is_200(union: Union, rs: str):
    await union.sandbox.act("answer_with", {"api": "enam", "rs": rs, "rc": "ENAM0499"})
    with pytest.raises(Refused, match="REFUSED_BY_DEPARTMENT"):
        await union.client().central.mandis("Nainital", Language.EN)


async def test_our_own_subscription_is_told_apart(union: Union):
    for changes in ({"setu_api_key": "another"}, {"setu_client_id": "another"}):
        with pytest.raises(NotLetIn):
            await union.client(**changes).central.blood("Dehradun", Language.EN)
    with pytest.raises(NotLetIn):
        await union.client(api_setu_bearer="another").central.mandis("Nainital", Language.EN)


async def test_a_department_that_onboarding_left_out_is_not_asked(union: Union):
    with pytest.raises(Refused, match="NOT_CONNECTED"):
        await union.client(enam_deptid="").central.mandis("Nainital", Language.EN)


async def test_what_is_asked_for_everybody_is_kept_for_everybody_and_served_old(union: Union):
    client = union.client()
    first = await client.central.mandis("Dehradun", Language.EN)
    union.clock.advance(timedelta(minutes=59))
    again = await client.central.mandis("DEHRADUN", Language.EN)
    union.clock.advance(timedelta(hours=3))
    union.sandbox.faults.set([{"kind": "status", "params": {"status": 503}}])
    old = await client.central.mandis("Dehradun", Language.EN)
    union.sandbox.faults.set([])

    assert (first.state, again.state, old.state) == (SourceState.LIVE, SourceState.CACHED, SourceState.STALE)
    assert first.value == again.value == old.value


@pytest.mark.parametrize(
    "body",
    [
        '{"rs":"S","rc":"x","rd":"x","pd":{"apmcList":"none"}}',
        '{"rs":"S","rc":"x","rd":"x","pd":{"apmcList":[1]}}',
        '{"rs":"S","rc":"x","rd":"x","pd":{"other":[]}}',
        '{"rs":"S","rc":"x","rd":"x","pd":7}',
        '{"rs":"S","rc":"x","rd":"x","pd":[{"apmcList":[{"apmcName":"none"}]}]}',
        '{"rs":7}',
    ],
)
async def test_an_answer_of_another_shape_is_garbled(union: Union, body: str):
    app = Response(body.encode(), media_type="application/json")
    with pytest.raises(Garbled):
        await union.client(app).central.mandis("Nainital", Language.EN)


async def test_a_web_page_is_a_gateway_that_is_down(union: Union):
    with pytest.raises(Unavailable, match="html_page"):
        await union.client(Response(b"<html>", media_type="text/html")).central.mandis("Nainital", Language.EN)


async def test_any_department_may_have_the_encrypted_mode(union: Union):
    plain = UmangSettings.from_onboarding(union.given)
    keys = EnvelopeKeys("k", union.given["onorc_private_key"], union.given["onorc_public_key"])
    assert plain.jan_aushadhi is not None
    sealed = replace(plain, jan_aushadhi=replace(plain.jan_aushadhi, keys=keys))
    with pytest.raises(Refused, match="bad_request"):  # the sandbox's Jan Aushadhi takes no envelope
        await union.client(settings=sealed).central.medicines("paracetamol", Language.EN)
