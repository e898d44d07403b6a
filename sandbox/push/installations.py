"""The telephones that the app is installed on, by what FCM or APNs knows them by, and what came to them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.city.kit import Arrival, SandboxHome

KEPT = 300
"""How many of the latest messages are stored."""
FATES = frozenset({"arrives", "uninstalled", "answer_lost", "busy", "down", "another_project"})


class Installations:
    """Installs and removes the app, and keeps what came."""

    def __init__(self, home: SandboxHome) -> None:
        self._home, self._state = home, home.state

    def install(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Install the app on a person's telephone: `mobile`, `platform`, and `fid` for an installation's id."""
        platform = str(arguments.get("platform", "ANDROID"))
        if platform == "IOS":
            token = secrets.token_hex(32)
        elif arguments.get("fid"):
            token = f"c{secrets.token_urlsafe(16)[:21]:A<21}"
        else:
            token = f"{secrets.token_urlsafe(16)}:APA91b{secrets.token_urlsafe(100)}"
        installed = {"mobile": arguments["mobile"], "platform": platform, "fate": "arrives", "collapse_keys": []}
        self._state.put("installation", token, {**installed, "gone_at": None})
        return {"token": token}

    def set_fate(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """What becomes of messages to a device from now on, by its `token`: one of FATES. ValueError for another."""
        token, fate = str(arguments["token"]), str(arguments["fate"])
        known = self._state.get("installation", token)
        if known is None or fate not in FATES:
            raise ValueError("token and fate")
        now = self._home.clock.now().isoformat()
        self._state.put("installation", token, {**known, "fate": fate, "gone_at": now})
        return {"fate": fate}

    def find(self, token: str, platform: str) -> dict[str, Any] | None:
        """An installation; None where nobody has that token."""
        found = self._state.get("installation", token)
        return found if found is not None and found["platform"] == platform else None

    def take(self, name: str, token: str, shown: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """Keep a message: what the lock screen shows, by title and body, and all of it."""
        known = self._state.get("installation", token)
        if known is None:
            raise AssertionError("a message is kept for an installation that was found")
        at = self._home.clock.now().isoformat()
        text = f"{shown.get('title', '')}\n{shown.get('body', '')}"
        number = int((self._state.get("number", "message") or {"last": 0})["last"]) + 1
        self._state.put("number", "message", {"last": number})
        kept = {"name": name, "token": token, "mobile": known["mobile"], "platform": known["platform"], "at": at}
        self._state.put("message", f"{number:09d}", {**kept, "text": text, "told": dict(told)})
        self._state.take("message", f"{number - KEPT:09d}")

    def note_collapse_key(self, token: str, key: str) -> bool:
        """Note a key under which messages to a device take each other's place; False for a fifth one."""
        known = self._state.get("installation", token)
        if known is None or key in known["collapse_keys"]:
            return True
        self._state.put("installation", token, {**known, "collapse_keys": [*known["collapse_keys"], key]})
        return len(known["collapse_keys"]) < 4

    def messages(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What came to a telephone, the latest first."""
        found = reversed(self._state.values_of("message").values())
        return {"messages": [one for one in found if one["mobile"] == arguments["mobile"]]}

    def arrivals(self, person: Mapping[str, Any]) -> list[Arrival]:
        """What stands on the lock screen of a person's telephone."""
        return [
            Arrival(datetime.fromisoformat(one["at"]), one["text"])
            for one in self.messages({"mobile": person["mobile"]})["messages"]
        ]
