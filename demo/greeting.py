"""What `apuni demo` prints when it is ready: addresses, numbers to try, tokens, a first query."""

from typing import Any

import httpx
from rich.console import Console

from demo.runfiles import log_file
from demo.seed.receivers import NAME
from demo.sign_in import demo_sign_in
from gateway.pages.documentation import built_site
from gateway.runtime.runfiles import ports
from gateway.settings.settings import Settings

QUERY = "{ viewer { ... on Citizen { name applications(first: 3) { nodes { number status service { name } } } } } }"
_NUMBERS = (
    "{ viewer { ... on Citizen { applications(first: 20) { nodes { number status certificate { number } } } } } }"
)
_SECONDS = 10


async def greet(settings: Settings, console: Console) -> None:
    """Sign in a citizen and an officer the real way and show how to begin."""
    url, city = settings.url, f"http://127.0.0.1:{ports(settings.home)['sandbox']}"
    citizen = await demo_sign_in(url, "citizen", None)
    officer = await demo_sign_in(url, "officer", None)
    body = f'{{"query": "{QUERY}"}}'
    application, certificate = await _numbers(url, citizen)
    lines = [
        "",
        f"  Pages      {url}/  (find a service, sign in, {url}/forms, {url}/notified-services)",
        f"  Track      {url}/track  with {application} and 0001, the end of the telephone number",
        f"  Verify     {url}/verify  with {certificate}",
        f"  Sign       {url}/desk/signing  (solvency certificates that an officer approved, with the sandbox's token)",
        f"  Figures    {url}/dashboard",
        f"  Status     {url}/status",
        f"  GraphiQL   {url}/graphql",
        f"  Documents  {url}/docs/{'' if built_site() else '  (being built, some minutes)'}",
        f"  Telephone  {city}/telephone  (what citizens are told)",
        f"  Events     {city}/event_receivers/hooks/{NAME}  (what the Revenue Department's system is told)",
        "",
        f"  Citizen    Authorization: Bearer {citizen}",
        "",
        f"  Officer    Authorization: Bearer {officer}",
        "",
        "  First query:",
        f"    curl -s {url}/graphql -H 'content-type: application/json' \\",
        f"      -H 'authorization: Bearer {citizen}' \\",
        f"      -d '{body}'",
        "",
        f"  What happens is logged in {log_file(settings.home)}; errors are named here, too.",
        "  Tokens last an hour; `.venv/bin/apuni token --as citizen` makes another. Ctrl-C stops everything.",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


async def _numbers(url: str, token: str) -> tuple[str, str]:
    """The number of an application of the citizen that is in scrutiny, and of a certificate of hers."""
    async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
        answer = await client.post(
            f"{url}/graphql", json={"query": _NUMBERS}, headers={"authorization": f"Bearer {token}"}
        )
    cases: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["viewer"]["applications"]["nodes"]
    in_scrutiny = next(case["number"] for case in cases if case["status"] == "IN_SCRUTINY")
    return in_scrutiny, next(case["certificate"]["number"] for case in cases if case["certificate"])
