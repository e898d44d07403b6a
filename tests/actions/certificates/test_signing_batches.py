"""Batches of up to 200 certificates: what is signed is released, and what was cut off goes on in the next batch."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from actions.certificates.signing_queue import TokenSignature
from domain.certificates.officer_signatures import MOST_IN_BATCH, MOST_IN_PART, SigningFailure, SigningState
from domain.kernel import Bilingual, ErrorCode, Problems
from store.certificates import certificates
from store.identity import people
from tests.support.actions import FREE, World
from tests.support.bounds import rounds
from tests.support.signing import Signing, signing_in

MANY = rounds(12, ci=12, full=MOST_IN_BATCH)


@pytest.fixture
async def signing(world: World, tmp_path: Path) -> Signing:
    return await signing_in(world, tmp_path)


async def decided_for_many(signing: Signing, many: int) -> list[str]:
    """Approved applications of so many citizens, whose certificates wait."""
    world, decided = signing.world, []
    for number in range(many):
        key = f"many-{number}"
        async with world.env.store.write_transaction() as tx:
            asha = (await people.citizens(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""]
            name = Bilingual(f"नागरिक {number}", f"Citizen {number}")
            await people.add_citizen(tx, replace(asha, id=key, name=name, mobile=f"97{number:08d}"))
        citizen = replace(world.asha, person_id=key)
        application = await world.approved(citizen, FREE, world.registrar, idempotency_key=key)
        decided.append(application.id)
    await signing.work()
    return decided


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_batch_that_is_interrupted_twice_goes_on_until_all_are_released_once(signing: Signing):
    decided, token = await decided_for_many(signing, MANY), await signing.enrolled()
    batch = await signing.prepared(token)
    assert Counter(one.state for one in batch.items) == {SigningState.PREPARED: MANY}

    signing.fate("pulled", at=MANY // 2)
    pulled = await signing.hand_in(batch, await signing.signed(token, batch))
    assert Counter((one.state, one.failure) for one in pulled.items) == {
        (SigningState.RELEASED, None): MANY // 2,
        (SigningState.WAITING, SigningFailure.TOKEN_GONE): MANY - MANY // 2,
    }
    signing.fate("well")
    again = await signing.prepared(token)
    given = await signing.signed(token, again)
    await signing.hand_in(again, given[: len(given) // 2])  # and the page is closed
    last = await signing.prepared(token)
    assert len(last.items) == len(given) - len(given) // 2
    await signing.hand_in(last, await signing.signed(token, last))

    made = await signing.world.env.store.read(lambda tx: certificates.of_applications(tx, decided))
    assert len({one.number for one in made.values()}) == MANY
    assert await signing.waiting() == []


async def test_more_signatures_than_a_request_holds_are_refused_at_once(signing: Signing):
    token, _ = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    many = tuple(TokenSignature(str(one), "0" * 64, "AAAA") for one in range(MOST_IN_PART + 1))

    with pytest.raises(Problems) as refused:
        await signing.hand_in_at_once(batch, many)

    assert refused.value.code is ErrorCode.BAD_INPUT
