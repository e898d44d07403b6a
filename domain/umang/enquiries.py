"""Remembers counted enquiries, so that a repetition within minutes is not counted again."""

from collections import OrderedDict

MOST_REMEMBERED = 10_000


class RecentEnquiries:
    """The keys of the last ten thousand counted enquiries of a process. The ledger decides; this saves asking it."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Remember a key; the one that was not seen for longest is forgotten."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)
