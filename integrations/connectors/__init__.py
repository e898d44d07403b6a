"""Systems that join by a file (docs/connectors.md): the file, the mapping, the authentication and the calls."""

from integrations.connectors.authentication import Secrets, SecretUnfit
from integrations.connectors.client import ConnectorClient, Uncertain, Waiting
from integrations.connectors.connecting import Connectors
from integrations.connectors.faults import ConnectorFault
from integrations.connectors.file import Connector, ConnectorCall, Example, Field, Hook, Input
from integrations.connectors.loader import read_connector
from integrations.connectors.records import Records
from integrations.connectors.requests import InputRefused, RequestWriter
