"""`apuni centre import|list` and `apuni strength import`: what they say, and what they refuse."""

from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from domain.catalogue.catalogue import District
from domain.catalogue.centres import CentreKind
from domain.kernel import Bilingual
from gateway.commands import centre as commands
from gateway.commands.centre import run_import, run_list, run_strengths
from gateway.commands.opening import Storage
from store.catalogue import catalogue
from tests.support.sign_in import environment

SETTINGS = cast("Any", None)
CENTRES = "code,kind,name_hi,name_en,district,tehsil,open\nCSC-1,CSC,केन्द्र,CSC Rajpur,49,,yes\n"
OPERATORS = "code,name_hi,name_en,centre,email\n500900000001,विक्रम,Vikram,CSC-1,\n"


@pytest.fixture
async def rooms(sqlite_store, store_keyrings, store_clock, monkeypatch):
    env = environment(sqlite_store, store_keyrings, store_clock, [])
    district = District("d49", "49", Bilingual("देहरादून", "Dehradun"), "Garhwal", "Dehradun", "test", verified=True)
    async with env.store.write_transaction() as tx:
        await catalogue.upsert_districts(tx, [district])
    absent: Any = None

    @asynccontextmanager
    async def opened(_settings):
        yield Storage(env.store, absent, absent, env.clock)

    monkeypatch.setattr(commands, "open_storage", opened)


def written(tmp_path, name: str, text: str):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


async def test_a_register_is_imported_and_listed(rooms, tmp_path, capsys):
    files = written(tmp_path, "c.csv", CENTRES), written(tmp_path, "o.csv", OPERATORS)
    assert await run_import(SETTINGS, *files, dry_run=True)
    await run_list(SETTINGS, None, None)
    assert capsys.readouterr().out == ("apuni: 1 centres and 1 operators would be entered or brought up to date\n")

    assert await run_import(SETTINGS, *files, dry_run=False)
    await run_list(SETTINGS, CentreKind.CSC, "49")
    assert capsys.readouterr().out.splitlines() == [
        "apuni: 1 centres and 1 operators are entered or up to date",
        "CSC-1 CSC 49: open 1 CSC Rajpur",
    ]


async def test_each_fault_of_a_file_is_told_with_its_line(rooms, tmp_path, capsys):
    file = written(tmp_path, "c.csv", CENTRES.replace(",49,", ",99,"))
    assert not await run_import(SETTINGS, file, None, dry_run=False)
    assert not await run_import(SETTINGS, tmp_path / "absent.csv", None, dry_run=False)

    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"apuni: {file}, line 2: there is no such district",
        f"apuni: the file {tmp_path / 'absent.csv'} cannot be read (No such file or directory)",
    ]


async def test_strengths_of_unknown_services_are_refused_with_their_line(rooms, tmp_path, capsys):
    file = written(tmp_path, "s.csv", "service_code,own,assisted\nNONE,HIGH,LOW\n")
    assert not await run_strengths(SETTINGS, file)
    assert f"{file}, line 2:" in capsys.readouterr().err
