"""A headless sign-in for `apuni token`: the real flow, step by step, as a native app.

Nothing here can make a token: it asks for one at the same endpoints as any app (RFC 8252, RFC 7636).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from lxml import etree, html

from actions.identity.sign_in_guards import challenge_of
from domain.kernel import CommandFailed, Provider, SystemClock, SystemIds
from domain.kernel.secret_comparison import is_same_secret
from gateway.sign_in.providers import SLUGS

APP_REDIRECT = "http://127.0.0.1:53682/signed-in"
"""The loopback address of an app. Nothing needs to listen: the last redirect is read, not followed."""

_CLIENT_ID = "apuni-cli"
_HOPS = 6
_SECONDS = 20.0


class DemoSignInFailed(CommandFailed):
    """Signing in did not work; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """With which provider a role signs in, and as whom if nobody is named."""

    provider: Provider
    person: str


PARTS = MappingProxyType(
    {
        "citizen": DemoPerson(Provider.MERI_PEHCHAAN, "asha-negi"),
        "operator": DemoPerson(Provider.CSC_CONNECT, "operator-1"),
        "e-district": DemoPerson(Provider.PARICHAY, "edistrict-1"),
        "principal": DemoPerson(Provider.PARICHAY, "principal-1"),
        "camp-officer": DemoPerson(Provider.PARICHAY, "camp-officer-1"),
        "agent": DemoPerson(Provider.CSC_CONNECT, "agent-1"),
        "officer": DemoPerson(Provider.PARICHAY, "officer-dehradun-sadar"),
        "appellate": DemoPerson(Provider.PARICHAY, "sdm-dehradun"),
        "commission": DemoPerson(Provider.PARICHAY, "commission-1"),
        "finance": DemoPerson(Provider.PARICHAY, "finance-1"),
        "department-admin": DemoPerson(Provider.PARICHAY, "department-admin-1"),
        "helpline": DemoPerson(Provider.PARICHAY, "helpline-1"),
        "auditor": DemoPerson(Provider.PARICHAY, "auditor-1"),
        "developer": DemoPerson(Provider.PARICHAY, "developer-1"),
        "admin": DemoPerson(Provider.PARICHAY, "admin-1"),
    }
)
"""The demo person of each role (demo/people.json, officers.json, operators.json, rosters.json)."""


