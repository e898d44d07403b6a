"""HTML of the pages that link an account with UMANG: no script, the style sheet of sign-in, both languages."""

from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from actions.umang.umang_users import LINK_PATH, LinkAsked
from domain.kernel import Bilingual, Language
from gateway.sign_in.pages import respond, say

TITLE = Bilingual("उमंग खाता जोड़ें", "Link your UMANG account")
INTRODUCTION = Bilingual(
    "उमंग ऐप में आपके आवेदन, प्रमाण पत्र और लाभ दिखाने के लिए अपना उमंग खाता अपने अभिलेख से जोड़ें। यह एक बार करना होता है।",
    "To see your applications, certificates and benefits in the UMANG app, link your UMANG account to your record. "
    "This is done once.",
)
ACCOUNT = Bilingual("उमंग खाते का मोबाइल नम्बर:", "Mobile number of the UMANG account:")
SIGN_IN_FIRST = Bilingual("पहले साइन इन करें, फिर यहाँ पुष्टि करें।", "Sign in first, then confirm here.")
SIGN_IN = Bilingual("साइन इन करें", "Sign in")
WARNING = Bilingual(
    "आगे तभी बढ़ें जब आप स्वयं उमंग ऐप से यहाँ आए हों। किसी और के भेजे लिंक से न जोड़ें: वह आपके आवेदन देख सकेगा।",
    "Go on only if you came here from the UMANG app yourself. Never link by an address that somebody else sent you: "
    "he could see your applications.",
)
SHARED = Bilingual(
    "जोड़ने पर उमंग आपकी ओर से आवेदन, उनकी स्थिति, प्रमाण पत्र और लाभ देख और आवेदन कर सकेगा। आप इसे 'आपके खाते' में कभी भी हटा सकते हैं।",
    "Once linked, UMANG may see applications, their status, certificates and benefits for you, and apply for you. "
    "You can undo it at any time under “Your accounts”.",
)
DIGITS = Bilingual("उमंग में आपके मोबाइल नम्बर के अन्तिम चार अंक", "The last four digits of your mobile number in UMANG")
CONFIRM = Bilingual("मैं सहमत हूँ, खाता जोड़ें", "I agree, link the account")
WRONG = Bilingual("अंक सही नहीं हैं। शेष प्रयास: {left}", "The digits are not right. Tries left: {left}")
LINKED = Bilingual("उमंग खाता जुड़ गया", "The UMANG account is linked")
GO_BACK = Bilingual("अब उमंग ऐप पर वापस जाएँ।", "Now go back to the UMANG app.")


def link_page(
    language: Language, ticket: str, asked: LinkAsked, *, signed_in: bool, left: str | None = None
) -> HTMLResponse:
    """What is to be linked, with the way to sign in, or for a citizen who is signed in with the form to confirm."""
    body = (
        f"<h1>{say(TITLE, language)}</h1><p>{say(INTRODUCTION, language)}</p>"
        f"<p>{say(ACCOUNT, language)} <strong>{escape(asked.masked_mobile)}</strong></p>"
    )
    body += _form(language, ticket, left) if signed_in else _way_in(language, ticket)
    status = 200 if left is None else 422
    return respond(language, TITLE, body, {"ticket": ticket}, status, path=LINK_PATH)


def linked_page(language: Language) -> HTMLResponse:
    """It is done."""
    body = (
        f'<h1>{say(LINKED, language)}</h1><p role="status">{say(GO_BACK, language)}</p><p>{say(SHARED, language)}</p>'
    )
    return respond(language, LINKED, body, path=None)


def _way_in(language: Language, ticket: str) -> str:
    back = f"{LINK_PATH}?{urlencode({'ticket': ticket, 'language': language.value})}"
    address = f"/sign-in?{urlencode({'return_to': back, 'language': language.value})}"
    return (
        f"<p>{say(SIGN_IN_FIRST, language)}</p>"
        f'<p><a class="provider" href="{escape(address)}">{say(SIGN_IN, language)}</a></p>'
    )


def _form(language: Language, ticket: str, left: str | None) -> str:
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(WRONG, language).format(left=escape(left))}</p>'
    described = "warning wrong" if left is not None else "warning"
    return (
        f'<p role="note" id="warning">{say(WARNING, language)}</p><p>{say(SHARED, language)}</p>{wrong}'
        f'<form method="post" action="{LINK_PATH}?language={language.value}">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">'
        f'<label for="digits">{say(DIGITS, language)}</label>'
        '<input id="digits" name="digits" inputmode="numeric" autocomplete="off" maxlength="4" required '
        f'aria-describedby="{described}">'
        f"<button>{say(CONFIRM, language)}</button></form>"
    )
