"""What WhatsApp refuses of a message, by its code. Written from docs/contracts/whatsapp.md sections 3, 4, 6 and 12."""

from collections.abc import Mapping
from typing import Any

KINDS = ("text", "template", "interactive", "document", "image")


def refusal_of(message: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]) -> tuple[int, str] | None:
    """The code and the detail by which a message is refused; None for a good one. `templates` by `name/language`."""
    if message.get("messaging_product") != "whatsapp" or message.get("recipient_type", "individual") != "individual":
        return 100, "messaging_product"
    to, kind = message.get("to"), message.get("type", "text")
    if not isinstance(to, str) or not to.lstrip("+").isdigit() or not 8 <= len(to.lstrip("+")) <= 15:
        return 131009, "to"
    if kind not in KINDS:
        return 131051, "type"
    part = message.get(kind)
    if not isinstance(part, dict):
        return 131008, str(kind)
    checks = {"text": _text, "template": _template, "interactive": _interactive, "document": _file, "image": _file}
    return checks[str(kind)](part, templates)


def _text(part: Mapping[str, Any], _: Mapping[str, Any]) -> tuple[int, str] | None:
    body = part.get("body")
    if not isinstance(body, str) or not body:
        return 131008, "text.body"
    return (100, "text.body") if len(body) > 4096 else None


def _file(part: Mapping[str, Any], _: Mapping[str, Any]) -> tuple[int, str] | None:
    return None if isinstance(part.get("id"), str) and part["id"] else (131008, "id")


def _template(part: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]) -> tuple[int, str] | None:
    language = part.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    known = templates.get(f"{part.get('name')}/{code}")
    if known is None:
        return 132001, "template"
    if known["status"] in {"PAUSED", "DISABLED"}:
        return (132015 if known["status"] == "PAUSED" else 132016), "template"
    if known["status"] != "APPROVED":
        return 132001, "template"
    components = [one for one in part.get("components", ()) if isinstance(one, dict)]
    bodies = [one for one in components if one.get("type") == "body"]
    buttons = [one.get("sub_type") for one in components if one.get("type") == "button" and one.get("parameters")]
    if buttons != list(known["buttons"]):
        return 132000, "buttons"
    fields = [one for body in bodies for one in body.get("parameters", ())]
    if len(fields) != known["parameters"]:
        return 132000, "parameters"
    texts = [one.get("text") if isinstance(one, dict) and one.get("type") == "text" else None for one in fields]
    if any(not isinstance(text, str) or not text or "\n" in text or "    " in text for text in texts):
        return 132012, "parameters"
    return (132005, "parameters") if sum(len(str(text)) for text in texts) > 1024 else None


def _interactive(part: Mapping[str, Any], _: Mapping[str, Any]) -> tuple[int, str] | None:
    body = part.get("body")
    if not isinstance(body, dict) or not isinstance(body.get("text"), str) or not 0 < len(body["text"]) <= 1024:
        return 131009, "interactive.body"
    action = part.get("action")
    if not isinstance(action, dict):
        return 131008, "interactive.action"
    if part.get("type") == "button":
        found = [one.get("reply") for one in action.get("buttons", ()) if isinstance(one, dict)]
        return None if 1 <= len(found) <= 3 and _tappable(found, 20, 256) else (131009, "buttons")
    if part.get("type") != "list":
        return 131009, "interactive.type"
    opens, sections = action.get("button"), action.get("sections")
    if not isinstance(opens, str) or not 0 < len(opens) <= 20 or not isinstance(sections, list) or not sections:
        return 131009, "list"
    rows = [row for section in sections if isinstance(section, dict) for row in section.get("rows", ())]
    return None if 1 <= len(rows) <= 10 and _tappable(rows, 24, 200) else (131009, "rows")


def _tappable(found: list[Any], longest_title: int, longest_id: int) -> bool:
    """Whether each has an id of its own and a title that fits."""
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in found):
        return False
    titles = [str(one.get("title") or "") for one in found]
    ids = [one["id"] for one in found]
    fits = all(0 < len(title) <= longest_title for title in titles) and all(0 < len(one) <= longest_id for one in ids)
    return fits and len(set(ids)) == len(ids)
