"""How far a proof goes: a few rounds within `make test`, more by `BOUND=ci`, all by `BOUND=full`."""

import os


def rounds(quick: int, *, ci: int, full: int) -> int:
    """The number of rounds that the environment variable BOUND asks for; `make race` and its like set it."""
    return {"ci": ci, "full": full}.get(os.environ.get("BOUND", ""), quick)
