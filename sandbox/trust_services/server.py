"""The sandbox of certifying authorities.

An authority with OCSP and lists, a time stamping authority, and tokens behind the bridge's wire at `/bridge`. Actions:
`insert {name, flaw?}` puts a token in (`expired`, `class_2`, `encryption_only`, `other_authority`), `revoke {serial}`,
`trouble {trouble}` makes answers wrong (`unknown`, `stale`; of stamps `imprint`, `nonce`, `skew`),
`fate {fate, at?}` (`well`, `wrong_pin`, `locked`, `pulled`, `other_certificate`, `bad_signature`, `cancelled`).
"""

from sandbox.city.kit import Action, Sandbox, SandboxHome, sandbox_app
from sandbox.trust_services.authority import Authority
from sandbox.trust_services.stamps import StampServer
from sandbox.trust_services.tokens import TokenBridge


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The authorities and the tokens."""
    authority = Authority(home)
    stamps, tokens = StampServer(home, authority), TokenBridge(home, authority)
    home.hand_over(
        {
            "base_url": home.public_url,
            **authority.handed_over,
            "timestamps": f"{home.public_url}/timestamps",
        }
    )
    actions: dict[str, Action] = {"insert": tokens.insert, "fate": tokens.set_fate}
    actions |= {"revoke": authority.revoke, "trouble": authority.set_trouble}
    return sandbox_app(home, [*authority.routes(), *stamps.routes(), *tokens.routes()], actions=actions)
