"""Numbers of the old systems: they track, they verify, and they never take the place of one of ours."""

from datetime import date

import httpx
import pytest
from starlette.applications import Starlette

from actions.acting import Acting
from actions.aliases import add_alias, certificate_by_any
from actions.issue import issue_certificate
from actions.lookup import application_by_acknowledgement, application_by_number
from actions.tracking import track_application
from domain.aliases import AliasKind, alias_form, meant_as_ours
from domain.applications import Application
from domain.certificates import IssuedCertificate
from domain.errors import ErrorCode, Problems
from domain.numbers import MistypedNumber
from domain.people import SYSTEM
from domain.tracking import SecondFactor
from gateway.http.verify import verify_routes
from store import aliases, applications, certificates
from tests.support.actions import FREE, FakeRenderer, World

BORN = SecondFactor(born_on=date(1984, 3, 14))
OLD, OLD_CERTIFICATE = "UK24-ES01/0012 345", "ES 09/2019/000123"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("UK24-ES01/0012 345", "UK24ES01/0012345"),
        (" uk24es01/0012345 ", "UK24ES01/0012345"),
        ("२०१९/१२३४५", "2019/12345"),
        ("abc", None),
        ("ABCDEFG", None),
        ("1" * 41, None),
        ("", None),
        ("\0\n<script>", None),
    ],
)
def test_an_old_number_has_one_form_however_it_is_keyed(text: str, kept: str | None):
    assert alias_form(text) == kept


def test_only_what_looks_like_ours_is_called_a_slip():
    assert meant_as_ours("1261 12345 67890")
    assert not meant_as_ours("UK24ES010012345")
    assert not meant_as_ours("2019/0012")


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await call
    return caught.value.code


@pytest.fixture
async def issued(world: World) -> tuple[Application, IssuedCertificate]:
    case = await world.approved(world.asha, FREE, world.registrar)
    await issue_certificate(world.env, case.id, FakeRenderer())
    async with world.env.store.writing() as tx:
        certificate = (await certificates.of_applications(tx, [case.id]))[case.id]
        acting = Acting(world.env, tx, SYSTEM)
        assert await add_alias(acting, AliasKind.APPLICATION, case.id, OLD)
        assert await add_alias(acting, AliasKind.CERTIFICATE, certificate.id, OLD_CERTIFICATE)
        found = await applications.get(tx, case.id)
    assert found is not None
    return found, certificate


async def test_an_application_is_tracked_by_its_old_number_and_the_second_factor(world: World, issued):
    case, _ = issued
    for keyed in (OLD, "uk24es01/0012345", "uk24 es01/0012-345"):
        tracked = await track_application(world.env, keyed, BORN, client="c")
        assert tracked is not None
        assert (tracked.number, tracked.status) == (case.number, case.status)
    wrong_factor = SecondFactor(born_on=date(1984, 3, 15))
    assert await track_application(world.env, OLD, wrong_factor, client="c") is None
    assert await track_application(world.env, "UK24-ES01/9999999", BORN, client="c") is None
    slip = case.number[:-1]
    assert await refusal(track_application(world.env, slip, BORN, client="c")) is ErrorCode.NUMBER_MISTYPED


async def test_tries_of_an_old_number_are_bounded_like_those_of_ours(world: World, issued):
    wrong_factor = SecondFactor(mobile_last4="9999")
    for _ in range(world.env.care.tracking_tries_per_number):
        assert await track_application(world.env, OLD, wrong_factor, client="c") is None
    for keyed in (OLD, "uk24es010012345"[:8] + "/0012345"):
        assert await refusal(track_application(world.env, keyed, BORN, client="c")) is ErrorCode.RATE_LIMITED


async def test_a_person_who_is_signed_in_finds_her_application_by_its_old_number(world: World, issued):
    case, _ = issued
    for find in (application_by_number, application_by_acknowledgement):
        assert await find(world.env, world.asha, OLD) == case
        assert await find(world.env, world.registrar, OLD) is not None
        assert await find(world.env, world.sunil, OLD) is None
        assert await find(world.env, world.asha, "UK24-ES01/9999999") is None


async def test_an_old_number_of_digits_alone_says_the_same_whether_denied_or_absent(world: World, issued):
    case, _ = issued
    async with world.env.store.writing() as tx:
        await add_alias(Acting(world.env, tx, SYSTEM), AliasKind.APPLICATION, case.id, "2019 12345")
    assert await application_by_number(world.env, world.asha, "201912345") == case
    for keyed in ("201912345", "201912346"):
        assert await refusal(application_by_number(world.env, world.sunil, keyed)) is ErrorCode.NUMBER_MISTYPED


async def test_a_certificate_is_verified_by_its_old_number(world: World, issued):
    _, certificate = issued
    assert (await certificate_by_any(world.env, OLD_CERTIFICATE)) == certificate
    assert await certificate_by_any(world.env, "ES09/2019/000124") is None
    with pytest.raises(MistypedNumber):
        await certificate_by_any(world.env, certificate.number[:-1])
    app = Starlette(routes=verify_routes(world.env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
        page = await client.get("/verify/ES09/2019/000123")
        assert (page.status_code, page.json()["number"]) == (200, certificate.number)
        assert (await client.get("/verify/ES09/2019/000124")).status_code == 404
        assert (await client.get("/verify/abc")).status_code == 400


async def test_entering_it_again_changes_nothing_and_another_thing_does_not_get_it(world: World, issued):
    case, certificate = issued
    other = await world.submit(world.sunil, idempotency_key="other")
    async with world.env.store.writing() as tx:
        acting = Acting(world.env, tx, SYSTEM)
        assert not await add_alias(acting, AliasKind.APPLICATION, case.id, "UK24ES01/0012345")
        assert await refusal(add_alias(acting, AliasKind.APPLICATION, other.id, OLD)) is ErrorCode.CONFLICT
        assert await refusal(add_alias(acting, AliasKind.APPLICATION, other.id, case.number)) is ErrorCode.BAD_INPUT
        assert await refusal(add_alias(acting, AliasKind.APPLICATION, other.id, "no")) is ErrorCode.BAD_INPUT
        assert await refusal(add_alias(acting, AliasKind.APPLICATION, certificate.id, "X1234")) is ErrorCode.NOT_FOUND
        assert await add_alias(acting, AliasKind.CERTIFICATE, certificate.id, OLD)  # the other kind is another list
        assert await aliases.of_object(tx, AliasKind.APPLICATION, case.id) == ["UK24ES01/0012345"]
