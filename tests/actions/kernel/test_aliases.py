"""Numbers of the old systems: they track, they verify, and they never take the place of one of ours."""

from datetime import date

import pytest

from actions.certificates.issue import issue_certificate
from actions.feedback.tracking import track_application
from actions.kernel import certificate_by_any
from domain.applications.applications import Application
from domain.certificates.certificates import IssuedCertificate
from domain.feedback.tracking import SecondFactor
from domain.identity.aliases import AliasKind, alias_form, meant_as_ours
from domain.kernel import ErrorCode, MistypedNumber, Problems
from store.applications import applications
from store.certificates import certificates
from store.identity import aliases
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
    async with world.env.store.write_transaction() as tx:
        certificate = (await certificates.of_applications(tx, [case.id]))[case.id]
        await aliases.add_many(tx, AliasKind.APPLICATION, {alias_form(OLD) or "": case.id})
        await aliases.add_many(tx, AliasKind.CERTIFICATE, {alias_form(OLD_CERTIFICATE) or "": certificate.id})
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
    for _ in range(world.env.rules.care.tracking_tries_per_number):
        assert await track_application(world.env, OLD, wrong_factor, client="c") is None
    for keyed in (OLD, "uk24es010012345"[:8] + "/0012345"):
        assert await refusal(track_application(world.env, keyed, BORN, client="c")) is ErrorCode.RATE_LIMITED


async def test_a_certificate_is_verified_by_its_old_number(world: World, issued):
    _, certificate = issued
    assert (await certificate_by_any(world.env, OLD_CERTIFICATE)) == certificate
    assert await certificate_by_any(world.env, "ES09/2019/000124") is None
    with pytest.raises(MistypedNumber):
        await certificate_by_any(world.env, certificate.number[:-1])
