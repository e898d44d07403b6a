"""What of the registry of outside systems the fault matrix asks."""

from collections.abc import Sequence

from integrations.registry import OutsideSystems
from tests.faults.adapters import ADAPTERS
from tests.faults.base import Adapter
from tests.faults.doors import DOORS
from tests.faults.files import FILES


def without_faults(registry: OutsideSystems, adapters: Sequence[type[Adapter]] = ADAPTERS) -> list[str]:
    """The calls, sandboxes and endpoints of the registry that the matrix leaves out, and what it asks beside them."""
    calls = {policy.name for adapter in adapters for policy in adapter.policies}
    calls |= {policy.name for exchange in FILES for policy in exchange.policies}
    endpoints = {door.system for door in DOORS}
    sandboxes = {adapter.system for adapter in adapters} | endpoints | {exchange.system for exchange in FILES}
    return [
        *(f"call {name}" for name in sorted(calls ^ set(registry.policies_by_name))),
        *(f"sandbox {name}" for name in sorted(sandboxes ^ set(registry.sandboxes))),
        *(f"endpoint {name}" for name in sorted(endpoints ^ {each.name for each in registry if each.calls_us})),
    ]
