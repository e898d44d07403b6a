"""The state treasury's JIT payment service."""
