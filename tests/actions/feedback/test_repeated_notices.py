"""A notice is sent once more, within bounds, by who may."""

from datetime import timedelta

import pytest

from actions.feedback.repeated_notices import AGAIN_AFTER, MOST_AGAIN, ResendNotice, resend_notice
from domain.applications.lifecycle import Status
from domain.feedback.notices import Notice
from domain.kernel import ErrorCode, Problems, Subject
from store.feedback import notices
from tests.support.actions import World
from tests.support.messages import MOBILE, carried


@pytest.fixture
async def notice(world: World, phones) -> Notice:
    """Asha's application was handed in at a centre, of which she is told."""
    application = await world.submit(world.operator)
    assert application.status is Status.IN_SCRUTINY
    async with world.env.store.read_transaction() as tx:
        [found] = (await notices.of_applications(tx, [application.id]))[application.id]
    return found


async def again(world: World, notice: Notice, subject: Subject, key: str = "again-1") -> tuple[Notice, bool]:
    return await resend_notice(world.env, subject, ResendNotice(notice.id, key))


async def refusal(world: World, notice: Notice, subject: Subject, key: str) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await again(world, notice, subject, key)
    return caught.value.code


async def test_a_notice_that_is_sent_again_says_the_same_and_comes_to_the_telephone_once_more(world, phones, notice):
    await carried(world)
    world.clock.advance(AGAIN_AFTER)
    sent, _ = await again(world, notice, world.asha)
    await carried(world)

    assert (sent.kind, sent.params, sent.application_id) == (notice.kind, notice.params, notice.application_id)
    assert [to for to, _ in phones.sent] == [MOBILE, MOBILE]
    assert len({text for _, text in phones.sent}) == 1


async def test_the_same_key_sends_it_once(world, phones, notice):
    world.clock.advance(AGAIN_AFTER)
    first, _ = await again(world, notice, world.asha)

    second, replayed = await again(world, notice, world.asha)

    assert (second.id, replayed) == (first.id, True)


async def test_an_officer_who_decides_the_case_sends_it_again_which_the_citizen_can_see(world, phones, notice):
    world.clock.advance(AGAIN_AFTER)

    sent, _ = await again(world, notice, world.registrar)

    assert sent.citizen_id == world.asha.person_id


@pytest.mark.parametrize("who", ["sunil", "operator", "tehsildar", "elsewhere"])
async def test_for_others_there_is_no_such_notice(world, phones, notice, who):
    world.clock.advance(AGAIN_AFTER)

    assert await refusal(world, notice, getattr(world, who), "k") is ErrorCode.NOT_FOUND


async def test_it_is_not_sent_again_within_the_hour(world, phones, notice):
    world.clock.advance(AGAIN_AFTER - timedelta(seconds=1))

    assert await refusal(world, notice, world.asha, "k") is ErrorCode.RATE_LIMITED


async def test_it_is_sent_again_three_times_at_most_also_by_its_repetitions(world, phones, notice):
    sent = notice
    for each in range(MOST_AGAIN):
        world.clock.advance(AGAIN_AFTER)
        sent, _ = await again(world, sent, world.asha, f"again-{each}")
    world.clock.advance(timedelta(days=30))

    assert await refusal(world, sent, world.asha, "one-more") is ErrorCode.RATE_LIMITED
    assert await refusal(world, notice, world.asha, "one-more-of-the-first") is ErrorCode.RATE_LIMITED
