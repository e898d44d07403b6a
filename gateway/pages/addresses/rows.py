"""Makes the rows of pages of one kind of people, who have a folder of templates."""

from collections.abc import Callable

from domain.kernel import PersonKind
from gateway.pages.site import Page


def page_rows(folder: str, person: PersonKind) -> Callable[..., Page]:
    """What makes a row, of the address, the template in the folder, the operation, and what it must find.

    `forms` are those whose answer leads back to the page, `leading` the others with the address that theirs leads to.
    """

    def row(
        path: str,
        template: str,
        operation: str,
        found: str | None = None,
        forms: str = "",
        *,
        script: str | None = None,
        leaves: frozenset[str] = frozenset(),
        **leading: str,
    ) -> Page:
        to = {**dict.fromkeys(forms.split()), **leading}
        people = frozenset({person})
        return Page(path, f"{folder}/{template}.html", operation, people, found, script, to, leaves)

    return row
