"""Reference numbers are drawn at random: one that something has already is drawn again, on both databases."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from actions.applications.submit import submit_application
from actions.certificates.issue import issue_certificate
from actions.kernel import Environment, draw_number, draw_numbers, draw_uris
from actions.kernel.numbering import ROUNDS
from domain.kernel import Ids, NumberKind
from store.database import AlreadyThere
from store.platform import numbers
from tests.support.actions import FREE, FakeRenderer, World, request_for
from tests.support.twins import Twins


class Drawing:
    """Ids whose digits are those given, and then random ones."""

    def __init__(self, inner: Ids, digits: Iterable[str]) -> None:
        self._inner, self._digits = inner, list(digits)

    def digits(self, count: int) -> str:
        return self._digits.pop(0) if self._digits else self._inner.digits(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def drawing(env: Environment, *held: str) -> Environment:
    """The environment, in which the next numbers are drawn as those that are held already."""
    return replace(env, ids=Drawing(env.ids, [one[3:13] for one in held]))


async def test_an_application_is_filed_where_the_numbers_that_are_drawn_are_taken(twins: Twins) -> None:
    world = twins.world
    first = await world.submit(world.asha, FREE)
    assert first.acknowledgement is not None
    env = drawing(world.env, first.acknowledgement, first.number)
    second, _ = await submit_application(env, world.sunil, request_for(FREE, idempotency_key="second"))
    assert second.number != first.number
    assert second.acknowledgement != first.acknowledgement


async def test_a_certificate_is_issued_where_number_and_uri_that_are_drawn_are_taken(world: World) -> None:
    one = await world.approved(world.asha, FREE, world.registrar)
    two = await world.approved(world.sunil, FREE, world.registrar)
    first = await issue_certificate(world.env, one.id, FakeRenderer())
    assert first is not None
    of_uri = "000" + first.uri[-10:]
    fresh = "0001234567890"
    second = await issue_certificate(drawing(world.env, first.number, fresh, of_uri), two.id, FakeRenderer())
    assert second is not None
    assert second.number[3:13] == fresh[3:]
    assert second.uri != first.uri


async def test_a_certificate_whose_number_is_taken_in_the_same_moment_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await world.approved(world.asha, FREE, world.registrar)
    two = await world.approved(world.sunil, FREE, world.registrar)
    first = await issue_certificate(world.env, one.id, FakeRenderer())
    assert first is not None

    async def nothing(*_: Any) -> set[str]:
        return set()

    with monkeypatch.context() as patch:
        patch.setattr(numbers, "in_use", nothing)
        with pytest.raises(AlreadyThere):
            await issue_certificate(drawing(world.env, first.number), two.id, FakeRenderer())
    assert await issue_certificate(world.env, two.id, FakeRenderer()) is not None


@pytest.mark.parametrize("kind", NumberKind)
async def test_every_kind_of_number_is_looked_for(twins: Twins, kind: NumberKind) -> None:
    async with twins.one.store.read_transaction() as tx:
        assert await numbers.in_use(tx, kind, ["12669693420486"]) == set()
        assert len(set(await draw_numbers(tx, twins.one.ids, kind, 30))) == 30


async def test_digits_that_are_not_random_come_to_an_end(world: World) -> None:
    first = await world.submit(world.asha, FREE)
    env = drawing(world.env, *[first.number] * ROUNDS)
    async with world.env.store.read_transaction() as tx:
        with pytest.raises(AlreadyThere):
            await draw_number(tx, env.ids, NumberKind.APPLICATION)


async def test_addresses_that_are_taken_or_drawn_twice_are_drawn_again_in_the_order_of_their_kinds(
    peopled: World,
) -> None:
    world = peopled
    case = await world.approved(world.asha, FREE, world.registrar)
    issued = await issue_certificate(world.env, case.id, FakeRenderer())
    assert issued is not None
    issuer, doctype, held = issued.uri.rsplit("-", 2)
    digits = ["1111111111", "1111111111", "2222222222", "3333333333", held, "4444444444"]
    async with world.env.store.read_transaction() as tx:
        uris = await draw_uris(tx, Drawing(world.env.ids, digits), issuer, [doctype, doctype, doctype])
        with pytest.raises(AlreadyThere):
            await draw_uris(tx, Drawing(world.env.ids, [held] * ROUNDS), issuer, [doctype])
    assert [uri.rsplit("-", 1)[1] for uri in uris] == ["1111111111", "3333333333", "4444444444"]
