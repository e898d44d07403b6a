"""What a consent is limited to: purpose, kinds of documents, and the words that the consent page takes."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.kernel import Source
from integrations.calling.errors import Refused
from integrations.sso import MeriPehchaan, MeriPehchaanSettings
from tests.integrations.digilocker.conftest import PEOPLE
from tests.support.remotes import remote_over


def settings_of(locker, **given):
    return MeriPehchaanSettings.from_onboarding("http://locker.test", {**locker.onboarding, **given})


async def test_the_address_of_the_consent_page_names_purpose_and_kinds(shared_locker):
    settings = settings_of(shared_locker, purpose="Scholarship 2026", doctypes=["SSCER", "PANCR"])
    remote = remote_over(shared_locker.sandbox.app, Source.SSO, clock=shared_locker.clock)
    client = MeriPehchaan(settings, remote, shared_locker.clock)

    url = await client.authorize_url(
        state="s", nonce="n", code_challenge="c", redirect_uri="http://g/cb", language="hi"
    )

    asked = parse_qs(urlsplit(url).query)
    assert asked["purpose"] == ["Scholarship 2026"]
    assert asked["req_doctype"] == ["SSCER,PANCR"]
    assert asked["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize(
    "given", [{"purpose": "Fees & more"}, {"service_name": "<b>"}, {"doctypes": ["TOOLONG"]}, {"doctypes": ["a,b"]}]
)
def test_words_that_the_consent_page_refuses_are_refused_at_the_start(shared_locker, given):
    with pytest.raises(ValueError, match=r"take|has at most"):
        settings_of(shared_locker, **given)


def test_settings_without_limits_send_none(shared_locker):
    assert replace(settings_of(shared_locker), acr=None).doctypes == ()


async def test_a_limited_consent_opens_the_named_kinds_alone(shared_locker):
    client, grant = shared_locker.client(), await shared_locker.grant(req_doctype="SSCER")

    assert [each.doctype for each in (await client.issued_documents(grant)).value] == ["SSCER"]
    with pytest.raises(Refused) as refusal:
        await client.file(grant, "in.gov.uk.board-ROR1B-CD34")
    assert refusal.value.code == "invalid_uri"
    assert len(PEOPLE[0]["locker_documents"]) == 2
