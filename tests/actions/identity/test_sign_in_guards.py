"""The guards of sign-in: redirects of apps, paths of ours, PKCE."""

import pytest

from actions.identity.sign_in_guards import app_request, challenge_of, safe_return_to, verifier_matches, with_query
from domain.kernel import Problems

CHALLENGE = challenge_of("v" * 64)
LINKS = frozenset({"https://apunisarkar.example/app/signed-in"})


def test_the_challenge_is_that_of_the_standards_example():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert verifier_matches(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


@pytest.mark.parametrize(
    "redirect",
    ["http://127.0.0.1:53682/", "http://127.0.0.1:8/cb?x=1", "http://[::1]:9000/cb", *LINKS],
)
def test_loopback_addresses_and_registered_links_are_taken(redirect):
    assert app_request(redirect, "s", CHALLENGE, LINKS, loopback=True).redirect == redirect


def test_production_takes_registered_links_alone():
    assert app_request(min(LINKS), "s", CHALLENGE, LINKS, loopback=False).redirect in LINKS
    with pytest.raises(Problems):
        app_request("http://127.0.0.1:53682/", "s", CHALLENGE, LINKS, loopback=False)


@pytest.mark.parametrize(
    "redirect",
    [
        "https://127.0.0.1:9000/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9000/cb#x",
        "http://127.0.0.1:9000@evil.example/cb",
        "http://evil@127.0.0.1:9000/cb",
        "http://127.0.0.1.evil.example:9000/cb",
        "http://127.0.0.1:9000\\@evil.example/cb",
        "http://127.0.0.1:9000/c\nb",
        "http://localhost:9000/cb",
        "http://evil.example:9000/cb",
        "https://apunisarkar.example/app/signed-in/",
        "https://apunisarkar.example/app/signed-in?x=1",
        "javascript:alert(1)",
        "",
    ],
)
def test_any_other_redirect_of_an_app_is_refused(redirect):
    with pytest.raises(Problems):
        app_request(redirect, "s", CHALLENGE, LINKS, loopback=True)


@pytest.mark.parametrize("challenge", [None, "", "short", "v" * 44, "é" * 43])
def test_an_app_must_bring_a_challenge(challenge):
    with pytest.raises(Problems):
        app_request("http://127.0.0.1:9000/cb", "s", challenge, LINKS, loopback=True)


def test_a_state_that_is_too_long_is_refused():
    with pytest.raises(Problems):
        app_request("http://127.0.0.1:9000/cb", "s" * 513, CHALLENGE, LINKS, loopback=True)


@pytest.mark.parametrize("path", ["/", "/graphql", "/track?number=1&x=%2F#top", "/a/b/"])
def test_paths_of_ours_are_taken(path):
    assert safe_return_to(path) == path


@pytest.mark.parametrize("missing", [None, ""])
def test_without_a_path_one_comes_to_the_page_of_ones_own(missing):
    assert safe_return_to(missing) == "/home"


def test_values_are_added_to_the_query_that_is_there():
    assert with_query("http://127.0.0.1:9/cb?x=1", code="a&b", state=None) == "http://127.0.0.1:9/cb?x=1&code=a%26b"
