"""`apuni calendar list`, `apuni calendar import` and `apuni doctor calendar`, over the holidays that are shipped."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.catalogue.calendar_import import import_calendar
from actions.catalogue.catalogue_import import import_catalogue
from domain.applications.holidays import HolidayKind
from domain.kernel import CommandFailed
from gateway.commands import calendar
from gateway.installation import doctor
from tests.support.actions import World, shipped_rows

SHIPPED = shipped_rows().holidays


@pytest.fixture
async def shipped(peopled: World) -> World:
    """A world with the holidays that are shipped, on the day after they were imported."""
    peopled.clock.advance(timedelta(days=1))
    await import_calendar(peopled.env.store, SHIPPED, dry_run=False)
    peopled.clock.advance(timedelta(days=1))
    return peopled


async def listed(world: World, capsys, **options) -> dict:
    await calendar.list_holidays(world.env, as_json=True, **{"year": None, "district": None, "kind": None} | options)
    return json.loads(capsys.readouterr().out)


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, SHIPPED[0].keys())
        lines.writeheader()
        lines.writerows(rows)
    return path


async def test_every_holiday_is_listed_with_kind_district_source_and_mark(shipped: World, capsys):
    told = await listed(shipped, capsys)

    assert [holiday["day"] for holiday in told["holidays"]] == [row["date"] for row in SHIPPED]
    assert told["lists"] == {"2025": "UNVERIFIED", "2026": "UNVERIFIED", "2027": "MISSING"}
    chhath = next(holiday for holiday in told["holidays"] if holiday["district"])
    assert {name: chhath[name] for name in ("day", "nameEn", "nameHi", "kind", "district", "verified")} == {
        "day": "2025-10-27",
        "nameEn": "Chhath Puja",
        "nameHi": "छठ पूजा",
        "kind": "DISTRICT",
        "district": "56",
        "verified": False,
    }
    assert "District Magistrate" in chhath["source"]


@pytest.mark.parametrize(
    ("options", "many"),
    [
        ({"year": 2026}, 25),
        ({"year": 2025, "kind": HolidayKind.SIX_DAY}, 4),
        ({"year": 2025, "district": "56"}, 32),
        ({"year": 2025, "district": "49"}, 31),
        ({"year": 2031}, 0),
    ],
)
async def test_holidays_are_listed_by_year_kind_and_district(shipped: World, capsys, options, many):
    assert len((await listed(shipped, capsys, **options))["holidays"]) == many


async def test_the_table_names_each_day_and_the_state_of_its_year(shipped: World, capsys):
    await calendar.list_holidays(shipped.env, year=2026, district=None, kind=None, as_json=False)

    told = capsys.readouterr().out
    assert "Govardhan Puja" in told
    assert "apuni: the list of 2026: UNVERIFIED" in told


async def test_the_table_is_no_wider_than_a_hundred_columns(shipped: World, capsys):
    await calendar.list_holidays(shipped.env, year=None, district=None, kind=None, as_json=False)

    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 100


async def test_the_doctor_names_the_days_of_this_year_that_nobody_verified(shipped: World, capsys):
    await doctor.list_calendar_doubts(shipped.env, as_json=True)

    told = json.loads(capsys.readouterr().out)
    assert told["yearsInUse"] == [2026]
    (doubt,) = told["inDoubt"]
    assert (doubt["year"], doubt["list"]) == (2026, "UNVERIFIED")
    assert doubt["notVerified"] == [
        row["date"] for row in SHIPPED if row["date"].startswith("2026") and row["verified"] == "no"
    ]


async def test_the_doctor_says_from_december_that_the_list_of_the_next_year_is_missing(shipped: World, capsys):
    shipped.clock.advance(timedelta(days=7))

    await doctor.list_calendar_doubts(shipped.env, as_json=False)

    told = capsys.readouterr().out
    assert "apuni: the list of holidays of 2026 is not verified; due dates in 2026 may be wrong" in told
    assert "apuni: the list of holidays of 2027 is missing; due dates in 2027 may be wrong" in told


async def test_a_verified_list_that_is_imported_ends_the_doubt(shipped: World, capsys, tmp_path):
    rows = [row | {"verified": "yes"} for row in SHIPPED if row["date"].startswith("2026")]

    await calendar.import_holidays(shipped.env, written(tmp_path / "2026.csv", rows))
    imported = capsys.readouterr()
    await doctor.list_calendar_doubts(shipped.env, as_json=False)

    assert (imported.err, "+" in imported.out, "-" in imported.out.replace("UK-", "")) == ("", False, False)
    assert "apuni: the list of holidays is verified of 2026" in capsys.readouterr().out


async def test_an_import_counts_open_applications_anew_and_says_how_many(shipped: World, capsys, tmp_path):
    await shipped.submit(shipped.asha)
    rows = [row | {"verified": "yes"} for row in SHIPPED if row["date"].startswith("2026")]

    await calendar.import_holidays(shipped.env, written(tmp_path / "2026.csv", rows))

    assert "1 open applications were counted anew" in capsys.readouterr().out


async def test_a_dry_run_counts_nothing_anew(shipped: World, capsys, tmp_path):
    await shipped.submit(shipped.asha)
    rows = [row | {"verified": "yes"} for row in SHIPPED if row["date"].startswith("2026")]

    await calendar.import_holidays(shipped.env, written(tmp_path / "2026.csv", rows), dry_run=True)

    assert "counted" not in capsys.readouterr().out


async def test_a_list_that_is_imported_without_being_verified_is_told_of(shipped: World, capsys, tmp_path):
    rows = [row for row in SHIPPED if row["date"].startswith("2026")]

    await calendar.import_holidays(shipped.env, written(tmp_path / "2026.csv", rows))

    assert capsys.readouterr().err.splitlines() == [
        "apuni: the list of holidays of 2026 is not verified; due dates in 2026 may be wrong"
    ]


async def test_a_list_that_was_verified_here_outlives_the_next_import_of_the_catalogue(
    shipped: World, capsys, tmp_path
):
    rows = [row | {"verified": "yes"} for row in SHIPPED if row["date"].startswith("2026")][1:]
    await calendar.import_holidays(shipped.env, written(tmp_path / "2026.csv", rows))
    capsys.readouterr()
    shipped.clock.advance(timedelta(days=1))

    newer = shipped_rows()
    corrected = ({**newer.holidays[0], "date": "2025-01-07"}, *newer.holidays[1:])
    await import_catalogue(shipped.env, replace(newer, holidays=corrected))

    told = await listed(shipped, capsys)
    days = [holiday["day"] for holiday in told["holidays"]]
    assert ("2025-01-07" in days, "2025-01-06" in days, "2026-01-26" in days) == (True, False, False)
    assert told["lists"]["2026"] == "VERIFIED"


async def test_the_old_columns_are_refused_with_the_new_ones(shipped: World, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text("date,name_hi,name_en,district\n2027-01-26,,Republic Day,\n", encoding="utf-8")

    with pytest.raises(CommandFailed) as refused:
        await calendar.import_holidays(shipped.env, file)

    assert str(refused.value).endswith("the columns must be date,name_hi,name_en,kind,source,verified")
