"""Values of the graph as people read them, and the frame around every page."""

import pytest
from lxml import html
from starlette.requests import Request

from domain.kernel import PersonKind
from gateway.pages.rendering import Pages, money, number


@pytest.mark.parametrize(
    ("paise", "shown"),
    [(4000, "₹40"), (11_400_000, "₹1,14,000"), (4050, "₹40.50"), (0, "₹0"), (None, "–"), (-4000, "-₹40")],
)
def test_money_of_the_graph_is_paise_and_shown_in_rupees(paise: int | None, shown: str):
    assert money(paise) == shown


@pytest.mark.parametrize("given", ["12026123456789", 12026123456789, "1202 61234 56789"])
def test_a_number_is_shown_in_groups_however_it_came(given: str | int):
    assert number(given) == "1202 61234 56789"


def test_a_page_that_asks_nobody_who_reads_it_knows_it_by_the_cookie():
    request = Request({"type": "http", "path": "/help", "query_string": b"", "headers": []})
    pages = Pages(reader=lambda _: PersonKind.CITIZEN)

    known, stranger = (pages.draw(request, "help.html", {}, **given) for given in ({}, {"person": None}))

    led = [html.fromstring(page.body).cssselect("nav.main form")[0].get("action") for page in (known,)]
    assert led == ["/sign-out"]
    assert not html.fromstring(stranger.body).cssselect("nav.main form")
