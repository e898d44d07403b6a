"""UMANG's API over the graph: each operation runs one or more operations of `operations/umang` in this process."""

from gateway.umang.routes import umang_routes

__all__ = ["umang_routes"]
