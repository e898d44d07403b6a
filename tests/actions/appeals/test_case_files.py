"""Cases at the Commission are sent once, each with a signed file that a stranger can examine."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from store.identity import accesses
from tests.support.actions import World
from tests.support.commission import Court, at_commission, case_of, client_of, filed, post
from tests.support.definitions import give_steps
from tests.support.law import authorities, present

ROOT = Path(__file__).parents[3]


async def test_an_appeal_that_goes_up_by_itself_is_one_case_with_one_signed_file(world: World, court: Court):
    appeal, number = await filed(world, court)
    [case] = court.cases()
    application = await present(court.env, appeal.application_id)
    assert case["appealRef"] == f"UK-{application.number}-L3-TL"
    assert case["appeal"]["origin"] == "AUTO"
    assert case["appeal"]["level"] == 3
    assert case["appeal"]["breachedOn"] == appeal.breached_on.isoformat()
    assert case["appeal"]["citizen"]["mobileMasked"].count("x") == 6
    assert [event["type"] for event in case["events"]] == ["CASE_FILE"]
    kept = await case_of(court, appeal.id)
    assert (kept.number, kept.bundle_sent_at is not None) == (number, True)
    view = await court.act("fetch_case_file", case=number)
    assert (view["verified"], view["problems"]) == (True, [])
    assert view["files"] == ["README.txt", "appeals.json", "application.json", "papers.json", "timeline.json"]
    told = view["contents"]
    assert [one["level"] for one in told["appeals.json"]] == ["FIRST", "SECOND", "COMMISSION"]
    assert told["application.json"]["number"] == application.number
    assert [entry["move"] for entry in told["timeline.json"]][:1] == ["SUBMIT"]
    assert all(set(paper) >= {"key", "sha256"} for paper in told["papers.json"])


async def test_a_fee_that_falls_due_with_the_approval_is_not_told_as_paid(world: World, court: Court):
    await give_steps(world, "SCRUTINY", "PAYMENT", "ISSUE", fee_paise=25_000)

    await filed(world, court)

    [case] = court.cases()
    assert case["appeal"]["paidOn"] is None


async def test_each_reading_of_a_case_file_is_shown_to_the_citizen(world: World, court: Court):
    appeal, number = await filed(world, court)
    await court.act("fetch_case_file", case=number)
    async with court.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 50)
    assert ("COMMISSION", "HEAR_APPEAL", appeal.id) in {(one.role, one.purpose, one.object_id) for one in receipts}


async def test_a_lost_answer_files_no_second_case(world: World, court: Court):
    await authorities(world)
    await at_commission(world, court)
    lost = _Losing(court.sandbox.app)
    client = client_of(lost, court.settings, world.clock)
    broken = replace(court, env=replace(court.env, partners=replace(court.env.partners, commission=client)))
    await post(broken, noting=False)
    await post(broken, noting=False)
    await post(court)
    assert len(court.cases()) == 1
    assert court.effects().count("case opened") == 1
    assert court.effects().count("event CASE_FILE") == 1


class _Losing(httpx.AsyncBaseTransport):
    """Loses the first answer to each POST after it was worked on."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method == "POST" and request.url.path not in self._lost:
            self._lost.add(request.url.path)
            raise httpx.ReadError("the line broke")
        return answer


async def test_nobody_but_the_commission_gets_a_case_file(world: World, court: Court):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=court.door), base_url="http://gateway.test") as door:
        answer = await door.get(f"/hooks/rts/case-files/{kept.bundle}")
    assert (answer.status_code, answer.json()) == (401, {"code": "UNAUTHENTICATED"})


@pytest.mark.integration
async def test_a_stranger_examines_a_case_file_with_a_script_of_its_own(world: World, court: Court, tmp_path: Path):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    content = await court.env.objects.get(kept.bundle)
    assert content is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=court.door), base_url="http://gateway.test") as door:
        (tmp_path / "jwks.json").write_bytes((await door.get("/.well-known/jwks.json")).content)
    (tmp_path / "good.zip").write_bytes(content)
    (tmp_path / "bad.zip").write_bytes(altered(content))
    outcomes = {}
    for name in ("good", "bad"):
        command = [sys.executable, ROOT / "tools" / "verify_case_file.py", tmp_path / f"{name}.zip"]
        done = subprocess.run(
            [*map(str, command), "--keys", str(tmp_path / "jwks.json")], capture_output=True, text=True, check=False
        )
        outcomes[name] = (done.returncode, done.stdout.splitlines()[0])
    assert outcomes["good"][0] == 0
    assert outcomes["good"][1].startswith(f"genuine: {kept.reference}")
    assert outcomes["bad"] == (1, "NOT GENUINE: timeline.json was altered")


def altered(content: bytes) -> bytes:
    """The same case file with another timeline."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"[]" if name == "timeline.json" else old.read(name))
    return made.getvalue()


async def test_no_number_of_the_vault_and_no_answer_of_the_form_is_in_a_case_file(world: World, court: Court):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    content = await court.env.objects.get(kept.bundle)
    application = await present(court.env, appeal.application_id)
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        whole = b"".join(packed.read(name) for name in packed.namelist() if name.endswith(".json")).decode()
    citizen_mobile = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("application.json"))["applicant"]
    assert set(citizen_mobile) == {"name", "mobileMasked"}
    assert all(answer not in whole for answer in application.form.values() if len(answer) > 5)
