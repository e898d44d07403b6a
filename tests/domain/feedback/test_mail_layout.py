"""Mails about notices: the same words as text and as HTML, and how they are stopped."""

from domain.feedback.mail_layout import html_of_mail, text_of_mail
from domain.kernel import Language

TITLE, TEXT = "Portal: Approved", "Application 1 & <b>2</b>\nis approved."
STOP_AT = "https://portal.test/u/a?b=1&c=2"


def test_the_plain_part_has_the_words_and_the_address_that_stops_mails():
    text = text_of_mail(TEXT, Language.EN, STOP_AT)

    assert text.startswith(TEXT)
    assert text.endswith(f"{STOP_AT}\n")


def test_the_html_part_escapes_what_fills_it_and_has_a_paragraph_for_each_line():
    html = html_of_mail(TITLE, TEXT, Language.EN, STOP_AT)

    assert "<p>Application 1 &amp; &lt;b&gt;2&lt;/b&gt;</p>\n<p>is approved.</p>" in html
    assert 'href="https://portal.test/u/a?b=1&amp;c=2"' in html


def test_the_html_part_is_marked_with_its_language_and_loads_nothing():
    html = html_of_mail(TITLE, TEXT, Language.HI, STOP_AT)

    assert '<html lang="hi">' in html
    assert "src=" not in html


def test_a_mail_that_must_go_says_nothing_of_stopping():
    parts = text_of_mail(TEXT, Language.EN), html_of_mail(TITLE, TEXT, Language.EN)

    assert not any("stop" in part or "http" in part for part in parts)
