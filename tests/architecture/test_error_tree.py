"""Every exception of the integrations belongs to one tree."""

import importlib
import inspect
import pkgutil

import integrations
from domain.kernel import CallerError
from integrations.calling.errors import RemoteError

OUTSIDE_THE_TREE = {
    "integrations.apisetu.published_wire.CallProblem": "the door that we publish answers it by a row of its table",
    "integrations.calling.incoming_calls.TooLarge": "the door that reads the body answers it",
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
    "integrations.umang.caller_authentication.NotAuthentic": "the door of UMANG answers it by its code",
    "integrations.calling.incoming_calls.CallRefused": "the doors of the Commission and of the HR system answer it",
    "integrations.trust_services.models.CertificateUnfit": "verbs turn it into TOKEN_UNFIT with its reason",
    "integrations.trust_services.certificates.RevocationUnknown": "the client turns it into an Unavailable",
    "integrations.connectors.recording.NotRecorded": "the command `apuni connector try` prints it",
}


def test_every_error_an_adapter_can_raise_is_a_remote_error():
    strays = []
    for module in pkgutil.walk_packages(integrations.__path__, "integrations."):
        for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            ours = value.__module__ == module.name and issubclass(value, Exception)
            if ours and not name.startswith("_") and not issubclass(value, RemoteError | CallerError | ValueError):
                strays.append(f"{module.name}.{name}")

    assert set(strays) == set(OUTSIDE_THE_TREE)
