"""What the package of a state lacks is told by the start, by production's refusal and by `apuni doctor`."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.kernel.messages import install_state
from gateway.runtime.composition import open_runtime
from gateway.settings.settings import SettingsRefused, read_settings
from states.lint import faults_of, font_faults, message_faults, name_gaps, text_faults
from states.message_texts import message_texts
from states.packages import StatePackage, read_package, state_folder
from tests.gateway.runtime.test_composition import PARTS
from tests.support.fit_settings import clear_environment, fit, reasons
from tests.support.state import PACKAGE, STATE

NEITHAL = Path(__file__).parents[2] / "states" / "neithal"
Package = Callable[..., StatePackage]


@pytest.fixture(autouse=True)
def _own_state_again() -> Iterator[None]:
    yield
    install_state(STATE)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Makes and installs a copy of the made-up state with some of its facts changed and lines added to its texts."""

    def make(text: str = "", **facts: str) -> StatePackage:
        folder = tmp_path / "neithal"
        shutil.copytree(NEITHAL, folder)
        told = json.loads((folder / "state.json").read_text(encoding="utf-8")) | facts
        (folder / "state.json").write_text(json.dumps(told), encoding="utf-8")
        with (folder / "locale" / "ta.po").open("a", encoding="utf-8") as texts:
            texts.write(text)
        made = read_package(str(folder))
        install_state(made.state)
        return made

    return make


def test_the_state_that_is_the_default_has_its_font_and_every_text():
    assert faults_of(STATE) == []


def test_a_text_that_would_be_shown_in_english_is_named_by_file_and_key(package: Package):
    told = text_faults(package().state)

    assert "locale/ta.po: status.WITHDRAWN: it has no text and is shown in English" in told
    assert not any("status.DRAFT" in line for line in told)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('\nmsgid "status.WITHDRAWN"\nmsgstr ""\n', "status.WITHDRAWN: it has no text and is shown in English"),
        ('\nmsgid "status.WITHDRAVN"\nmsgstr "திரும்பப்"\n', "status.WITHDRAVN: no such text is shown"),
        ('\nmsgid "error.BAD_INPUT"\nmsgstr "{feeld}"\n', "error.BAD_INPUT: it must name nothing in braces"),
        (
            '\nmsgid "page.staff.counted"\nmsgstr "{count}"\n',
            "page.staff.counted: it must name count, revision in braces",
        ),
        (
            '\nmsgid "page.staff.counted"\nmsgstr "{count"\n',
            "page.staff.counted: it must name count, revision in braces",
        ),
    ],
    ids=["empty", "mistyped", "more", "fewer", "torn"],
)
def test_a_text_that_fits_no_english_one_is_named_by_file_and_key(package: Package, text: str, fault: str):
    assert f"locale/ta.po: {fault}" in text_faults(package(text).state)


def test_a_name_that_a_file_has_in_english_alone_is_told_by_row_and_column(package: Package):
    folder = package().folder
    rows = (folder / "services.csv").read_text(encoding="utf-8")
    (folder / "services.csv").write_text(rows.replace("படகுப் பதிவு (கற்பனை)", ""), encoding="utf-8")

    assert name_gaps(folder) == ["services.csv: row 6: name_hi is empty"]


def test_a_state_without_texts_of_messages_or_of_one_event_is_told_so(package: Package):
    made = package()
    whole = message_faults(made.state)
    (made.folder / "messages" / "DELIVERED.json").unlink()
    message_texts.cache_clear()
    without_one = message_faults(made.state)
    shutil.rmtree(made.folder / "messages")
    message_texts.cache_clear()

    assert whole == []
    assert without_one == ["messages: DELIVERED: no texts"]
    assert message_faults(made.state) == [
        "messages: messages/: it has no texts, so that no message and no one-time code goes"
    ]


def test_a_message_with_a_value_that_its_notice_does_not_tell_is_named(package: Package):
    made = package()
    shutil.copytree(state_folder() / "messages", made.folder / "messages", dirs_exist_ok=True)
    file = made.folder / "messages" / "HEARING_FIXED.json"
    file.write_text(file.read_text(encoding="utf-8").replace("values.at", "values.on"), encoding="utf-8")

    assert [line for line in message_faults(made.state) if "not told" in line] == [
        "messages: HEARING_FIXED: values.on is not told with that notice"
    ]


@pytest.mark.parametrize("content", [None, "id,text\n1,नमस्ते\n".encode(), "template,text\n1,नमस्ते\n".encode("utf-16")])
def test_a_register_of_texts_that_cannot_be_read_is_a_fault(package: Package, content: bytes | None):
    made = package()
    shutil.copytree(state_folder() / "messages", made.folder / "messages", dirs_exist_ok=True)
    register = made.folder / "messages" / "registered.csv"
    register.unlink() if content is None else register.write_bytes(content)

    assert "messages: registered.csv: needed in UTF-8 with the columns template and text" in message_faults(made.state)


def test_a_font_that_is_not_installed_is_told_with_the_package_to_install(package: Package):
    assert font_faults(package(font_package="fontpkg_of_nobody").state) == [
        "state.json: font_package: fontpkg_of_nobody is not installed; install fontpkg-of-nobody in this environment"
    ]


def test_production_refuses_a_state_whose_certificates_it_cannot_print(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clear_environment(monkeypatch, tmp_path / "home")
    folder = package(font_package="fontpkg_of_nobody").folder

    told = reasons(fit(monkeypatch, APUNI_STATE=str(folder)))

    assert told[0].startswith("state.json: font_package: fontpkg_of_nobody is not installed; install")


def test_a_law_is_not_compared_with_that_of_another_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clear_environment(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("APUNI_STATE", "nowhere")
    monkeypatch.setenv("APUNI_LAW", '{"days_of_nowhere": 3}')

    with pytest.raises(SettingsRefused) as refused:
        read_settings()

    assert [line.partition(":")[0] for line in refused.value.reasons] == ["APUNI_STATE"]


@pytest.mark.parametrize(("folder", "told"), [(NEITHAL, 1), (PACKAGE.folder, 0)], ids=["neithal", "default"])
async def test_a_process_tells_once_at_its_start_that_texts_are_missing(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch, folder: Path, told: int
):
    clear_environment(monkeypatch, tmp_path / "home")
    (tmp_path / "home").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "home" / "store.db")
    monkeypatch.setenv("APUNI_STATE", str(folder))
    given = {system: {"base_url": f"http://127.0.0.1:9/{system}", "given": parts} for system, parts in PARTS.items()}
    monkeypatch.setenv("APUNI_PARTNERS", json.dumps(given))

    with capture_logs() as logs:
        async with open_runtime(read_settings(), kind="worker"):
            pass

    assert [line["first"].partition(":")[0] for line in logs if line["event"] == "state_package_incomplete"] == [
        "locale/ta.po"
    ] * told
