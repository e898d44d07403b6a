"""Reads the kinds of certificates of a state's package, and what is wrong with them (docs/certificates.md)."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from domain.catalogue.form_bounds import FormRefused
from domain.catalogue.form_reading import NO_COMMON, read_common, read_form
from domain.catalogue.forms import Form
from domain.certificates.kinds import (
    APPLICANT,
    HELD,
    MUST_SAY,
    PAPER_FACTS,
    CertificateKind,
    CertificateKinds,
    HolderQuestions,
    Paper,
)
from domain.kernel import Bilingual, CommandFailed
from states.packages import form_files, read_part

FOLDER = "certificates"
_PARTS = ("head", "title", "foot")
"""What every template draws: who issues it, what it is, and signer, QR code and address."""

_CALL = re.compile(r"\b(?:facts|group|has|value)\(([^()]*)\)")
_STRING = re.compile(r'"([^"\n]*)"')
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NUMBERS = 105


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Words(_Part):
    hi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Holder(_Part):
    name: str
    nameless: _Words | None = None
    born_on: str | None = None
    gender: str | None = None
    mother: str | None = None
    relatives: dict[str, str] = {}


class _Kind(_Part):
    doctype: str = Field(pattern=r"^[A-Z]{5}$")
    services: frozenset[str] = Field(min_length=1)
    holder: _Holder | None = None


class _Numbers(_Part):
    local: tuple[str, ...] = Field(min_length=_NUMBERS, max_length=_NUMBERS)
    en: tuple[str, ...] = Field(min_length=_NUMBERS, max_length=_NUMBERS)


@lru_cache
def certificate_kinds(state: Path) -> CertificateKinds:
    """The kinds of a state's folder; none where it has no such folder. Raises CommandFailed by file and place."""
    folder = state / FOLDER
    if not folder.is_dir():
        return CertificateKinds()
    kinds = read_part(folder / "kinds.json", TypeAdapter(dict[str, _Kind]))
    numbers = read_part(folder / "numbers.json", TypeAdapter(_Numbers))
    names = read_part(folder / "names.json", TypeAdapter(dict[str, str])) if (folder / "names.json").exists() else {}
    read = {name: _kind(folder, name, one) for name, one in kinds.items()}
    papers = {paper.value: path for paper in Paper if (path := folder / f"{paper}.typ").exists()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in papers.items()}
    return CertificateKinds(read, numbers.model_dump(), texts, names)


def kind_faults(state: Path) -> list[str]:
    """A line with file, place and remedy for each template that a service could not fill, or that says too little."""
    try:
        known = certificate_kinds(state)
    except CommandFailed as failed:
        return failed.reasons
    if not known.kinds:
        return []
    forms = _forms_by_service(state / "forms")
    of_kinds = [line for kind in known.kinds.values() for line in _faults_of(kind, forms)]
    return of_kinds + [line for name, text in known.papers.items() for line in _faults_of_paper(Paper(name), text)]


def _faults_of(kind: CertificateKind, forms: Mapping[str, Form]) -> Iterator[str]:
    file = f"{FOLDER}/{kind.name}.typ"
    for part in _PARTS:
        if not re.search(rf"#{part}\(", kind.template):
            yield f"{file}: it has no {part}; call #{part}()"
    for missing in MUST_SAY.get(kind.doctype, ()):
        if missing not in kind.facts:
            yield f"{file}: {missing} is not printed, which a {kind.doctype} must say; name it in #facts"
    for slug in sorted(kind.services):
        if slug in forms:
            yield from _unasked_facts(kind, slug, forms[slug])
        else:
            said = f"no form in forms/ serves {slug}; add one, or correct the service"
            yield f"{FOLDER}/kinds.json: {kind.name}: services: {said}"


def _faults_of_paper(paper: Paper, template: str) -> Iterator[str]:
    file, known = f"{FOLDER}/{paper}.typ", PAPER_FACTS[paper]
    found = named_facts(template)
    for missing in sorted(set(known) - {name for _, name in found}):
        yield f"{file}: {missing} is not printed, which this paper must say; name it in #facts"
    for line, name in found:
        if name not in known and name not in HELD:
            yield f"{file}: line {line}: there is no fact {name}; take one of {', '.join(known)}"


def _unasked_facts(kind: CertificateKind, slug: str, form: Form) -> Iterator[str]:
    """What a kind takes from the form of one of its services and is not asked there."""
    remedy = f"take a question of forms/{form.name}.json, or add it there"
    for where, name in kind.holder.questions.items():
        if name not in form.by_name:
            yield f"{FOLDER}/kinds.json: {kind.name}: holder.{where}: {slug} has no question {name}; {remedy}"
    for line, name in named_facts(kind.template):
        if name not in form.by_name and name not in HELD:
            yield f"{FOLDER}/{kind.name}.typ: line {line}: {slug} has no question {name}; {remedy}"


def named_facts(template: str) -> list[tuple[int, str]]:
    """The facts that a template names, in its calls and in braces within its texts, with their lines from 1."""
    calls = [
        (call.start(1) + one.start(), one[1]) for call in _CALL.finditer(template) for one in _STRING.finditer(call[1])
    ]
    slots = [
        (text.start(1) + one.start(), one[1]) for text in _STRING.finditer(template) for one in _SLOT.finditer(text[1])
    ]
    return [(template.count("\n", 0, at) + 1, name) for at, name in sorted([*calls, *slots])]


def _kind(folder: Path, name: str, read: _Kind) -> CertificateKind:
    path = folder / f"{name}.typ"
    try:
        template = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise CommandFailed(f"{path}: {error}; each kind of kinds.json needs its template") from None
    facts = dict.fromkeys(one for _, one in named_facts(template) if one not in HELD)
    return CertificateKind(name, read.doctype, read.services, _holder(read.holder), template, tuple(facts))


def _holder(read: _Holder | None) -> HolderQuestions:
    if read is None:
        return APPLICANT
    nameless = Bilingual(read.nameless.hi, read.nameless.en) if read.nameless else None
    return HolderQuestions(**read.model_dump() | {"nameless": nameless})


def _forms_by_service(folder: Path) -> dict[str, Form]:
    """The forms of the package that can be read by their services; `apuni forms check` names the others."""
    files = form_files(folder)
    found: dict[str, Form] = {}
    try:
        common = read_common(files.pop("common.json")) if "common.json" in files else NO_COMMON
    except FormRefused:
        common = NO_COMMON
    for content in files.values():
        try:
            form = read_form(content, common)
        except FormRefused:
            continue
        found |= dict.fromkeys(form.services, form)
    return found
