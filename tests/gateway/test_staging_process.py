"""A real process with the profile of staging: every answer bears a header, every page a banner."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.production import Production, production

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture(scope="module")
def gateway(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(postgres_server, tmp_path_factory.mktemp("staging") / "home", "staging") as started:
        yield started


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/health/live", {}, 200),
        ("/nowhere", {}, 404),
        ("/graphql", {}, 400),
        ("/graphql", {"Host": "elsewhere.example"}, 421),
        ("/graphql", {"Host": "not a host"}, 400),
    ],
)
def test_every_answer_bears_the_header_also_what_the_server_refuses(gateway, path, headers, status):
    with gateway.client(1) as line:
        answer = line.get(path, headers=headers)

    assert (answer.status_code, answer.headers.get("x-specimen")) == (status, "staging")


def test_a_page_says_that_it_is_a_specimen(gateway):
    with gateway.client(2) as line:
        page = line.get("/track", headers={"Accept-Language": "en"})

    assert page.status_code == 200
    assert "SPECIMEN: this is a system for training and trials" in page.text
