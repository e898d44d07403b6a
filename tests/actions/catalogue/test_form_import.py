"""Forms are taken over file by file: what is wrong is told, what is the same is left, what changed is a new version."""

import json
from typing import Any

from sqlalchemy import func, select

from actions.catalogue.form_import import import_forms
from domain.catalogue.form_bounds import Reason
from domain.catalogue.form_reading import COMMON
from store.catalogue import catalogue, forms
from store.database import audit
from tests.support.actions import FREE, INCOME, PENSION, World
from tests.support.forms import octets
from tests.support.state import form_files

FILES = form_files()
OTHER = "ES21"
"""A service without a form of its own."""


def changed(name: str, **changes: Any) -> bytes:
    """A file of ours with its schema's first level changed."""
    read = json.loads(FILES[name])
    read["schema"].update(changes)
    return octets(read)


async def versions(world: World) -> int:
    async with world.env.store.read_transaction() as tx:
        counted = await tx.connection.execute(select(func.count()).select_from(forms.form_versions_table))
        return int(counted.scalar_one())


async def test_every_service_has_a_form_after_the_import_and_the_rest_the_general_one(world: World):
    imported = await import_forms(world.env.store, FILES)
    assert (imported.refused, imported.elsewhere, imported.withdrawn) == ((), (), ())
    assert len(imported.added) == len(FILES) - 1
    async with world.env.store.read_transaction() as tx:
        found = await forms.of_services(tx, [INCOME, FREE, PENSION, OTHER])
        codes = [service.code for service in await catalogue.all_services(tx)]
        every = await forms.of_services(tx, codes)
    assert [found[code].name for code in (INCOME, FREE, PENSION, OTHER)] == [
        "income-certificate",
        "birth-certificate",
        "old-age-pension",
        "generic",
    ]
    assert every.keys() == set(codes)


async def test_importing_again_changes_nothing_and_a_dry_run_writes_nothing(world: World):
    dry = await import_forms(world.env.store, FILES, dry_run=True)
    assert (len(dry.added), await versions(world)) == (len(FILES) - 1, 0)
    await import_forms(world.env.store, FILES)
    many, lines = await versions(world), await audit_lines(world)
    again = await import_forms(world.env.store, FILES)
    assert (again.added, again.changed, len(again.unchanged)) == ((), (), len(FILES) - 1)
    assert (await versions(world), await audit_lines(world)) == (many, lines)


async def audit_lines(world: World) -> int:
    async with world.env.store.read_transaction() as tx:
        table = audit.audit_lines_table
        counted = await tx.connection.execute(
            select(func.count()).select_from(table).where(table.c.action == "forms.import")
        )
        return int(counted.scalar_one())


async def test_a_changed_form_is_a_new_version_beside_the_old_one(world: World):
    await import_forms(world.env.store, FILES)
    async with world.env.store.read_transaction() as tx:
        old = (await forms.of_services(tx, [INCOME]))[INCOME]
    name = "income-certificate.json"
    label = {"hi": "आय का प्रमाण", "en": "Proof of income"}
    imported = await import_forms(world.env.store, {**FILES, name: changed(name, **{"x-label": label})})
    assert imported.changed == ("income-certificate",)
    async with world.env.store.read_transaction() as tx:
        new = (await forms.of_services(tx, [INCOME]))[INCOME]
        kept = (await forms.versions(tx, [old.version]))[old.version]
    assert (new.label.en, kept.label.en) == ("Proof of income", "Income Certificate")


async def test_a_wrong_file_is_told_and_the_rest_goes_on(world: World):
    wrong = {
        "caste-certificate.json": b"{",
        "income-certificate.json": changed("income-certificate.json", examples=[{"annual_income": -5}]),
        "other.json": FILES["generic.json"],
        "z.json": octets({**json.loads(FILES["domicile-certificate.json"]), "form": "z"}),
    }
    imported = await import_forms(world.env.store, {**FILES, **wrong})
    told = {one.file: one.reason for one in imported.refused}
    assert told == {
        "caste-certificate.json": Reason.NOT_JSON,
        "income-certificate.json": Reason.EXAMPLE_WRONG,
        "other.json": Reason.NOT_A_FORM,
        "z.json": Reason.SERVICE_TAKEN,
    }
    assert len(imported.added) == len(FILES) - 3
    async with world.env.store.read_transaction() as tx:
        assert (await forms.of_services(tx, [INCOME]))[INCOME].name == "generic"


async def test_a_form_that_is_gone_is_withdrawn_but_not_while_a_file_is_refused(world: World):
    await import_forms(world.env.store, FILES)
    fewer = {name: content for name, content in FILES.items() if name != "income-certificate.json"}
    assert (await import_forms(world.env.store, {**fewer, "broken.json": b""})).withdrawn == ()
    assert (await import_forms(world.env.store, fewer)).withdrawn == (INCOME,)
    async with world.env.store.read_transaction() as tx:
        assert (await forms.of_services(tx, [INCOME]))[INCOME].name == "generic"


async def test_broken_common_questions_refuse_what_needs_them_by_name(world: World):
    imported = await import_forms(world.env.store, {**FILES, COMMON: b"[]"})
    reasons = {one.file: one.reason for one in imported.refused}
    assert reasons.pop(COMMON) is Reason.NOT_JSON
    assert set(reasons.values()) == {Reason.REFERENCE_UNKNOWN}
    assert imported.added == ()


async def test_a_slug_that_the_catalogue_lacks_is_told(world: World):
    read = json.loads(FILES["hill-area-certificate.json"])
    file = octets({**read, "services": ["hill-area-certificate", "hill-area-permit"]})
    imported = await import_forms(world.env.store, {**FILES, "hill-area-certificate.json": file})
    assert imported.elsewhere == ("hill-area-permit",)
