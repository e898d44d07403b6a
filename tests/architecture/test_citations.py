"""Every citation in code and documents leads to a file, section or record that is in the repository."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"build", "dist", "node_modules", "requirements", "static", "var"}
SUFFIXES = {".css", ".graphql", ".js", ".json", ".jsx", ".mako", ".md", ".mjs", ".po", ".py", ".toml", ".ts", ".typ"}
PLAIN = (".ci/run", ".importlinter", "Makefile")
CONTRACTS = ROOT / "docs" / "contracts"

FORMER = (
    "../shared",
    "CONNECTORS.md",
    "DECISIONS.md",
    "DESIGN.md",
    "ECOSYSTEM.md",
    "ENGINE.md",
    "EXAMPLES.md",
    "GRAPH_CONVENTIONS.md",
    "LAYOUT.md",
    "RELIABILITY.md",
)
"""Papers by which the gateway was begun; what they say stands in docs/."""

NUMBER = r"\d+(?:\.\d+)*"
NUMBERS = rf"{NUMBER}(?:(?:, and |, | and | or | to ){NUMBER})*"
DOCUMENT = re.compile(r"(?<![\w/.])(docs/[\w/-]+\.md)")
SECTIONS = re.compile(rf"(?<![\w/.])(docs/[\w/-]+\.md)(?:`|\]\([^)\s]*\))?[,:]? \(?sections? ({NUMBERS})")
SECTIONS_OF = re.compile(rf"sections? ({NUMBERS}) of `?\[?(docs/[\w/-]+\.md)")
RECORD = re.compile(r"docs/adr/(\d{4}[\w-]*)|\bADRs?[ -](\d+)")
LINK = re.compile(r"\]\((?!\w+:|#)<?([^)\s#>]+)(?:#[^)\s]*)?>?\)")
HEADING = re.compile(rf"#+ ({NUMBER})\.? ")
ITEM = re.compile(r"(\d+)\. ")
BARE = re.compile(r"\b[Ss]ections? \d")
NAMED = re.compile(
    r"(?:(?:docs/[\w/-]+\.md\S*|RFC \d+|\bAct(?: \d{4})?|\bits|ISO [\d-]+|HTTP|XML 1\.0|semver\.org|\})"
    r"[,:]? \(?|(?<!\")[\"'])$"
)
"""What a section number belongs to stands right before it: a document of ours, a standard or a law."""
OF_THE_ACT = re.compile(rf"[Ss]ections? {NUMBER}(?:\(\d+\))? of the Act")


@cache
def texts() -> dict[str, str]:
    """Every text of the repository by its path, apart from this file."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in LEFT_OUT]
    found = [path for path in ROOT.iterdir() if path.suffix in SUFFIXES] + [ROOT / name for name in PLAIN]
    for folder in folders:
        found += [path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    wanted = [path for path in found if not LEFT_OUT & set(path.relative_to(ROOT).parts) and path != Path(__file__)]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(wanted)}


def code() -> dict[str, str]:
    """What a citation of ours may stand in: not the contracts, which cite other people's repositories."""
    return {name: text for name, text in texts().items() if not (ROOT / name).is_relative_to(CONTRACTS)}


def in_one_line(text: str) -> str:
    """The text with broken lines joined, so that a citation may run over the end of a line."""
    return re.sub(r"\s*\n[ \t]*(?:# )?", " ", text)


@cache
def sections(document: str) -> frozenset[str]:
    """The numbers of a document's headings, and of the numbered points below a heading as `2.13`."""
    numbers: set[str] = set()
    heading = ""
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        if found := HEADING.match(line):
            heading = found[1]
            numbers.add(heading)
        elif heading and (found := ITEM.match(line)):
            numbers.add(f"{heading}.{found[1]}")
    return frozenset(numbers)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Documents and section numbers that a text cites."""
    line = in_one_line(text)
    for document, numbers in SECTIONS.findall(line):
        yield from ((document, number) for number in re.findall(NUMBER, numbers))
    for numbers, document in SECTIONS_OF.findall(line):
        yield from ((document, number) for number in re.findall(NUMBER, numbers))


def missing_sections(text: str) -> list[str]:
    """Citations of sections that their document does not have."""
    return [
        f"{document} section {number}"
        for document, number in cited(text)
        if (ROOT / document).is_file() and number not in sections(document)
    ]


def missing_records(text: str) -> list[str]:
    """Citations of decision records that are not there, by file or by number."""
    records = {path.stem for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    numbers = {name[:4] for name in records}
    found = [name or number.zfill(4) for name, number in RECORD.findall(text)]
    return [name for name in found if name not in records and name not in numbers]


def missing_links(name: str, text: str) -> list[str]:
    """Relative links of a Markdown document to files that are not there."""
    prose = re.sub(r"(?ms)^```.*?^```", "", text)
    return [link for link in LINK.findall(prose) if not ((ROOT / name).parent / link).exists()]


def nameless_sections(text: str) -> list[str]:
    """Section numbers beside which nothing says of what they are."""
    line = in_one_line(text)
    return [
        line[max(0, found.start() - 60) : found.end() + 10]
        for found in BARE.finditer(line)
        if not NAMED.search(line, max(0, found.start() - 80), found.start())
        and not SECTIONS_OF.match(line, found.start())
        and not OF_THE_ACT.match(line, found.start())
    ]


def test_every_document_that_is_named_is_there():
    wrong = [
        f"{name}: {document}"
        for name, text in code().items()
        for document in DOCUMENT.findall(text)
        if not (ROOT / document).is_file()
    ]
    assert wrong == []


def test_every_section_that_is_named_is_a_heading_of_its_document():
    wrong = [f"{name}: {section}" for name, text in code().items() for section in missing_sections(text)]
    assert wrong == []


def test_a_section_number_stands_beside_what_it_is_of():
    wrong = [
        f"{name}: …{place}…"
        for name, text in code().items()
        if name.endswith(".py")
        for place in nameless_sections(text)
    ]
    assert wrong == []


def test_every_decision_record_that_is_named_is_there():
    wrong = [f"{name}: {record}" for name, text in code().items() for record in missing_records(text)]
    assert wrong == []


def test_every_relative_link_leads_to_a_file():
    wrong = [
        f"{name}: {link}"
        for name, text in texts().items()
        if name.endswith(".md")
        for link in missing_links(name, text)
    ]
    assert wrong == []


@pytest.mark.parametrize("former", FORMER)
def test_no_former_paper_is_named(former: str):
    spelled = re.compile(rf"(?<![\w-]){re.escape(former)}")
    assert [name for name, text in texts().items() if spelled.search(text)] == []


def test_wrong_citations_are_found():
    assert missing_sections("(docs/contracts/digilocker.md\n    sections 3.1 and 99.1)") == [
        "docs/contracts/digilocker.md section 99.1"
    ]
    assert missing_sections("section 99 of docs/graph.md") == ["docs/graph.md section 99"]
    assert missing_records("docs/adr/0001-rooms.md, docs/adr/9999, ADR 9998") == ["9999", "9998"]
    assert missing_links("docs/fees.md", "[one](fees.md#a) [two](nowhere.md) [three](https://example.org)") == [
        "nowhere.md"
    ]
    assert len(nameless_sections("as section 4 says; docs/graph.md section 1; RFC 6749 section 5.2")) == 1
