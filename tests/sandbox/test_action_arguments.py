"""Whoever calls an action of a sandbox wrongly is told which arguments it takes."""

from collections.abc import Mapping
from typing import Any

from sandbox.city.action_arguments import arguments_text


class Bank:
    """A partner with one action."""

    def send_back(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send a payment back.

        Nobody reads this paragraph.
        """
        return {"bill": self._bill(arguments), "code": arguments.get("code", "01"), "by": _who(arguments)}

    def _bill(self, arguments: Mapping[str, Any]) -> str:
        return str(arguments["bill_number"])


def _who(given: Mapping[str, Any]) -> str:
    return str(given["officer"])


def look(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def test_the_arguments_are_those_that_an_action_and_its_helpers_read():
    told = arguments_text("send_back", Bank().send_back)

    assert told == "send_back takes bill_number, [code], officer (Send a payment back.)"


def test_an_action_without_arguments_says_so():
    assert arguments_text("look", look) == "look takes no arguments"
