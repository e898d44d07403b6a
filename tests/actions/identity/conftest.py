"""Providers that vouch as told, and an environment with an officer and an operator on their registers."""

import pytest

from domain.kernel import Provider
from store.identity import people
from tests.support.sign_in import FakeProvider, enter_operator, environment, officer
from tests.support.signing_in import CSC_ID, EMAIL, OFFICER, OPERATOR


@pytest.fixture
def providers():
    return {
        each: FakeProvider(each)
        for each in (Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY, Provider.PARICHAY, Provider.CSC_CONNECT)
    }


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock, providers):
    async with sqlite_store.write_transaction() as tx:
        await people.add_officer(tx, officer(OFFICER, EMAIL))
        await enter_operator(tx, OPERATOR, CSC_ID)
    return environment(sqlite_store, store_keyrings, store_clock, providers.values())


@pytest.fixture
def env_of_each(store, store_keyrings, store_clock, providers):
    return environment(store, store_keyrings, store_clock, providers.values())
