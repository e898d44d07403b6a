"""The one layout of mails about notices, as text and as HTML, made from a text of a state's messages."""

from html import escape

from domain.feedback.message_texts import FilledText
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
<p style="font-size:14px">{stop} <a href="{address}">{link}</a></p>
</body>
</html>
"""


def text_of_mail(mail: FilledText, language: Language, stop_at: str) -> str:
    """The plain part of a mail; `stop_at` is the address at which its reader stops mails."""
    automatic, stop = (label(f"message.{name}", language) for name in ("mail_automatic", "mail_stop"))
    return f"{mail.text}\n\n--\n{automatic}\n{stop} {stop_at}\n"


def html_of_mail(mail: FilledText, language: Language, stop_at: str) -> str:
    """The HTML part of a mail: it loads nothing from elsewhere, and each value is escaped."""
    said = {name: label(f"message.mail_{name}", language) for name in ("automatic", "stop")}
    said |= {"link": label("message.mail_stop_link", language), "title": mail.title, "address": stop_at}
    said["language"] = language.catalogue.value
    paragraphs = "\n".join(f"<p>{escape(each)}</p>" for each in mail.text.split("\n") if each)
    return _PAGE.format(paragraphs=paragraphs, **{name: escape(value) for name, value in said.items()})
