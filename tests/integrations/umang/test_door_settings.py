"""What onboarding hands over for the door: all of it, or nobody is let in; what is unfit stops the start."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from integrations.umang import SERVICES, UmangEndpointSettings
from sandbox.umang.envelope import new_pair

PEM = new_pair()["public"]
DOOR: dict[str, Any] = {"api_keys": ["k" * 32], "secrets": ["s" * 32], "user_keys": {"u1": PEM}}


def small_key() -> str:
    public = rsa.generate_private_key(65537, 1024).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_what_was_agreed_is_read_and_rates_grow_with_the_demo():
    settings = UmangEndpointSettings.from_onboarding({"door": {**DOOR, "networks": ["203.0.113.0/24"]}}, times=1000)

    assert (settings.services, settings.deptid, settings.networks) == (SERVICES, "905", ("203.0.113.0/24",))
    assert (settings.per_second, settings.burst) == (10_000, 20_000)
    assert "k" * 32 not in repr(settings)
    assert "s" * 32 not in repr(settings)


def test_without_a_door_nobody_has_a_key():
    assert UmangEndpointSettings.from_onboarding({}).api_keys == ()


@pytest.mark.filterwarnings("ignore")  # the library warns of the small key
@pytest.mark.parametrize(
    "change",
    [
        {"api_keys": ["short"]},
        {"api_keys": []},
        {"secrets": ["short"]},
        {"user_keys": {}},
        {"user_keys": {"u1": "no key"}},
        {"user_keys": {"u1": ECKey.generate_key("P-256").as_pem(private=False).decode()}},
        {"user_keys": {"u1": small_key()}},
        {"services": {"2101": "dropTables"}},
        {"services": {"x": "getServices"}},
    ],
)
def test_what_is_unfit_is_refused_at_the_start(change: dict[str, Any]):
    with pytest.raises((ValueError, KeyError)):
        UmangEndpointSettings.from_onboarding({"door": {**DOOR, **change}})


def test_a_part_that_is_missing_is_named():
    with pytest.raises(KeyError, match="secrets"):
        UmangEndpointSettings.from_onboarding({"door": {"api_keys": ["k" * 32]}})
