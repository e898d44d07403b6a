"""What we tell partners of ourselves names the portal as the installation does."""

from collections.abc import Iterator

import pytest

from domain.kernel import Bilingual
from domain.kernel.messages import name_portal, portal_name
from gateway.http import openapi
from gateway.umang import description
from integrations.apisetu import published_document
from integrations.sso.meri_pehchaan import MeriPehchaanSettings
from integrations.umang import UmangEndpointSettings

URL = "https://gateway.test"


@pytest.fixture(autouse=True)
def another_name() -> Iterator[Bilingual]:
    """A name that an installation gives; MeriPehchaan takes no dots."""
    before, given = portal_name(), Bilingual("मेरी सरकार", "Meri Sarkar 2.0")
    name_portal(given)
    yield given
    name_portal(before)


def test_the_documents_of_our_doors_name_the_portal(another_name: Bilingual):
    documents = [
        openapi.document(URL),
        description.document(URL, UmangEndpointSettings((), (), {})),
        published_document.document(URL, "uk.gov.in", [], []),
    ]

    assert [another_name.en in document["info"]["title"] for document in documents] == [True] * 3


def test_the_document_at_api_setu_names_the_portal_in_both_languages(another_name: Bilingual):
    info = published_document.document(URL, "uk.gov.in", [], [])["info"]

    assert another_name.hi in info["title"]
    assert info["contact"]["name"] == another_name.en


def test_the_page_of_meri_pehchaan_names_the_portal_in_the_signs_that_it_takes():
    assert MeriPehchaanSettings("https://sso.test", "client", "secret").service_name == "Meri Sarkar 20"
