"""UMANG's door over the graph: each operation is one or more operations of `operations/umang`, run in this process."""

from gateway.umang.doors import umang_routes

__all__ = ["umang_routes"]
