"""Kept answers outside this process are sealed for their name; what does not open is a miss."""

import pytest

from domain.kernel import SourceState
from integrations.calling.cache import AnswerCache, cache_key, open_cache
from integrations.calling.cache_backends import SealedCache
from store.database import FieldCipher
from tests.support.loads import ANY, KEPT, KEY, Partner

pytestmark = pytest.mark.integration


@pytest.fixture
async def valkey(valkey_server):
    cache = open_cache(valkey_server.url())
    yield cache
    await cache.close()


@pytest.fixture
def sealed(valkey, store_keyrings, clock) -> AnswerCache:
    return AnswerCache(SealedCache(valkey, FieldCipher(store_keyrings)), clock)


async def test_what_is_kept_is_read_back_and_nothing_of_it_lies_open(sealed, valkey):
    partner = Partner(value={"name": "Asha Negi"})
    answers = [await sealed.get(KEPT, KEY, partner.load, ANY) for _ in range(2)]

    everything = b""
    async for name in valkey.client.scan_iter():
        everything += name + (await valkey.client.dump(name) or b"")

    assert [answer.state for answer in answers] == [SourceState.LIVE, SourceState.CACHED]
    assert b"Asha" not in everything
    assert b"asha" not in everything


async def test_an_entry_moved_to_another_citizens_name_does_not_open(sealed, valkey):
    partner = Partner(value="of asha")
    await sealed.get(KEPT, ("asha", "card"), partner.load, ANY)
    stolen = await valkey.client.get(cache_key(KEPT, ("asha", "card")))
    await valkey.client.set(cache_key(KEPT, ("kamla", "card")), stolen)
    partner.value = "of kamla"

    answer = await sealed.get(KEPT, ("kamla", "card"), partner.load, ANY)

    assert (answer.value, answer.state) == ("of kamla", SourceState.LIVE)


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), lambda raw: b"", lambda raw: b'["clear"]']
)
async def test_a_spoiled_entry_is_a_miss_and_is_written_anew(sealed, valkey, spoil):
    partner, name = Partner(), cache_key(KEPT, KEY)
    await sealed.get(KEPT, KEY, partner.load, ANY)
    await valkey.client.set(name, spoil(await valkey.client.get(name)))

    states = [(await sealed.get(KEPT, KEY, partner.load, ANY)).state for _ in range(2)]

    assert states == [SourceState.LIVE, SourceState.CACHED]
    assert partner.calls == 2


async def test_an_entry_of_an_older_key_is_read_and_one_of_a_lost_key_is_a_miss(
    sealed, valkey, store_keyrings, clock, tmp_path
):
    partner = Partner()
    await sealed.get(KEPT, KEY, partner.load, ANY)
    store_keyrings.rotate("field")
    older = await sealed.get(KEPT, KEY, partner.load, ANY)
    strange = type(store_keyrings)(tmp_path / "others")
    strange.init()
    lost = await AnswerCache(SealedCache(valkey, FieldCipher(strange)), clock).get(KEPT, KEY, partner.load, ANY)

    assert [older.state, lost.state] == [SourceState.CACHED, SourceState.LIVE]


async def test_a_purge_reaches_sealed_entries_too(sealed, valkey):
    partner = Partner()
    await sealed.get(KEPT, KEY, partner.load, ANY)

    assert await sealed.forget_citizen("asha")

    assert (await sealed.get(KEPT, KEY, partner.load, ANY)).state is SourceState.LIVE
