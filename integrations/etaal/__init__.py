"""e-Taal: the door by which the national counter of e-transactions pulls our counts."""

from integrations.etaal.endpoint import etaal_routes
from integrations.etaal.models import Counts, CountsUnavailable, EtaalSettings, ServiceCount, etaal_channel

__all__ = ["Counts", "CountsUnavailable", "EtaalSettings", "ServiceCount", "etaal_channel", "etaal_routes"]
