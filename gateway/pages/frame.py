"""Parts of the page of figures that are written in Python: tables, and the frame around a body."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from domain.kernel import Bilingual, Language
from gateway.pages.rendering import pages_of

FEW_COLUMNS, MANY_COLUMNS = 3, 5
"""Up to so many fit on a telephone, and on a tablet."""


def respond(
    request: Request,
    language: Language,
    title: Bilingual,
    body: str,
    status: int = 200,
    *,
    forms_to: frozenset[str] = frozenset(),
) -> HTMLResponse:
    """A whole page in the frame of all pages. `body` is HTML that is escaped already; `forms_to` as for Pages.draw."""
    values = {"heading": title.in_language(language), "body": body}
    return pages_of(request).draw(request, "plain.html", values, status=status, forms_to=forms_to)


def table(rows: list[list[str]], headings: list[str] | None = None, *, caption: str | None = None) -> str:
    """A table of cells that are escaped already; without headings the first cell of a row is its heading.

    Where it has many columns and the screen is narrow, the cells of a row stand one under another, each with its
    heading.
    """
    headings = headings or []
    head = "".join(f'<th scope="col">{cell}</th>' for cell in headings)
    width = "widest" if len(headings) > MANY_COLUMNS else "wide" if len(headings) > FEW_COLUMNS else None
    lines = []
    for first, *rest in rows:
        named = [f' data-heading="{one}"' for one in headings[1:]] if width else [""] * len(rest)
        cells = "".join(f"<td{name}>{cell}</td>" for name, cell in zip(named, rest, strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        (f'<table class="{width}">' if width else "<table>")
        + (f"<caption>{caption}</caption>" if caption else "")
        + (f"<thead><tr>{head}</tr></thead>" if head else "")
        + f"<tbody>{''.join(lines)}</tbody></table>"
    )
