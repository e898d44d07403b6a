"""A sign-out, asked of two real processes over one store."""

import httpx
import pytest

from tests.gateway.streams.test_real_sockets import an_office
from tests.support.eventually import eventually
from tests.support.gateway_process import gateway_process
from tests.support.running import free_port

pytestmark = pytest.mark.integration


@pytest.mark.long
async def test_a_token_that_was_signed_out_ends_at_once_in_that_process_and_soon_in_another(
    sqlite_store, store_keyrings, store_cipher, tmp_path
):
    url, keys = sqlite_store.url, store_keyrings._folder
    async with an_office(url, store_keyrings, store_cipher, tmp_path) as office:
        with (
            gateway_process(url, keys, free_port()) as here,
            gateway_process(url, keys, free_port()) as elsewhere,
            httpx.Client(headers={"authorization": f"Bearer {office.citizen}"}, timeout=60) as client,
        ):

            def status(process):
                return client.post(process.url, json={"query": "{ viewer { __typename } }"}).status_code

            assert [status(process) for process in (here, elsewhere) for _ in range(3)] == [200] * 6
            assert client.post(f"http://127.0.0.1:{here.port}/sign-out").status_code == 204
            assert status(here) == 401
            eventually(lambda: status(elsewhere), lambda found: found == 401, seconds=20)
