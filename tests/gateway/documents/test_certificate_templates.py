"""A template that a service cannot fill, or that says too little, is named by file, place and remedy at the start."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.kernel.messages import install_state
from gateway.documents.template_faults import template_faults
from gateway.settings.settings import SettingsRefused, read_settings
from states.certificate_kinds import certificate_kinds, kind_faults, named_facts
from states.lint import faults_of
from tests.support.fit_settings import clear_environment, fit, reasons
from tests.support.state import PACKAGE, STATE

Changed = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_state_again() -> Iterator[None]:
    yield
    install_state(STATE)


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Makes a copy of the package in which one file of its certificates has a text in the place of another."""

    def make(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "uttarakhand"
        shutil.copytree(PACKAGE.folder, folder)
        path = folder / "certificates" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return make


def test_the_default_state_has_a_template_for_each_of_its_kinds_without_a_fault():
    assert kind_faults(PACKAGE.folder) == []
    assert set(certificate_kinds(PACKAGE.folder).kinds) == {
        "income", "caste", "domicile", "birth", "death", "family-register", "licence",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "income.typ",
            '"occupation"',
            '"shoe_size"',
            (
                "certificates/income.typ: line 8: income-certificate has no question shoe_size; "
                "take a question of forms/income-certificate.json, or add it there"
            ),
        ),
        (
            "domicile.typ",
            "{address}",
            "{adress}",
            (
                "certificates/domicile.typ: line 5: domicile-certificate has no question adress; "
                "take a question of forms/domicile-certificate.json, or add it there"
            ),
        ),
        (
            "birth.typ",
            '"mother_name", ',
            "",
            "certificates/birth.typ: mother_name is not printed, which a BTCER must say; name it in #facts",
        ),
        (
            "death.typ",
            '"register_number", ',
            "",
            "certificates/death.typ: register_number is not printed, which a DTCER must say; name it in #facts",
        ),
        ("caste.typ", "#foot()", "", "certificates/caste.typ: it has no foot; call #foot()"),
        (
            "kinds.json",
            '{"father_name": "relative_relation"}',
            '{"father_name": "X"}',
            (
                "certificates/kinds.json: death: holder.relatives.father_name.letter: death-certificate-rural has no "
                "question X; take a question of forms/death-certificate.json, or add it there"
            ),
        ),
        (
            "kinds.json",
            '"name": "deceased_name"',
            '"name": "dead_name"',
            (
                "certificates/kinds.json: death: holder.name: death-certificate-rural has no question dead_name; "
                "take a question of forms/death-certificate.json, or add it there"
            ),
        ),
        (
            "kinds.json",
            '["income-certificate"]',
            '["income"]',
            (
                "certificates/kinds.json: income: services: no form in forms/ serves income; "
                "add one, or correct the service"
            ),
        ),
    ],
)
def test_a_fault_is_told_with_file_place_and_remedy(changed: Changed, file: str, old: str, new: str, line: str):
    assert line in kind_faults(changed(file, old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("kinds.json", '"doctype": "INCER"', '"doctype": 5', "kinds.json: income.doctype"),
        ("kinds.json", '"income":', '"wages":', "wages.typ"),
        ("numbers.json", '"शून्य", ', "", "numbers.json: local"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_name(changed: Changed, file: str, old: str, new: str, place: str):
    [line] = kind_faults(changed(file, old, new))

    assert place in line


def test_a_state_without_the_folder_has_the_general_kind_alone(tmp_path: Path):
    assert kind_faults(tmp_path) == []
    assert certificate_kinds(tmp_path).of_service("income-certificate") is None


def test_facts_are_found_in_calls_and_in_braces_with_their_lines():
    template = '#head()\n#sentence(hi: "{a} और {b}", en: "{a}")\n#facts("c",\n  "d")\n#if has("e") { value("f") }\n'

    assert named_facts(template) == [(2, "a"), (2, "b"), (2, "a"), (3, "c"), (4, "d"), (5, "e"), (5, "f")]


def test_doctor_and_start_tell_the_fault(changed: Changed):
    folder = changed("caste.typ", "#foot()", "")

    told = faults_of(replace(STATE, texts=folder / "locale"))

    assert "certificates/caste.typ: it has no foot; call #foot()" in told


def test_typst_lays_out_every_template_of_the_default_state():
    assert template_faults(STATE) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("caste.typ", "#foot()", "#foot(", "unclosed delimiter"),
        ("caste.typ", "#foot()", "#foott()", "unknown variable: foott"),
        ("rejection-order.typ", "#end()", "#end(1)", "unexpected argument"),
        ("birth.typ", "#foot()", '#if has("child_name") { footer() }', "unknown variable: footer"),
        ("birth.typ", "#foot()", '#if not has("child_name") { footer() }', "unknown variable: footer"),
    ],
    ids=["torn", "no such part", "a paper", "drawn with the fact", "drawn without the fact"],
)
def test_a_template_that_typst_does_not_compile_is_told_by_file_and_line(
    changed: Changed, file: str, old: str, new: str, told: str
):
    folder = changed(file, old, new)
    text = (folder / "certificates" / file).read_text(encoding="utf-8")
    line = text[: text.index(new)].count("\n") + 1

    [fault] = template_faults(replace(STATE, texts=folder / "locale"))

    assert fault.startswith(f"certificates/{file}: line {line}: {told}")
    assert fault.endswith("correct it by docs/certificates.md and https://typst.app/docs")


def test_a_paper_that_leaves_out_what_it_must_say_is_told(changed: Changed):
    told = kind_faults(changed("rejection-order.typ", '"ground", "reason"', '"ground"'))

    assert (
        "certificates/rejection-order.typ: reason is not printed, which this paper must say; name it in #facts" in told
    )


def test_production_does_not_start_with_a_template_that_says_too_little(
    changed: Changed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    clear_environment(monkeypatch, tmp_path / "home")

    told = reasons(fit(monkeypatch, APUNI_STATE=str(changed("caste.typ", "#foot()", ""))))

    assert "certificates/caste.typ: it has no foot; call #foot()" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        ("<html/>", "an SVG of at most 200000 bytes is needed"),
        ("no drawing", "it is no plain SVG; save the drawing as SVG without DOCTYPE and entities"),
        ("<svg><script/></svg>", "it has more than shapes; take out foreignObject, image, script, style"),
    ],
)
def test_an_emblem_that_is_no_drawing_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, told: str
):
    clear_environment(monkeypatch, tmp_path / "home")
    file = tmp_path / "emblem.svg"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("APUNI_EMBLEM", str(file))

    with pytest.raises(SettingsRefused) as refused:
        read_settings()

    assert refused.value.reasons == [f"APUNI_EMBLEM: {file}: {told}"]
