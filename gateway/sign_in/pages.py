"""Pages of sign-in: the choice of providers, what was refused, and a program that asks to be signed in."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from domain.kernel import ErrorCode, PersonKind, Problem, Provider
from gateway.graphql.answers import retry_headers
from gateway.pages.rendering import language_of, pages_of
from gateway.sign_in.providers import SLUGS
from integrations.sso import SignOutForm

NOT_AGAIN = {"other_language": None, "here": None}
"""Of a page whose address cannot be asked for again, neither in the other language nor after signing in."""

_CITIZENS = (Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY, Provider.E_PRAMAAN)

Groups = list[tuple[str, list[tuple[str, str]]]]


def provider_groups(providers: Collection[Provider]) -> Groups:
    """The providers with their names in addresses, those of citizens first."""
    named = [(one.value, slug, one in _CITIZENS) for one, slug in SLUGS.items() if one in providers]
    groups = [
        (heading, [(one, slug) for one, slug, is_citizens in named if is_citizens is wanted])
        for heading, wanted in (("citizens", True), ("staff", False))
    ]
    return [group for group in groups if group[1]]


def draw(request: Request, template: str, person: PersonKind | None = None, **values: Any) -> HTMLResponse:
    """A page of the folder `sign_in`."""
    status = values.pop("status", 200)
    return pages_of(request).draw(request, f"sign_in/{template}.html", values, status=status, person=person)


def end_there(request: Request, form: SignOutForm) -> HTMLResponse:
    """The page of somebody who is signed out here, with the form that signs her out at her provider too."""
    host = "{0.scheme}://{0.netloc}".format(urlsplit(form.action))
    values = {"action": form.action, "fields": form.fields, **NOT_AGAIN}
    return pages_of(request).draw(request, "sign_in/signed_out.html", values, person=None, forms_to=frozenset({host}))


def problem_page(
    request: Request,
    code: ErrorCode,
    *,
    status: int,
    return_to: str | None = None,
    retry_after: float | None = None,
    **more: Any,
) -> HTMLResponse:
    """A readable refusal with its code and the way back; nothing internal. `retry_after` is in seconds.

    `more` is of a provider that cannot be reached: `provider`, `again`, the address that tries it again, and `groups`.
    """
    language = language_of(request)
    back = "/sign-in?" + urlencode({"language": language.value, **({"return_to": return_to} if return_to else {})})
    values = {"code": code.value, "back": back, "again": None, "groups": [], "asks": {"return_to": return_to}, **more}
    headers = retry_headers(Problem(code, retry_after=retry_after))
    return pages_of(request).draw(request, "sign_in/problem.html", NOT_AGAIN | values, status=status, headers=headers)
