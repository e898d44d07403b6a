"""Draws the Mermaid diagrams of docs/ as docs/images/architecture/*.svg.

    npm install --prefix build/mermaid mermaid@11.17.2
    python tools/render_diagrams.py build/mermaid/node_modules/mermaid/dist/mermaid.min.js

It needs Chromium and Playwright (`make bootstrap-dev`). The source of a drawing is the block of code below its image;
each drawing carries the hash of its source, so that a test can tell one that is out of date.
"""

import hashlib
import re
import shutil
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("architecture.md", "deadlines.md", "sign_on.md", "deployment.md")
DIAGRAM = re.compile(
    r"!\[(?P<title>[^\]]+)\]\((?P<path>images/architecture/[\w-]+\.svg)\).*?^```mermaid\n(?P<source>.*?)^```",
    re.M | re.S,
)
"""An image of a page with what it shows, and the first block of Mermaid below it."""

CONFIG = {
    "startOnLoad": False,
    "theme": "base",
    "fontSize": 13,
    "themeVariables": {
        "fontFamily": "Arial, Helvetica, sans-serif",
        "fontSize": "13px",
        "primaryColor": "#ffffff",
        "primaryBorderColor": "#57606a",
        "primaryTextColor": "#1f2328",
        "lineColor": "#57606a",
        "clusterBkg": "#f6f8fa",
        "clusterBorder": "#d0d7de",
        "noteBkgColor": "#fff8e5",
        "noteBorderColor": "#d4a72c",
        "signalColor": "#1f2328",
    },
    "htmlLabels": False,
    "flowchart": {
        "useMaxWidth": False,
        "htmlLabels": False,
        "wrappingWidth": 600,
        "nodeSpacing": 24,
        "rankSpacing": 30,
    },
    "sequence": {
        "useMaxWidth": False,
        "mirrorActors": False,
        "diagramMarginX": 18,
        "width": 90,
        "height": 52,
        "actorMargin": 20,
        "boxMargin": 6,
        "boxTextMargin": 4,
        "messageMargin": 22,
        "noteMargin": 10,
    },
}
DRAW = """async ([name, source, config, hash]) => {
    mermaid.initialize(config);
    const holder = document.createElement("div");
    holder.innerHTML = (await mermaid.render(name, source)).svg;
    const drawn = holder.querySelector("svg");
    drawn.style.backgroundColor = "white";
    drawn.setAttribute("data-source", hash);
    return new XMLSerializer().serializeToString(drawn);
}"""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A diagram of a page: the path of its drawing beside the page, what it shows, and its source."""

    page: str
    path: str
    title: str
    source: str


def all_diagrams() -> list[Diagram]:
    """The diagrams of all pages."""
    return [
        Diagram(page, found["path"], " ".join(found["title"].split()), found["source"])
        for page in PAGES
        for found in DIAGRAM.finditer((DOCS / page).read_text(encoding="utf-8"))
    ]


def diagrams() -> dict[str, str]:
    """The sources of the diagrams, by the paths of their drawings beside the page."""
    return {one.path: one.source for one in all_diagrams()}


def add_names(drawing: str, diagram: Diagram) -> str:
    """The drawing with a title and a description, which a screen reader says."""
    start, _, rest = drawing.partition(">")
    name = Path(diagram.path).stem
    told = f"The text of this drawing is its source below it, in docs/{diagram.page}."
    start += f' aria-labelledby="{name}-title" aria-describedby="{name}-text"'
    names = f'<title id="{name}-title">{escape(diagram.title)}</title><desc id="{name}-text">{escape(told)}</desc>'
    return f"{start}>{names}{rest}"


def source_hash(source: str) -> str:
    """What a drawing carries of its source."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def main(mermaid: str) -> None:
    """Draw every diagram with the library at a path."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(path=mermaid)
        for one in all_diagrams():
            drawn = page.evaluate(DRAW, [Path(one.path).stem, one.source, CONFIG, source_hash(one.source)])
            (DOCS / one.path).write_text(add_names(drawn, one) + "\n", encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
