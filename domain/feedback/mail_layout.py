"""The one layout of mails, as text and as HTML: what they say, that they are automatic, and how they are stopped."""

from html import escape

from domain.kernel import Language
from domain.kernel.messages import label

_PAGE = """\
<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;padding:16px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a">
<h1 style="font-size:20px">{title}</h1>
{paragraphs}
<hr>
<p style="font-size:14px">{automatic}</p>
{stop}</body>
</html>
"""
_STOP = '<p style="font-size:14px">{stop} <a href="{address}">{link}</a></p>\n'


def text_of_mail(text: str, language: Language, stop_at: str | None = None) -> str:
    """The plain part of a mail; `stop_at` is the address at which its reader stops mails, None for one that must go."""
    stop = f"{label('message.mail_stop', language)} {stop_at}\n" if stop_at else ""
    return f"{text}\n\n--\n{label('message.mail_automatic', language)}\n{stop}"


def html_of_mail(title: str, text: str, language: Language, stop_at: str | None = None) -> str:
    """The HTML part of a mail: it loads nothing from elsewhere, and each value is escaped."""
    said = {name: label(f"message.mail_{name}", language) for name in ("automatic", "stop")}
    said |= {"link": label("message.mail_stop_link", language), "title": title, "address": stop_at or ""}
    values = {name: escape(value) for name, value in said.items()} | {"language": language.catalogue.value}
    values["paragraphs"] = "\n".join(f"<p>{escape(each)}</p>" for each in text.split("\n") if each)
    values["stop"] = _STOP.format(**values) if stop_at else ""
    return _PAGE.format(**values)
