"""What `apuni demo` prints when it is ready: addresses, tokens, a first query."""

from rich.console import Console

from demo.sign_in import demo_sign_in
from gateway.runtime.runfiles import log_file
from gateway.settings.settings import Settings

QUERY = "{ viewer { ... on Citizen { name applications(first: 3) { nodes { number status service { name } } } } } }"


async def greet(settings: Settings, console: Console) -> None:
    """Sign in a citizen and an officer the real way and show how to begin."""
    url = settings.url
    citizen = await demo_sign_in(url, "citizen", None)
    officer = await demo_sign_in(url, "officer", None)
    body = f'{{"query": "{QUERY}"}}'
    lines = [
        "",
        f"  GraphiQL   {url}/graphql",
        f"  Sign in    {url}/sign-in",
        f"  Status     {url}/status",
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
        f"  What happens is logged in {log_file(settings.home)}; warnings come here, too.",
        "  Tokens last an hour; `.venv/bin/apuni token --as citizen` makes another. Ctrl-C stops everything.",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
