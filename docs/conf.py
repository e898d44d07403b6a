"""Sphinx makes the pages of this folder into a site that needs no network: `make docs`, into build/docs.

The pages are written for readers of the repository too, so nothing of Sphinx stands in them. What it needs is made
here: the menu follows the headings and links of docs/README.md, the page of a folder leads to all of its pages, and
a link that leaves docs/ becomes the path in the repository.
"""

import gzip
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "Apuni Sarkar gateway"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "README"
exclude_patterns = ["examples/department_subgraph/*", "examples/connector/*"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = project
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["devanagari.css"]
suppress_warnings = ["misc.highlighting_failure"]

_DOCS = Path(__file__).parent
_FONTS = _DOCS.parent / "gateway" / "graphiql" / "static"
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def adapt(app: Sphinx, name: str, source: list[str]) -> None:
    """Make a page's links those of the site, and give it its part of the menu."""
    del app
    folder = posixpath.dirname(name)
    parts = _FENCE.split(source[0])
    parts[::2] = [_LINK.sub(lambda link: _in_site(folder, link), part) for part in parts[::2]]
    source[0] = "".join(parts)
    if name.startswith("errors/"):  # a page for each code, which docs/errors.md lists: too many for the menu
        source[0] = f"---\norphan: true\n---\n{source[0]}"
    elif name == root_doc:
        source[0] += "".join(_menu(title, text) for title, text in _sections(source[0]))
        source[0] += _toctree(["reference/README"], ":caption: Reference\n")
    else:
        source[0] += _toctree(_pages_below(_DOCS / f"{name}.md"))


def add_fonts(app: Sphinx, error: Exception | None) -> None:
    """Put the font of our pages beside the site's styles."""
    if error is not None or app.builder.format != "html":
        return
    for weight in (400, 700):
        stored = _FONTS / f"noto-sans-devanagari-devanagari-{weight}-normal.woff2.gz"
        font = gzip.decompress(stored.read_bytes())
        (Path(app.outdir) / "_static" / f"devanagari-{weight}.woff2").write_bytes(font)


def write_graph(_: Sphinx) -> None:
    """Write the reference of the graph, which is not committed: schema/api.graphql is."""
    sys.path.insert(0, str(_DOCS.parent))
    from tools.reference.graph_pages import graph_pages

    for name, text in graph_pages().items():
        (_DOCS / "reference").mkdir(exist_ok=True)
        page = _DOCS / "reference" / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:  # else it would be read anew each time
            page.write_text(text, encoding="utf-8")


def fold_menu(_: Sphinx, __: str, ___: str, context: dict[str, Any], ____: object) -> None:
    """Open the menu at the page's own part alone: all of it on each page is most of the site and of its making."""
    toctree = context["toctree"]
    context["toctree"] = lambda **options: toctree(**{**options, "collapse": True})


def setup(app: Sphinx) -> None:
    """Have the graph's reference written, each page adapted before it is read, and the fonts added at the end."""
    app.connect("builder-inited", write_graph)
    app.connect("html-page-context", fold_menu, priority=100)
    app.connect("source-read", adapt)
    app.connect("build-finished", add_fonts)


def _in_site(folder: str, link: re.Match[str]) -> str:
    text, path, part = link[1], link[2], link[3] or ""
    target = posixpath.normpath(posixpath.join("docs", folder, path))
    if not target.startswith("docs/"):
        return f"{text} (`{target}`)"
    target = target.removeprefix("docs/")
    if (_DOCS / target).is_dir():
        target = f"{target}/README.md"
    if not target.endswith(".md") or not (_DOCS / target).is_file():
        return f"{text} (`docs/{target.removesuffix('/README.md')}`)"
    return f"[{text}]({posixpath.relpath(target, folder or '.')}{part})"


def _pages_below(page: Path) -> list[str]:
    """What the first page of a folder leads to: its other pages and the first ones of its folders.

    `README.md` leads to all of them, `index.hi.md` to those of its language, and any other page to the folder of its
    name that has no first page.
    """
    if page.stem == "README":
        found = [*page.parent.glob("*.md"), *page.parent.glob("*/README.md"), *page.parent.glob("*/index.*.md")]
    elif page.name.startswith("index."):
        found = [*page.parent.glob(f"*{page.suffixes[0]}.md")]
    else:
        folder = page.with_suffix("")
        apart = (folder / "README.md").is_file() or page.stem == "errors"
        found = [] if apart else [*folder.glob("*.md")]
    return [str(one.relative_to(page.parent).with_suffix("")) for one in sorted(found) if one != page]


def _sections(text: str) -> list[tuple[str, str]]:
    found = _HEADING.split(text)
    return list(zip(found[1::2], found[2::2], strict=True))


def _menu(title: str, text: str) -> str:
    pages = dict.fromkeys(link[2].removesuffix(".md") for link in _LINK.finditer(text))
    return _toctree(list(pages), f":caption: {title}\n")


def _toctree(pages: list[str], options: str = "") -> str:
    listed = "\n".join(pages)
    return f"\n\n```{{toctree}}\n:hidden:\n{options}\n{listed}\n```\n" if pages else ""
