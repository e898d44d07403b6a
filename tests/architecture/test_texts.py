import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "store", "integrations", "actions", "schema", "gateway")
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
EXCEPTIONS = {
    "domain/kernel/messages.py": "the portal's name where the installation gives none",
    "domain/kernel/text.py": "the digits of the script, which are turned into Latin ones",
    "domain/catalogue/search.py": "words that a search passes over",
    "domain/catalogue/transliteration.py": "the letters of the script and their sounds",
    "domain/certificates/spellings.py": "the letters of the script and the Latin ones that they are written with",
    "actions/documents/holder_match.py": "the letters of the script, their sounds, and titles before names",
    "integrations/umang/wire.py": "what UMANG answers, by which an absent card is known",
    "integrations/apisetu/published_document.py": "the description of an API, which is in both languages at once",
    "gateway/graphiql/page.py": "the page of a tool for developers, which is in both languages at once",
    "gateway/sign_in/pages.py": "the name of Hindi, in Hindi on the English page",
    "gateway/documents/certificate_words.py": "the form of a certificate, which is in both languages at once",
    "actions/certificates/fields.py": "titles of printed fields",
    "actions/rosters/files.py": "notices about a file of a school",
    "domain/rosters/rows.py": "notices about a row of a file of a school",
}
"""Modules that may hold words in Devanagari, and why; all other words that people read are in the catalogues."""


def test_words_that_people_read_are_in_the_catalogues_and_not_in_modules():
    found = {str(path.relative_to(ROOT)) for path in modules() if devanagari_in(path)}

    assert found <= EXCEPTIONS.keys()


def modules() -> list[Path]:
    return [path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))]


def devanagari_in(path: Path) -> bool:
    text = path.read_text("utf-8")
    if not DEVANAGARI.search(text):
        return False
    tree = ast.parse(text)
    expressions = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    docstrings = {id(value) for value in expressions if isinstance(value, ast.Constant)}
    literals = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return any(isinstance(node.value, str) and DEVANAGARI.search(node.value) for node in literals)
