"""The first page over the real door, for a phone with little data: small, and nothing at all where nothing changed."""

import httpx
import pytest

from domain.manifests import document_id
from tests.support.operations import operation
from tests.support.running import Running

MOST = 4096
FULL = ("asha-negi", "sunil-rawat", "kamla-bisht", "mohit-thapliyal")
"""Those of the demo with the longest histories come first in demo/people.json."""


def page(running: Running, person: str, **headers: str) -> tuple[httpx.Response, int]:
    """The dashboard as the app asks for it, and how many octets of body came over the wire."""
    given = {
        "Accept-Encoding": "gzip, br",
        "Authorization": f"Bearer {running.token('citizen', person)}",
        **headers,
    }
    query = {
        "documentId": f"sha256:{document_id(operation('citizen_app/dashboard'))}",
        "variables": '{"language":"HI"}',
    }
    with httpx.stream(
        "GET", f"{running.url}/graphql", params=query, headers=given, timeout=30, trust_env=False
    ) as answer:
        octets = sum(map(len, answer.iter_raw()))
    return answer, octets


@pytest.mark.parametrize("person", FULL)
def test_a_dashboard_is_at_most_four_kilobytes_and_none_where_nothing_changed(running: Running, person: str):
    first, octets = page(running, person)
    again, nothing = page(running, person, **{"If-None-Match": first.headers["etag"]})

    assert first.status_code == 200
    assert 0 < octets <= MOST
    assert (again.status_code, nothing) == (304, 0)
    assert again.headers["etag"] == first.headers["etag"]
