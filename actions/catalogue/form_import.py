"""Imports the form files of a folder one by one, and reports a wrong file without stopping the others.

What is the same is not touched, and a form that changed becomes a new version beside the old one. May be run again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.catalogue.form_bounds import FormRefused, Reason
from domain.catalogue.form_reading import COMMON, NO_COMMON, Common, read_common, read_form
from domain.catalogue.forms import Form
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM
from store.catalogue import catalogue, forms
from store.database import Store, Transaction, audit

MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A form file that was not taken, and why; `place` leads into the file."""

    file: str
    reason: Reason
    place: str
    keyword: str | None


@dataclass(frozen=True, slots=True)
class FormsImported:
    """What an import did, or with a dry run would do. `elsewhere` are slugs that the catalogue does not have."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    withdrawn: tuple[str, ...]
    elsewhere: tuple[str, ...]
    refused: tuple[RefusedFile, ...]


@dataclass(slots=True)
class _Examined:
    forms: list[Form] = field(default_factory=list)
    refused_files: list[RefusedFile] = field(default_factory=list)


async def import_forms(
    store: Store, files: Mapping[str, bytes], *, dry_run: bool = False, by: str = SYSTEM.label
) -> FormsImported:
    """Take form files over, by their names; all that are right in one transaction.

    A service whose form is in no file any more is served by the general form, unless a file was refused: then
    nothing is withdrawn. `by` is whom the audit line names.
    """
    examined = examine(files)

    async def work(tx: Transaction) -> FormsImported:
        return await _take_over(tx, examined, dry_run=dry_run, by=by)

    return await store.carry_out(work)


def examine(files: Mapping[str, bytes]) -> _Examined:
    """Read every file; rejected files are reported with the valid ones."""
    examined = _Examined()
    common = _common(files, examined)
    taken: set[str] = set()
    for name in sorted(files.keys() - {COMMON})[:MOST_FILES]:
        try:
            form = _read_form_file(name, files[name], common, taken)
        except FormRefused as refused:
            examined.refused_files.append(RefusedFile(name, refused.reason, refused.place, refused.keyword))
            continue
        taken |= set(form.services)
        examined.forms.append(form)
    return examined


def _read_form_file(name: str, content: bytes, common: Common, taken: Collection[str]) -> Form:
    """The form of a file. Raises FormRefused, also for another's name or a service that has its form already."""
    form = read_form(content, common)
    if name != f"{form.name}.json":
        raise FormRefused(Reason.NOT_A_FORM, "form", keyword="the file bears another name")
    twice = set(taken).intersection(form.services)
    if twice:
        raise FormRefused(Reason.SERVICE_TAKEN, "services", keyword=min(twice))
    return form


def _common(files: Mapping[str, bytes], examined: _Examined) -> Common:
    if COMMON not in files:
        return NO_COMMON
    try:
        return read_common(files[COMMON])
    except FormRefused as refused:
        examined.refused_files.append(RefusedFile(COMMON, refused.reason, refused.place, refused.keyword))
        return NO_COMMON


async def _take_over(tx: Transaction, examined: _Examined, *, dry_run: bool, by: str) -> FormsImported:
    codes = {service.slug: service.code for service in await catalogue.all_services(tx)}
    before = await forms.assigned_forms(tx)
    present = dict(before.values())
    imported = _import_report(examined, present, codes, before)
    if dry_run:
        return imported
    for form in examined.forms:
        await forms.add_version(tx, form)
        wanted = [forms.EVERY_OTHER] if form.generic else [codes[slug] for slug in form.services if slug in codes]
        await forms.assign(tx, form, wanted)
    await forms.withdraw(tx, imported.withdrawn)
    if imported.added or imported.changed or imported.withdrawn:
        detail = {
            "added": len(imported.added),
            "changed": len(imported.changed),
            "withdrawn": len(imported.withdrawn),
            "refused": len(imported.refused),
        }
        await audit.record(tx, by, "forms.import", "FORM", None, Purpose.OPERATE, **detail)
    return imported


def _import_report(
    examined: _Examined, present: Mapping[str, str], codes: Mapping[str, str], before: Mapping[str, tuple[str, str]]
) -> FormsImported:
    wanted = {codes[slug] for form in examined.forms for slug in form.services if slug in codes}
    wanted |= {forms.EVERY_OTHER}
    changed = {form.name for form in examined.forms if present.get(form.name, form.version) != form.version}
    added = {form.name for form in examined.forms if form.name not in present}
    return FormsImported(
        added=tuple(sorted(added)),
        changed=tuple(sorted(changed)),
        unchanged=tuple(form.name for form in examined.forms if form.name not in added | changed),
        withdrawn=() if examined.refused_files else tuple(sorted(before.keys() - wanted)),
        elsewhere=tuple(sorted(slug for form in examined.forms for slug in form.services if slug not in codes)),
        refused=tuple(examined.refused_files),
    )
