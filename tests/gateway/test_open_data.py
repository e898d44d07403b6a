"""Open data: each dataset at a stable address in two forms, with licence, dictionary and version."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from gateway.pages.downloads.open_data import DATASETS, LICENCE, open_data_routes
from store.catalogue import catalogue
from tests.support.actions import World
from tests.support.plans import statements_of


@pytest.fixture
async def door(sqlite_peopled: World) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=open_data_routes(sqlite_peopled.env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
        yield client


async def test_the_index_names_licence_version_addresses_and_every_column_in_both_languages(door: httpx.AsyncClient):
    found = (await door.get("/open-data.json")).json()["datasets"]

    assert [one["name"] for one in found] == list(DATASETS)
    assert {one["licence"] for one in found} == {LICENCE}
    assert all(one["version"] and len(one["addresses"]) == 2 for one in found)
    labels = [column["label"] for one in found for column in one["columns"]]
    assert [label for label in labels if not label["hi"] or not label["en"] or label["en"].startswith("field.")] == []


@pytest.mark.parametrize("name", list(DATASETS))
async def test_both_forms_of_a_dataset_have_the_columns_of_the_dictionary_and_the_same_rows(
    door: httpx.AsyncClient, name: str
):
    rows = (await door.get(f"/open-data/{name}.json")).json()["rows"]
    table = list(csv.DictReader(io.StringIO((await door.get(f"/open-data/{name}.csv?bom=0")).text)))

    assert len(table) == len(rows)
    assert all(list(row) == list(DATASETS[name].columns) for row in [*rows, *table])


async def test_an_unchanged_dataset_has_an_unchanged_etag_and_version(door: httpx.AsyncClient):
    first = await door.get("/open-data/services.json")
    again = await door.get("/open-data/services.json", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304


async def test_a_fact_that_no_source_confirms_is_named_as_such(door: httpx.AsyncClient):
    rows = {row["code"]: row for row in (await door.get("/open-data/services.json")).json()["rows"]}

    assert "KIND" in rows["ES09"]["notConfirmed"]
    assert "TIME_LIMIT" not in rows["ES09"]["notConfirmed"]
    assert rows["PP02"]["address"] == "https://www.passportindia.gov.in"


async def test_the_index_is_not_computed_anew_for_each_call(sqlite_peopled: World, door: httpx.AsyncClient):
    first = await door.get("/open-data.json")

    with statements_of(sqlite_peopled.env.store) as asked:
        again = await door.get("/open-data.json")

    assert again.content == first.content
    assert [one for one in asked if "sum(" not in one.lower()] == []


async def test_what_is_published_follows_a_change_of_the_catalogue_at_once(
    sqlite_peopled: World, door: httpx.AsyncClient
):
    before = (await door.get("/open-data/services.json")).json()

    async with sqlite_peopled.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, "ES09")
        await catalogue.upsert_services(tx, [replace(service, portal_delivery_days=77)])

    after = (await door.get("/open-data/services.json")).json()
    assert {one["code"]: one["portalDeliveryDays"] for one in after["rows"]}["ES09"] == 77
    assert after["version"] != before["version"]


async def test_figures_are_counted_anew_after_a_minute(sqlite_peopled: World, door: httpx.AsyncClient):
    await door.get("/open-data/delivery-by-district.json")
    sqlite_peopled.clock.advance(timedelta(minutes=1))

    with statements_of(sqlite_peopled.env.store) as asked:
        await door.get("/open-data/delivery-by-district.json")

    assert len(asked) > 1


async def test_the_parameters_of_nesda_are_told_with_todays_value_or_as_not_measured(door: httpx.AsyncClient):
    rows = (await door.get("/open-data/nesda.json")).json()["rows"]

    told = {(row["parameter"], row["measure"]): (row["value"], row["unit"]) for row in rows}
    assert told["END_SERVICE_DELIVERY", "OPEN_SERVICES"] == (55, "COUNT")
    assert told["ACCESSIBILITY", "TEXTS_IN_LANGUAGE"] == (10_000, "HUNDREDTHS_OF_PERCENT")
    assert told["OPEN_DATA", "DATASETS"] == (len(DATASETS), "COUNT")
    assert told["SECURITY_AND_PRIVACY", None] == (None, "COUNT")
    assert len({parameter for parameter, _ in told}) == 10


async def test_of_nesda_nothing_is_told_where_few_people_stand_behind_it(door: httpx.AsyncClient):
    rows = (await door.get("/open-data/nesda.json")).json()["rows"]

    assert {row["value"] for row in rows if row["measure"] in ("ON_TIME_RATE", "AVERAGE_DAYS")} == {None}


async def test_the_page_of_nesda_rounds_no_share_up_to_the_whole(door: httpx.AsyncClient):
    rows = (await door.get("/open-data/nesda.json")).json()["rows"]
    shares = {f"{row['value'] / 100:.2f} %" for row in rows if row["unit"] == "HUNDREDTHS_OF_PERCENT" and row["value"]}

    page = await door.get("/nesda?language=en", headers={"Accept": "text/html"})

    assert shares <= {cell.text_content() for cell in html.fromstring(page.text).cssselect("tbody td")}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("hi", "सूचना सुरक्षा और निजता यहाँ मापा नहीं जाता –"),
        ("en", "Information security and privacy Not measured here –"),
    ],
)
async def test_the_page_of_nesda_is_in_the_language_that_is_asked_for(
    door: httpx.AsyncClient, language: str, told: str
):
    page = await door.get(f"/nesda?language={language}", headers={"Accept": "text/html"})

    rows = [" ".join(cell.text_content() for cell in row) for row in html.fromstring(page.text).cssselect("tbody tr")]
    assert page.headers["content-language"] == language
    assert told in rows
