"""The sandbox that a file's examples make: raw requests, replayed answers, the authentication of the file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from domain.kernel import ManualClock
from sandbox.connectors.server import sandbox_of
from tests.support.connecting import NOON, SPECIMEN, Partner, partner_of

TRANSPORT = Path("states/uttarakhand/connectors/transport.yaml")
LICENCE = {"mobile": "9800000001", "dob": "14-03-1984"}


@pytest.fixture
def open_partner(tmp_path: Path) -> Iterator[Callable[..., Partner]]:
    opened: list[Partner] = []

    def make(file: Path, **changes: Any) -> Partner:
        content = yaml.load(file.read_bytes(), Loader=yaml.BaseLoader) | changes
        changed = tmp_path / file.name
        changed.write_text(yaml.dump(content, allow_unicode=True))
        opened.append(partner_of(sandbox_of(changed), file.stem, tmp_path, ManualClock(NOON)))
        return opened[-1]

    yield make
    for partner in opened:
        partner.sandbox.close()


async def machines(partner: Partner, **query: str) -> httpx.Response:
    return await partner.client.get("/api/machines", params=query, headers={"X-Api-Key": partner.given["key"]})


async def test_the_request_of_an_example_gets_its_answer_byte_for_byte(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN)

    answer = await machines(partner, district="49")

    assert answer.text == '{"machines":[{"id":"M-7","name":"ट्रैक्टर","rent":"1250.00","freeFrom":"०१-१२-२०२६"}]}'
    assert partner.effects() == ["example of machines"]


async def test_an_example_without_its_request_is_found_by_the_templates_of_the_call(
    open_partner: Callable[..., Partner],
):
    assert (await machines(open_partner(SPECIMEN), district="56")).text == '{"error":"busy"}'


@pytest.mark.parametrize("query", [{"district": "45"}, {"district": "49", "page": "2"}, {}])
async def test_a_request_of_no_example_is_not_found(open_partner: Callable[..., Partner], query: dict[str, str]):
    partner = open_partner(SPECIMEN)

    assert (await machines(partner, **query)).status_code == 404
    assert partner.effects() == ["no example"]


async def test_a_body_is_compared_as_json_and_not_as_text(open_partner: Callable[..., Partner]):
    partner = open_partner(TRANSPORT)
    held = await partner.bearer()

    same = await partner.client.post("/v1/licences/search", json=dict(reversed(LICENCE.items())), headers=held)
    other = await partner.client.post("/v1/licences/search", json={**LICENCE, "dob": "15-03-1984"}, headers=held)

    assert (same.json()["status"], other.status_code) == ("OK", 404)


async def test_an_answer_can_be_set_for_a_test(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN)

    await partner.act("answer", call="machines", status=200, body="<html>")

    assert (await machines(partner, district="49")).text == "<html>"


@pytest.mark.parametrize(
    ("auth", "right", "wrong"),
    [
        ({"type": "api_key", "header": "X-Api-Key", "secret": "key"}, {"X-Api-Key": "{key}"}, {"X-Api-Key": "guessed"}),
        (
            {"type": "api_key", "header": "Authorization", "prefix": "ApiKey", "secret": "key"},
            {"Authorization": "ApiKey {key}"},
            {"Authorization": "{key}"},
        ),
    ],
)
async def test_a_key_is_checked_in_its_header(
    open_partner: Callable[..., Partner], auth: dict[str, str], right: dict[str, str], wrong: dict[str, str]
):
    partner = open_partner(SPECIMEN, auth=[auth])

    async def status(headers: dict[str, str]) -> int:
        sent = {name: value.format(key=partner.given["key"]) for name, value in headers.items()}
        return (await partner.client.get("/api/machines", params={"district": "49"}, headers=sent)).status_code

    assert [await status(right), await status(wrong), await status({})] == [200, 401, 401]


async def test_user_and_password_are_checked(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN, auth=[{"type": "basic", "secret": "user"}])
    user = partner.given["user"]

    async def status(password: str) -> int:
        asked = partner.client.get("/api/machines", params={"district": "49"}, auth=(user["username"], password))
        return (await asked).status_code

    assert [await status(user["password"]), await status("guessed")] == [200, 401]


async def test_a_token_is_issued_and_wanted(open_partner: Callable[..., Partner]):
    partner = open_partner(SPECIMEN, auth=[{"type": "oauth2", "token": "/oauth/token", "secret": "client"}])

    async def status(headers: Any) -> int:
        return (await partner.client.get("/api/machines", params={"district": "49"}, headers=headers)).status_code

    assert [await status(await partner.bearer()), await status({"Authorization": "Bearer guessed"})] == [200, 401]
