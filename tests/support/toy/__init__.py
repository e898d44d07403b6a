"""A small outside system, to see that a row in the registry is all that one needs: its face."""

from tests.support.toy.client import CODES, POLICIES, Toy, open_clients

__all__ = ["CODES", "POLICIES", "Toy", "open_clients"]
