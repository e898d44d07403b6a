"""Redirect addresses of registered apps: which may be registered, and which of them a sign-in may lead back to."""

from dataclasses import replace

import pytest

from domain.platform.registered_apps import RegisteredApp, app_of, is_redirect
from tests.support.databases import NOW

APP = RegisteredApp(
    "1", "my_app", "My app", "dev", ("https://app.example/in", "http://127.0.0.1/in"), "key", "hash", NOW, NOW
)


@pytest.mark.parametrize(
    "address", ["https://app.example/in", "http://127.0.0.1:8080/in", "http://127.0.0.1/in", "http://[::1]:1/in"]
)
def test_an_address_of_https_or_of_this_machine_may_be_registered(address):
    assert is_redirect(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "app.example/in",
        "http://app.example/in",
        "javascript:alert(1)",
        "in.gov.uk.apuni:/in",
        "https://name:word@app.example/in",
        "https://app.example/in#part",
        "https://app.example/in out",
        "https://app.example:port/in",
        "https://आशा.example/in",
        "https://app.example/" + "a" * 500,
    ],
)
def test_any_other_address_may_not(address):
    assert not is_redirect(address)


@pytest.mark.parametrize("address", ["https://app.example/in", "http://127.0.0.1:40123/in", "http://127.0.0.1/in"])
def test_a_sign_in_leads_back_to_an_address_letter_for_letter_or_to_this_machine_at_any_port(address):
    assert app_of([APP], address) is APP


@pytest.mark.parametrize(
    "address",
    ["https://app.example:8443/in", "https://app.example/in?x=1", "http://127.0.0.1:40123/other", "http://[/in"],
)
def test_a_sign_in_leads_to_no_other_address(address):
    assert app_of([APP], address) is None


def test_an_app_that_was_ended_signs_nobody_in():
    assert app_of([replace(APP, ended_at=NOW)], "https://app.example/in") is None
