"""The reference documents and samples are what the code says, and `python -m tools.reference` tells where not."""

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from graphql import build_schema
from typer.testing import CliRunner

from domain.kernel import ErrorCode, NotSignedIn, Remedy, Retry, Source
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from schema.kernel.errors import problem_of
from store.database import InProgress, KeyReused, StoreUnavailable, TryAgain, VersionConflict
from tools.reference import __main__ as reference
from tools.reference.documents import documents, outdated_documents
from tools.reference.graph_pages import graph_pages

DOCS = Path(__file__).parents[2] / "docs"
CHANGED = {"commission": "samples.json", "etaal": "samples/push.http", "umang": "samples/05-apply.http"}


@cache
def made() -> dict[str, str]:
    """The documents, made once for all these tests: the whole code is read for them."""
    return documents()


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit status and what is told on standard error."""
    done = CliRunner().invoke(reference.app, arguments)
    return done.exit_code, done.stderr.splitlines()


@pytest.mark.long
def test_the_reference_documents_are_what_the_code_says():
    assert outdated_documents(DOCS) == [], "run `python -m tools.reference print`"


@pytest.mark.long
def test_a_changed_reference_document_is_found_and_printing_mends_it(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    assert run("print") == (0, [])
    (tmp_path / "errors.md").write_text("something else", encoding="utf-8")
    (tmp_path / "configuration.md").unlink()

    assert run("check") == (
        1,
        [
            "docs/configuration.md is not what the code says; run `python -m tools.reference print`",
            "docs/errors.md is not what the code says; run `python -m tools.reference print`",
        ],
    )

    assert run("print") == (0, [])
    assert run("check") == (0, [])


@pytest.mark.parametrize("partner", reference.Partner)
@pytest.mark.long
def test_the_samples_of_a_partner_are_compared_and_written_anew(tmp_path, monkeypatch, partner):
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    shutil.copytree(DOCS / "partners" / partner, partner.pages)
    assert run("samples", partner, "--check") == (0, [])
    changed = partner.pages / CHANGED[partner]
    changed.write_text("something else", encoding="utf-8")

    code, lines = run("samples", partner, "--check")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].endswith(f"run `python -m tools.reference samples {partner}`")

    assert run("samples", partner) == (0, [])
    assert run("samples", partner, "--check") == (0, [])


@pytest.mark.long
def test_every_setting_of_the_reference_has_a_meaning():
    rows = [line for line in made()["configuration.md"].splitlines() if line.startswith("| `")]

    assert len(rows) > 25
    assert all(row.split(" | ")[2] not in {"", "–"} for row in rows)


def test_no_default_is_printed_as_python_prints_it():
    rows = [line.split(" | ") for line in made()["configuration.md"].splitlines() if line.startswith("| `")]

    defaults = [row[1].strip("`") for row in rows]

    assert '["PARICHAY"]' in defaults
    assert [each for each in defaults if any(mark in each for mark in ("None", "Path(", "timedelta", "<", "'"))] == []


def test_every_code_and_remedy_stands_in_the_reference():
    text = made()["errors.md"]

    for remedy in Remedy:
        assert f"| `{remedy}` |" in text
    for code in ErrorCode:
        assert f"| [`{code}`](errors/{code}.md) |" in text


def test_every_code_has_a_page_that_tells_cause_cure_and_place_and_there_is_no_other():
    pages = {name: text for name, text in made().items() if name.startswith("errors/")}

    assert set(pages) == {f"errors/{code}.md" for code in ErrorCode}
    assert {path.name for path in (DOCS / "errors").iterdir()} == {f"{code}.md" for code in ErrorCode}
    for text in pages.values():
        assert all(part in text for part in ("**Cause.** ", "**What to do.** ", "## Where it comes from"))


@pytest.mark.long
def test_the_graph_is_told_by_noun_with_every_root_field_and_published_operations():
    pages = graph_pages()
    graph = build_schema((DOCS.parent / "schema" / "api.graphql").read_text(encoding="utf-8"))

    for name in (*graph.query_type.fields, *graph.mutation_type.fields):
        assert [page for page, text in pages.items() if f"| `{name}` |" in text], name
    assert "| `fileAppeal` |" in pages["appeals.md"]
    assert "`operations/citizen_app/" in pages["appeals.md"]
    assert set(pages) - {"README.md"} == set(re.findall(r"\((\w+\.md)\)", pages["README.md"]))


def test_the_page_of_a_code_names_the_mutations_that_come_to_it():
    page = made()["errors/DRAFTS_FULL.md"]

    assert "`saveDraft`" in page
    assert "decideApplication" not in page
    assert "`gateway/graphql/trusted.py`" in made()["errors/PERSISTED_DOCUMENT_NOT_FOUND.md"]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable(Source.UMANG, "HTTP_503"),
        Refused(Source.UMANG, "NO"),
        Garbled(Source.UMANG, "SHAPE"),
        IntegrityFailure(Source.UMANG, "HMAC"),
        NotSignedIn(),
        VersionConflict(2, "DRAFT"),
        KeyReused(),
        InProgress(),
        TryAgain(),
        StoreUnavailable(),
        TimeoutError(),
        RuntimeError(),
    ],
)
def test_the_reference_advises_what_the_graph_answers(error):
    fault = problem_of(error)

    assert fault.code.remedy is fault.action
    assert (fault.code.retry is Retry.LATER) is fault.retryable
