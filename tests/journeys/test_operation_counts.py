"""Fifty published operations ask the store and outside systems for no more than their budgets (tests/budgets)."""

import os

import pytest

from tests.support.operation_counts import (
    SLACK,
    Counts,
    gateway_over,
    grown,
    named_operations,
    read_budgets,
    write_budgets,
)


def test_the_message_names_the_operation_that_grew_and_what_it_may_ask_for():
    may, fits, grew = Counts(2, 0, 1, 0), Counts(2, 0, 1, SLACK), Counts(2, 0, 1, SLACK + 1)

    lines = grown({"app/home": grew, "app/desk": fits, "app/new": may}, {"app/home": may, "app/desk": may})

    assert lines == [
        f"app/home grew: {grew.text()}; it may ask for {may.text()}",
        f"app/new has no budget: {may.text()}",
    ]


@pytest.fixture
async def counted(running) -> dict[str, Counts]:
    """What each operation asked for. With RENEW_BUDGETS=1 it is kept as the budget."""
    async with gateway_over(running) as gateway:
        found = {one.name: await gateway.counted(one) for one in named_operations()}
    if os.environ.get("RENEW_BUDGETS") == "1":
        write_budgets(found)
    return found


async def test_no_published_operation_asks_for_more_than_its_budget(counted):
    lines = grown(counted, read_budgets())

    assert not lines, "\n".join([*lines, "Ask for less, or renew the file: CONTRIBUTING.md, section Tests"])
