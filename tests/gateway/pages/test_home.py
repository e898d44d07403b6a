"""`/home` leads each person to the page of their own."""

import pytest
from starlette.requests import Request

from gateway.http.session_auth import cookie_to_read

OURS = "http://gateway.test"


def cookie_of(**headers: str) -> str | None:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/home", "headers": [(b"cookie", b"apuni_session=token"), *named]}
    return cookie_to_read(Request(scope), (OURS,))


@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site"])
def test_who_comes_to_a_page_herself_is_who_she_is_also_on_the_way_back_from_a_provider(site: str):
    assert cookie_of(sec_fetch_site=site, sec_fetch_dest="document") == "token"


@pytest.mark.parametrize("dest", ["iframe", "image", "script", "empty"])
def test_what_another_site_s_page_loads_is_what_nobody_gets(dest: str):
    assert cookie_of(sec_fetch_site="cross-site", sec_fetch_dest=dest) is None


def test_a_request_of_another_origin_s_script_is_nobody_s():
    assert cookie_of(origin="https://evil.test", sec_fetch_dest="document") is None


def test_a_browser_that_says_nothing_of_itself_is_taken_at_its_cookie():
    assert cookie_of() == "token"
