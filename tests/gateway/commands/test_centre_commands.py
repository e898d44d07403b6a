"""`apuni centre import|list` and `apuni strength import`: what they say, and what they refuse."""

import pytest

from domain.catalogue.catalogue import District
from domain.catalogue.centres import CentreKind
from domain.kernel import Bilingual, CommandFailed
from gateway.commands.centre import import_register, list_register
from gateway.commands.strength import import_strength_file
from store.catalogue import catalogue
from tests.support.sign_in import environment

CENTRES = "code,kind,name_hi,name_en,district,tehsil,open\nCSC-1,CSC,केन्द्र,CSC Rajpur,49,,yes\n"
OPERATORS = "code,name_hi,name_en,centre,email\n500900000001,विक्रम,Vikram,CSC-1,\n"


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock):
    env = environment(sqlite_store, store_keyrings, store_clock, [])
    district = District("d49", "49", Bilingual("देहरादून", "Dehradun"), "Garhwal", "Dehradun", "test", verified=True)
    async with env.store.write_transaction() as tx:
        await catalogue.upsert_districts(tx, [district])
    return env


def written(tmp_path, name: str, text: str):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


async def test_a_register_is_imported_and_listed(env, tmp_path, capsys):
    files = written(tmp_path, "c.csv", CENTRES), written(tmp_path, "o.csv", OPERATORS)
    await import_register(env, *files, dry_run=True)
    await list_register(env)
    assert capsys.readouterr().out == ("apuni: 1 centres and 1 operators would be entered or brought up to date\n")

    await import_register(env, *files)
    await list_register(env, CentreKind.CSC, "49")
    assert capsys.readouterr().out.splitlines() == [
        "apuni: 1 centres and 1 operators are entered or up to date",
        "CSC-1 CSC 49: open 1 CSC Rajpur",
    ]


async def test_each_fault_of_a_file_is_told_with_its_line(env, tmp_path):
    file = written(tmp_path, "c.csv", CENTRES.replace(",49,", ",99,"))
    with pytest.raises(CommandFailed) as wrong:
        await import_register(env, file)
    with pytest.raises(CommandFailed) as absent:
        await import_register(env, tmp_path / "absent.csv")

    assert wrong.value.reasons == [f"{file}, line 2: there is no such district"]
    assert absent.value.reasons == [f"the file {tmp_path / 'absent.csv'} cannot be read (No such file or directory)"]


async def test_strengths_of_unknown_services_are_refused_with_their_line(env, tmp_path):
    file = written(tmp_path, "s.csv", "service_code,own,assisted\nNONE,HIGH,LOW\n")
    with pytest.raises(CommandFailed, match=f"{file}, line 2:"):
        await import_strength_file(env, file)
