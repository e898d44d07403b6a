"""The settings of PFMS: SFTP or REST, and their parameters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from integrations.calling.onboarding import read_settings


@dataclass(frozen=True, slots=True)
class SftpSettings:
    """How the exchange is reached. `host_keys` are the only keys that its host may show, in OpenSSH's form."""

    host: str
    port: int
    username: str
    client_key: str = field(repr=False)
    host_keys: tuple[str, ...]
    root: str = ""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Folders of PFMS that have other names, below the root, by ours, such as `out/payment-request`."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError or ValueError where a needed part is missing or spoilt."""
        if not given["host_keys"]:
            raise ValueError("no host key")
        port, root = int(given.get("port", 22)), str(given.get("root", "")).rstrip("/")
        return read_settings(cls, given, port=port, root=root, folders=dict(given.get("folders", {})))


@dataclass(frozen=True, slots=True)
class RestSettings:
    """What onboarding hands over for the exchange over REST; the address is the partner's own."""

    client_id: str
    client_secret: str = field(repr=False)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError where a part is missing, ValueError where it is empty."""
        own = cls(str(given["client_id"]), str(given["client_secret"]))
        if not own.client_id or not own.client_secret:
            raise ValueError("empty credentials")
        return own


Addresses = Callable[[str, int], Awaitable[Sequence[str]]]
"""The checked addresses of a host (integrations/calling/ssrf_guard.py); raises OSError where it must not be called."""
