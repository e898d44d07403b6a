"""`apuni catalogue`, `apuni doctor` and `apuni quarantine`, as they are typed."""

import asyncio
import csv
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from actions.catalogue.cells import Reject
from domain.kernel.messages import install_state
from domain.uploads.files import QuarantinedFile
from gateway import cli
from gateway.commands.catalogue import OPTIONAL, write_rejects
from gateway.runtime.composition import open_storage
from gateway.settings.settings import read_settings
from states.packages import state_folder
from store.uploads import quarantine
from tests.support.definitions import a_document
from tests.support.state import STATE

ROOT = Path(__file__).resolve().parents[3]
DATA = state_folder()
NEITHAL = ROOT / "tests" / "states" / "neithal"
PORTAL = ROOT / "demo" / "portal_catalogue.json"


@pytest.fixture
def run(tmp_path, catalogue_alone, monkeypatch, capsys):
    """Types a command at a home whose store has the catalogue; gives its exit status, output and lines of stderr."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(catalogue_alone.path, home / "store.db")
    monkeypatch.setenv("APUNI_HOME", str(home))

    def typed(*words: object, **variables: str) -> tuple[int, str, list[str]]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["apuni", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, [line for line in told.err.splitlines() if line[:1] != "{"]

    return typed


@pytest.fixture
def folder(tmp_path) -> Path:
    copied = tmp_path / "data"
    shutil.copytree(DATA, copied)
    return copied


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def served(status: int, body: bytes) -> Iterator[str]:
    class Portal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/service"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_projects_own_files_change_nothing_and_a_dry_run_tells_what_would(run, folder):
    code, out, _ = run("catalogue", "import", folder)
    assert code == 0
    assert "entries were: 0 added, 0 changed, " in out
    edit(folder / "services.csv", "Tehsildar,Sub-Divisional Magistrate,,no", "Tehsildar,District Magistrate,,no")
    code, out, _ = run("catalogue", "import", folder, "--dry-run")
    assert code == 0
    assert "first_appellate: Sub-Divisional Magistrate -> District Magistrate" in out
    assert "entries would be: 0 added, 1 changed, " in out
    code, out, _ = run("catalogue", "import", folder, "--dry-run", "--json")
    told = json.loads(out)
    assert (told["dryRun"], len(told["changed"]), told["rejects"]) == (True, 1, [])
    run("catalogue", "import", folder)
    assert "0 added, 0 changed" in run("catalogue", "import", folder)[1]


def test_rows_that_are_wrong_go_to_the_file_of_rejects_and_the_exit_status_says_so(run, folder, tmp_path):
    edit(folder / "services.csv", ",domicile-certificate,", ",income-certificate,")
    rejects = tmp_path / "rejects.csv"
    code, _, err = run("catalogue", "import", folder, "--rejects", rejects)
    assert code == 2
    assert err[-1] == f"apuni: 1 rows that were left out are in {rejects}"
    with rejects.open(encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)
    assert row == {
        "file": "services.csv",
        "row": "3",
        "key": "ES01",
        "field": "slug",
        "reason": "TWICE",
        "meaning": "occurs twice",
    }
    code, _, err = run("catalogue", "import", folder, "--dry-run")
    assert (code, err[-1]) == (2, "apuni: services.csv, row 3 (ES01): slug occurs twice")


def test_where_the_rejects_cannot_be_written_nothing_is_imported(run, folder, tmp_path):
    edit(folder / "services.csv", "ES09,income-certificate,Income Certificate", "ES09,income-certificate,Income Paper")
    nowhere = tmp_path / "no such folder" / "rejects.csv"
    code, out, err = run("catalogue", "import", folder, "--rejects", nowhere)
    assert (code, out) == (1, "")
    assert err == [f"apuni: the file {nowhere} cannot be written (No such file or directory)"]
    assert "1 changed" in run("catalogue", "import", folder, "--dry-run")[1]


def test_no_cell_of_the_rejects_is_a_formula(tmp_path):
    file = tmp_path / "rejects.csv"
    write_rejects(file, [Reject("portal", 1, "=HYPERLINK(1)", "charge", "NOT_AN_AMOUNT")])
    with file.open(encoding="utf-8", newline="") as lines:
        assert [row["key"] for row in csv.DictReader(lines)] == ["'=HYPERLINK(1)"]


def test_a_folder_may_lack_our_own_files_and_no_others(run, folder):
    for file in folder.glob("local_*.csv"):
        file.unlink()
    assert len(OPTIONAL) == 8
    assert run("catalogue", "import", folder, "--dry-run")[0] == 0
    (folder / "services.csv").unlink()
    code, _, err = run("catalogue", "import", folder)
    assert (code, err) == (1, [f"apuni: the file {folder / 'services.csv'} cannot be read (No such file or directory)"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be read (it is no JSON at line 1, column 2)"),
        ("[]", "is not a catalogue: a list of 1 to 10000 services is needed"),
        ("[" * 100_000, "cannot be read (it is nested too deep)"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_with_one_line(run, tmp_path, content, told):
    file = tmp_path / "portal.json"
    file.write_text(content)
    code, _, err = run("catalogue", "import", file)
    assert (code, err) == (1, [f"apuni: the file {file} {told}"])


def test_the_portals_file_is_taken_over_and_then_changes_nothing(run, tmp_path):
    records = json.loads(PORTAL.read_text(encoding="utf-8"))
    records[0]["charge"] = 55
    records[1]["charge"] = "much"
    file = tmp_path / "portal.json"
    file.write_text(json.dumps(records))
    code, out, err = run("catalogue", "import", file)
    assert code == 2
    assert f"~ service {records[0]['id']} " in out
    assert "fee_paise: 4000 -> 5500" in out
    assert any("portal, row 2" in line and "charge" in line for line in err)
    assert "0 added, 0 changed" in run("catalogue", "import", file)[1]


@pytest.mark.integration
def test_the_portal_is_asked_at_its_address(run):
    with served(200, PORTAL.read_bytes()) as address:
        code, out, _ = run("catalogue", "import", address, "--dry-run")
    assert code == 0
    assert "services are not named and stay" in out
    with served(404, b"{}") as address:
        code, _, err = run("catalogue", "import", address)
    assert (code, err[-1]) == (1, "apuni: the portal did not give its catalogue (http_404)")


@pytest.mark.parametrize(
    "address", ["http://u:p@portal.test/api", "http://portal.test/api?x=1", "http://portal.test/a#b"]
)
def test_an_address_with_more_than_a_path_is_refused(run, address):
    code, _, err = run("catalogue", "import", address)
    assert (code, err) == (1, ["apuni: the address must be plain https, without user, query or fragment"])


def test_the_doctor_lists_what_no_source_says(run):
    code, out, _ = run("doctor", "catalogue")
    assert code == 0
    assert "apuni: portalCode is not known of 52 of 87 services" in out
    code, out, _ = run("doctor", "catalogue", "--json")
    told = json.loads(out)
    assert told["services"] == 87
    assert told["missing"]["timeLimitDays"] > 0
    solvency = next(each for each in told["byService"] if each["code"] == "UKX-SHHBEG")
    assert "fee" in solvency["facts"]
    income = next(each for each in told["byService"] if each["code"] == "ES09")
    assert {"fee", "documents", "timeLimitDays"} & set(income["facts"]) == set()


def test_what_lies_in_quarantine_is_listed_and_given_out_once_it_is_asked_for(run, tmp_path):
    infected = tmp_path / "infected"
    code, _, err = run("quarantine", "export", "no-such-file", infected)
    assert (code, err) == (1, ["apuni: there is no such file in quarantine"])
    asyncio.run(put_apart())
    listed = run("quarantine", "list")[1]
    assert "Eicar-Test-Signature" in listed
    code, _, err = run("quarantine", "export", "file-1", infected)
    assert (code, infected.read_bytes()) == (0, b"what was found")
    assert infected.stat().st_mode & 0o077 == 0
    code, _, err = run("quarantine", "export", "file-1", infected)
    assert (code, err) == (1, [f"apuni: {infected} is there already"])


async def put_apart() -> None:
    async with open_storage(read_settings()) as rooms:
        now = rooms.clock.now()
        file = QuarantinedFile("file-1", "citizen:c1", "c1", None, "0" * 64, None, 14, "Eicar-Test-Signature", now)
        async with rooms.store.write_transaction() as tx:
            await quarantine.put(tx, file, b"what was found")


def test_the_doctor_of_the_package_names_what_the_state_lacks_and_fails(run):
    status, out, _ = run("doctor", "package", APUNI_STATE=str(NEITHAL))
    install_state(STATE)

    assert status == 1
    assert "locale/ta.po: status.WITHDRAWN: it has no text and is shown in English" in out


def test_the_doctor_of_the_package_is_content_with_the_default_state_and_names_what_is_in_english_alone(run):
    status, out, _ = run("doctor", "package")

    assert status == 0
    assert "tehsils.csv: row 120: name_hi is empty" in out


def test_the_doctor_of_the_state_tells_faults_of_its_package(run):
    status, out, _ = run("doctor", "state", "--json", APUNI_STATE=str(NEITHAL))
    install_state(STATE)

    assert status == 1
    assert "locale/ta.po: status.WITHDRAWN: it has no text and is shown in English" in json.loads(out)["packageFaults"]


def test_a_plan_writes_the_certificates_as_people_will_see_them(run, tmp_path: Path):
    document = {**a_document(), "slug": "copy", "outcome": {"kind": "CERTIFICATE", "doctype": "COPYX"}}
    (tmp_path / "one.json").write_text(json.dumps(document))
    (tmp_path / "two.json").write_text(json.dumps(a_document(service="TEST-2")))

    status, told, _ = run(
        "catalogue", "plan", tmp_path / "one.json", tmp_path / "two.json", "--specimens", str(tmp_path)
    )

    assert (status, [line for line in told.splitlines() if line.startswith("specimen")]) == (
        0,
        [f"specimen {tmp_path / 'TEST-1.pdf'}"],
    )
    assert (tmp_path / "TEST-1.pdf").read_bytes().startswith(b"%PDF")
    assert not (tmp_path / "TEST-2.pdf").exists()


def test_a_specimen_that_cannot_be_written_is_told(run, tmp_path: Path):
    document = {**a_document(), "outcome": {"kind": "CERTIFICATE", "doctype": "COPYX"}}
    (tmp_path / "one.json").write_text(json.dumps(document))

    status, _, told = run("catalogue", "plan", tmp_path / "one.json", "--specimens", str(tmp_path / "absent"))

    assert status == 1
    assert any("cannot be written" in line for line in told)


def test_opening_unknown_services_says_that_they_end_in_an_order(run):
    _, told, _ = run("catalogue", "import", PORTAL, "--open-unknown", "--dry-run")

    assert "ends in an order, also a certificate or benefit" in told
