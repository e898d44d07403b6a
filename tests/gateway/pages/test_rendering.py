"""Values of the graph as people read them."""

import pytest

from gateway.pages.rendering import money


@pytest.mark.parametrize(
    ("paise", "shown"),
    [(4000, "₹40"), (11_400_000, "₹1,14,000"), (4050, "₹40.50"), (0, "₹0"), (None, "–"), (-4000, "-₹40")],
)
def test_money_of_the_graph_is_paise_and_shown_in_rupees(paise: int | None, shown: str):
    assert money(paise) == shown