async def demo_sign_in(
    gateway_url: str,
    role: str,
    person_key: str | None = None,
    *,
    provider: Provider | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> str:
    """Sign in as a demo person and give the session token; raises HeadlessFailed.

    `provider` overrides the role's own, for a citizen who comes by Jan Parichay.
    """
    part = PARTS.get(role)
    if part is None:
        raise DemoSignInFailed(f"there is no role {role}; choose one of {', '.join(PARTS)}")
    async with httpx.AsyncClient(
        timeout=_SECONDS, trust_env=False, follow_redirects=False, transport=transport
    ) as client:
        visit = _DemoSignIn(client, gateway_url.rstrip("/"))
        try:
            return await visit.token(provider or part.provider, person_key or part.person)
        except httpx.HTTPError as error:
            raise DemoSignInFailed(f"{_address_of(error)} does not answer; is `make run` running?") from error


class DemoBrowser:
    """The browser of a demo person who chooses a provider, signs in there and lets the app be signed in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def sign_in(self, address: str, provider: Provider, person: str, redirect_uri: str) -> str:
        """Go from an authorization request to the redirect of the app, which is given and not followed.

        Raises:
            DemoSignInFailed: a page stands where another was expected.
        """
        chosen = _link(await self._client.get(address), lambda link: f"/{SLUGS[provider]}?" in str(link.get("href")))
        allowed = _link(await self._client.get(chosen), lambda link: link.get("id") == "allow-app")
        page = await self._follow(await self._client.get(allowed), redirect_uri)
        if isinstance(page, str):
            return page  # the gateway broke it off before the provider was asked
        form_address, fields, people = _form(page)
        if person not in people:
            raise DemoSignInFailed(
                f"the sandbox knows no {person}; keys are in people, officers and operators.json of demo/"
            )
        form = {**fields, "person": person, "decision": "allow"}
        page = await self._follow(await self._client.post(form_address, data=form), redirect_uri)
        if isinstance(page, str):
            return page
        raise DemoSignInFailed(_reason(page))

    async def _follow(self, answer: httpx.Response, redirect_uri: str) -> httpx.Response | str:
        """The page at which the redirects end, or the redirect to the app."""
        for _ in range(_HOPS):
            if not answer.has_redirect_location:
                break
            target = urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(redirect_uri):
                return target
            answer = await self._client.get(target)
        if answer.status_code != 200:
            raise DemoSignInFailed(_reason(answer))
        return answer


class _DemoSignIn:
    """One sign-in of one app (RFC 6749 section 4.1, RFC 7636)."""

    def __init__(self, client: httpx.AsyncClient, gateway_url: str) -> None:
        ids = SystemIds(SystemClock())
        self._client = client
        self._gateway_url = gateway_url
        self._verifier = ids.token(48)
        self._state = ids.token()

    async def token(self, provider: Provider, person: str) -> str:
        """Go the whole way."""
        query = {
            "response_type": "code",
            "client_id": _CLIENT_ID,
            "redirect_uri": APP_REDIRECT,
            "state": self._state,
            "code_challenge": challenge_of(self._verifier),
            "code_challenge_method": "S256",
            "language": "en",
        }
        address = f"{self._gateway_url}/sign-in/authorize?{urlencode(query)}"
        target = await DemoBrowser(self._client).sign_in(address, provider, person, APP_REDIRECT)
        form = {
            "grant_type": "authorization_code",
            "client_id": _CLIENT_ID,
            "code": self._code(target),
            "code_verifier": self._verifier,
            "redirect_uri": APP_REDIRECT,
        }
        answer = await self._client.post(f"{self._gateway_url}/sign-in/token", data=form)
        try:
            return str(answer.json()["access_token"])
        except (ValueError, KeyError, TypeError):
            raise DemoSignInFailed(f"the gateway gave no token ({answer.status_code})") from None

    def _code(self, target: str) -> str:
        query = parse_qs(urlsplit(target).query)
        if "error" in query:
            raise DemoSignInFailed(f"sign-in was broken off: {query['error'][0]}")
        if not is_same_secret(query.get("state", [""])[0], self._state) or "code" not in query:
            raise DemoSignInFailed("the gateway came back with another state")
        return query["code"][0]


def _link(page: httpx.Response, is_meant: Callable[[etree._Element], bool]) -> str:
    """The address of a link of a page."""
    try:
        links = html.document_fromstring(page.content).iter("a")
        return urljoin(str(page.url), str(next(link.get("href") for link in links if is_meant(link))))
    except (etree.ParserError, etree.XMLSyntaxError, StopIteration):
        raise DemoSignInFailed(_reason(page)) from None


def _form(page: httpx.Response) -> tuple[str, dict[str, str], set[str]]:
    """The form's address, its hidden fields and the people that can be chosen."""
    try:
        document = html.document_fromstring(page.content)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise DemoSignInFailed("the provider's login page cannot be read") from None
    for form in document.iter("form"):
        inputs = [element.attrib for element in form.iter("input")]
        people = {str(each.get("value", "")) for each in inputs if each.get("name") == "person"}
        if people:
            hidden = {
                str(each["name"]): str(each.get("value", ""))
                for each in inputs
                if each.get("type") == "hidden" and each.get("name")
            }
            return urljoin(str(page.url), str(form.get("action") or "")), hidden, people
    raise DemoSignInFailed("the provider's login page has no list of people")


def _reason(answer: httpx.Response) -> str:
    """One line from a page that stands where none was expected: our own code, or its status."""
    try:
        codes = html.document_fromstring(answer.content).iter("code")
    except (etree.ParserError, etree.XMLSyntaxError):
        codes = iter(())
    code = next((str(element.text) for element in codes if element.get("id") == "code"), None)
    host = f"{answer.url.scheme}://{answer.url.netloc.decode()}"
    return f"sign-in stopped: {code}" if code else f"sign-in stopped at {host} with status {answer.status_code}"


def _address_of(error: httpx.HTTPError) -> str:
    try:
        return f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
    except RuntimeError:
        return "the gateway"
