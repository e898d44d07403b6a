"""The clients of all connectors of one process, each made when its file is first used."""

from collections.abc import Callable

from domain.kernel import Ids
from integrations.calling.errors import NotLetIn
from integrations.calling.remote import Remote
from integrations.connectors.authentication import Secrets, SecretUnfit
from integrations.connectors.client import ConnectorClient
from integrations.connectors.file import Connector


class Connectors:
    """Clients by their files. `open_remote` gives the line to a connector's system, `secrets_of` what was given."""

    def __init__(
        self, open_remote: Callable[[Connector], Remote], secrets_of: Callable[[Connector], Secrets], ids: Ids
    ) -> None:
        self._open_remote, self._secrets_of, self._ids = open_remote, secrets_of, ids
        self._clients: dict[str, tuple[str, ConnectorClient]] = {}

    def client(self, connector: Connector) -> ConnectorClient:
        """The client of a file; another version of it gets a new one. Raises NotLetIn where a secret does not serve."""
        digest, client = self._clients.get(connector.name, ("", None))
        if client is None or digest != connector.digest:
            try:
                client = ConnectorClient(
                    connector, self._open_remote(connector), self._secrets_of(connector), self._ids
                )
            except SecretUnfit as unfit:
                raise NotLetIn(connector.source, f"secret_{unfit}") from unfit
            self._clients[connector.name] = (connector.digest, client)
        return client

    def secret(self, connector: Connector, name: str) -> str | None:
        """A secret that is one text, such as that of a hook; None where it was not given."""
        found = self._secrets_of(connector).get(name)
        return found if isinstance(found, str) and found else None
