"""The sandbox city: one sandbox for each outside system, with faults and a request ledger."""

from sandbox.city.kit import (
    Action,
    Arrival,
    Fault,
    Faults,
    Ledger,
    Sandbox,
    SandboxClock,
    SandboxHome,
    State,
    load_demo,
    sandbox_app,
    write_onboarding,
)

__all__ = [
    "Action",
    "Arrival",
    "Fault",
    "Faults",
    "Ledger",
    "Sandbox",
    "SandboxClock",
    "SandboxHome",
    "State",
    "load_demo",
    "sandbox_app",
    "write_onboarding",
]
