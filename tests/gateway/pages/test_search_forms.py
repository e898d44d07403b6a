"""What does not fit a field of a search form: the field, the reason and the remedy, with the rest still answered."""

import pytest
from lxml import html

from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import powers  # noqa: F401 - a fixture
from tests.support.graph import World

UNFIT = [
    (None, "/notified-services", "mostDays", "abc", "whole number"),
    (None, "/notified-services", "mostDays", "99999999999", "whole number"),
    (None, "/services", "lifeEvent", "FOO", "one of those that are offered"),
    (None, "/services", "first", "many", "whole number"),
    ("anita", "/desk/voice", "states", "FOO", "one of those that are offered"),
    ("finance", "/finance", "filter.states", "FOO", "one of those that are offered"),
    ("finance", "/finance/payments", "queue", "FOO", "one of those that are offered"),
    ("admin", "/staff/centres", "filter.kind", "FOO", "one of those that are offered"),
]


@pytest.mark.parametrize(("person", "path", "field", "typed", "reason"), UNFIT)
async def test_what_does_not_fit_is_told_at_its_field_with_the_reason_and_the_remedy(
    powers: World,  # noqa: F811 - the fixture
    browse: Browse,
    person: str | None,
    path: str,
    field: str,
    typed: str,
    reason: str,
):
    async with browse(person) as browser:
        page = await browser.get(path, params={field: typed})

    drawn = html.fromstring(page.text)
    told = drawn.cssselect(".summary li")
    assert page.status_code == 400
    assert [reason in one.text_content() for one in told] == [True]
    assert typed in told[0].text_content()
    control = drawn.cssselect(f'[name="{field}"]')
    assert [one.get("aria-invalid") for one in control] == ["true"] * len(control)


async def test_the_rest_of_a_search_form_is_still_there_where_one_field_does_not_fit(world: World, browse: Browse):
    async with browse() as browser:
        page = await browser.get("/notified-services", params={"words": "income", "mostDays": "abc"})

    drawn = html.fromstring(page.text)
    assert {one.get("name"): one.get("value") for one in drawn.cssselect("main form input")} == {
        "words": "income",
        "mostDays": "abc",
    }


@pytest.mark.parametrize(("field", "typed"), [("after", "xyz"), ("first", "1000")])
@pytest.mark.parametrize(
    ("person", "path"),
    [
        (None, "/services"),
        (None, "/notified-services"),
        ("asha", "/my/messages"),
        ("asha", "/my/applications"),
        ("anita", "/desk"),
        ("anita", "/desk/voice"),
        ("anita", "/desk/leave"),
    ],
)
async def test_a_page_that_cannot_be_counted_out_is_refused_by_a_page_for_people(
    world: World, browse: Browse, person: str | None, path: str, field: str, typed: str
):
    async with browse(person) as browser:
        page = await browser.get(path, params={field: typed})

    assert page.status_code == 400
    assert html.fromstring(page.text).cssselect("h1")
