"""The templates that the states of the checkout have registered with WhatsApp (docs/message_texts.md)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = re.compile(r"\{[a-z_]+\}")


def read_templates() -> dict[str, Mapping[str, Any]]:
    """By `name/language`: a template's words, its number of parameters, its buttons, and that it is approved."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((Path(__file__).resolve().parents[2] / "states").glob("*/messages/*.json")):
        if path.stem.startswith("CODE_"):
            continue
        event = json.loads(path.read_text(encoding="utf-8"))
        for language, sms in event["sms"].items():
            own = event.get("whatsapp", {}).get(language, {})
            name = own.get("template") or f"apk_{path.stem.lower()}_v1"
            text = own.get("text") or sms["text"]
            with_value = [one for one in own.get("buttons", ()) if MARK.search(one["value"])]
            buttons = [one["kind"] for one in with_value]
            replies = [one["label"] for one in with_value if one["kind"] == "quick_reply"]
            found[f"{name}/{language}"] = {
                "text": text,
                "parameters": len(MARK.findall(text)),
                "buttons": buttons,
                "replies": replies,
                "status": "APPROVED",
            }
    return found
