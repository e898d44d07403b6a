"""Views of the figures that an officer keeps for herself."""

from typing import Any

import pytest

from tests.support.graph import OFFICER, STRANGE_OFFICER, World

SAVE = """mutation ($input: SaveViewInput!) { saveView(input: $input) {
  view { name district groupBy months } userErrors { code path } } }"""
RENAME = """mutation ($input: RenameViewInput!) { renameView(input: $input) {
  view { name months } userErrors { code path } } }"""
DELETE = """mutation ($input: DeleteViewInput!) { deleteView(input: $input) {
  view { name } userErrors { code path } } }"""
VIEWS = "{ viewer { ... on Officer { savedViews { name months groupBy channel } } } }"


async def test_views_are_kept_renamed_and_deleted_by_their_officer(world: World) -> None:
    given = {"name": " My  district ", "district": "49", "groupBy": ["MONTH"], "idempotencyKey": "v1"}
    saved = (await world.ask(SAVE, OFFICER, input=given))["data"]["saveView"]
    assert saved["view"] == {"name": "My district", "district": "49", "groupBy": ["MONTH"], "months": 12}
    await world.ask(SAVE, OFFICER, input=given | {"months": 24, "idempotencyKey": "v2"})
    await world.ask(SAVE, OFFICER, input={"name": "Other", "channel": "UMANG", "idempotencyKey": "v3"})

    twin = await world.ask(RENAME, OFFICER, input={"name": "Other", "newName": "My district", "idempotencyKey": "v4"})
    done = await world.ask(RENAME, OFFICER, input={"name": "Other", "newName": "UMANG", "idempotencyKey": "v5"})
    strange = await world.ask(DELETE, STRANGE_OFFICER, input={"name": "UMANG", "idempotencyKey": "v6"})

    (taken,) = twin["data"]["renameView"]["userErrors"]
    assert (taken["path"], taken["code"]) == (["input", "newName"], "NAME_TAKEN")
    assert done["data"]["renameView"]["view"]["name"] == "UMANG"
    assert strange["data"]["deleteView"]["userErrors"][0]["code"] == "NOT_FOUND"
    views = (await world.ask(VIEWS, OFFICER))["data"]["viewer"]["savedViews"]
    assert [(one["name"], one["months"], one["channel"]) for one in views] == [
        ("My district", 24, None),
        ("UMANG", 12, "UMANG"),
    ]
    assert (await world.ask(VIEWS, STRANGE_OFFICER))["data"]["viewer"]["savedViews"] == []
    await world.ask(DELETE, OFFICER, input={"name": "UMANG", "idempotencyKey": "v7"})
    assert len((await world.ask(VIEWS, OFFICER))["data"]["viewer"]["savedViews"]) == 1


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "n" * 81}, {"groupBy": ["MONTH", "MONTH"]}, {"months": 61}])
async def test_views_that_are_not_kept(world: World, wrong: dict[str, Any]) -> None:
    answer = await world.ask(SAVE, OFFICER, input={"name": "A view", "idempotencyKey": "k", **wrong})
    assert answer["data"]["saveView"]["userErrors"][0]["code"] == "BAD_INPUT"


async def test_every_field_that_is_wrong_is_named(world: World) -> None:
    wrong = {"name": " ", "groupBy": ["MONTH", "MONTH"], "months": 0, "idempotencyKey": "k"}
    errors = (await world.ask(SAVE, OFFICER, input=wrong))["data"]["saveView"]["userErrors"]
    assert [(one["code"], one["path"][-1]) for one in errors] == [
        ("BAD_INPUT", "name"),
        ("BAD_INPUT", "groupBy"),
        ("BAD_INPUT", "months"),
    ]
