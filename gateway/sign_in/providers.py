"""The sign-in providers' names in URLs."""

from collections.abc import Mapping

from actions.kernel import Environment
from domain.kernel import Provider

SLUGS: Mapping[Provider, str] = {
    Provider.MERI_PEHCHAAN: "meri-pehchaan",
    Provider.JAN_PARICHAY: "jan-parichay",
    Provider.E_PRAMAAN: "e-pramaan",
    Provider.PARICHAY: "parichay",
    Provider.CSC_CONNECT: "csc-connect",
}
"""In the order in which the sign-in page offers them."""

_PROVIDERS = {slug: provider for provider, slug in SLUGS.items()}


def provider_of(slug: str) -> Provider | None:
    """The provider of an address, or None."""
    return _PROVIDERS.get(slug)


def callback_path(provider: Provider) -> str:
    """Where the provider sends the browser back; registered with it letter for letter."""
    return f"/sign-in/callback/{SLUGS[provider]}"


def offered_providers(env: Environment) -> set[Provider]:
    """The providers that people may sign in with."""
    return {one for one in env.partners.identity if env.rules.sign_on.offers(one)}
