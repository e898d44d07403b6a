"""Every exception of the integrations belongs to one tree."""

import importlib
import inspect
import pkgutil

import integrations
from integrations.calling.errors import RemoteError

OUTSIDE_THE_TREE = {
    "integrations.apisetu.published_models.ConsentUsedUp": "our own side raises it into the door that we publish",
    "integrations.apisetu.published_models.NotNow": "our own side raises it into the door that we publish",
    "integrations.apisetu.published_models.OtherQuestion": "our own side raises it into the door that we publish",
    "integrations.apisetu.published_wire.Declined": "the door that we publish answers it by a row of its table",
    "integrations.apisetu.wire.NotGenuine": "its client turns it into an IntegrityFailure",
    "integrations.digilocker.issuer.models.NotNow": "our own side raises it into the issuer's door",
    "integrations.calling.opening.UnfitSettings": "the runtime turns it into the line that ends the start",
    "integrations.calling.ssrf_guard.NotAllowed": "the transport makes it an httpx.ConnectError",
    "integrations.calling.http_transport.connection.ConnectionFault": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.connection.Malformed": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.connection.CertificateFault": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.pool.CannotConnect": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.pool.CertificateNotTaken": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.pool.NotTrusted": "its transport turns it into an error of httpx",
    "integrations.calling.http_transport.transport.CertificateRefused": "Remote turns it into a NeverSent",
    "integrations.calling.http_transport.transport.ServerNotTrusted": "Remote turns it into a NeverSent",
    "integrations.etaal.models.CountsUnavailable": "our own side raises it into the door of e-Taal",
    "integrations.umang.caller_authentication.NotAuthentic": "the door of UMANG answers it by its code",
    "integrations.umang.door_models.DeskUnavailable": "our own side raises it into the door of UMANG",
    "integrations.right_to_service.endpoint.Declined": "the door of the Commission answers it by its code",
    "integrations.browser_returns.NotNow": "our own side raises it into the doors by which browsers come back",
    "integrations.right_to_service.models.NotNow": "our own side raises it into the door of the Commission",
    "integrations.right_to_service.models.OtherMessage": "our own side raises it into the door of the Commission",
    "integrations.right_to_service.models.UnknownCase": "our own side raises it into the door of the Commission",
}


def test_every_error_an_adapter_can_raise_is_a_remote_error():
    strays = []
    for module in pkgutil.walk_packages(integrations.__path__, "integrations."):
        for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            ours = value.__module__ == module.name and issubclass(value, Exception)
            if ours and not name.startswith("_") and not issubclass(value, RemoteError | ValueError):
                strays.append(f"{module.name}.{name}")

    assert set(strays) == set(OUTSIDE_THE_TREE)
