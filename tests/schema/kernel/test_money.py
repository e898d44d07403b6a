"""Every amount of the graph is whole paise of a scalar that names its currency."""

import re
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, get_named_type

from tests.support.built import built

AMOUNT = re.compile(
    r"(amount|paise|price|deducted|outstanding|charge|penalty|compensation|balance|payment|year|aside|arrears|cap)$",
    re.IGNORECASE,
)
NUMBERS = {"Int", "Float", "Long", "String", "Paise"}
NO_AMOUNTS = {("SanctionBudget", "financialYear")}


def amounts() -> list[tuple[str, str, str]]:
    """Fields and inputs with a number or text whose name says that it is an amount: type, field, its scalar."""
    graph: Any = built()
    return [
        (kind.name, name, found)
        for kind in graph._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for name, field in kind.fields.items()
        if AMOUNT.search(name) and (found := get_named_type(field.type).name) in NUMBERS
        if (kind.name, name) not in NO_AMOUNTS
    ]


def test_every_amount_is_paise():
    found = amounts()
    assert len(found) >= 25
    assert [one for one in found if one[2] != "Paise"] == []


def test_the_scalar_names_its_currency():
    graph: Any = built()
    assert "INR in ISO 4217" in graph._schema.type_map["Paise"].description
