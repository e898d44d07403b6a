"""What the pages of devices and accounts say, in Hindi and English."""

from domain.text import Bilingual

DEVICES = Bilingual("आपके उपकरण", "Your devices")
DEVICES_INTRODUCTION = Bilingual(
    "आप इन उपकरणों पर साइन इन हैं। जिसे आप नहीं पहचानते, उसे साइन आउट करें।",
    "You are signed in on these devices. Sign out any that you do not know.",
)
THIS_DEVICE = Bilingual("यह उपकरण", "this device")
LAST_USED = Bilingual("अन्तिम उपयोग", "Last used")
APP = Bilingual("ऐप", "App")
BROWSER = Bilingual("ब्राउज़र", "Browser")
END_ONE = Bilingual("साइन आउट करें", "Sign out")
END_OTHERS = Bilingual("बाकी सब उपकरणों से साइन आउट करें", "Sign out everywhere else")
END_ALL = Bilingual("हर उपकरण से साइन आउट करें", "Sign out everywhere")

ACCOUNTS = Bilingual("आपके खाते", "Your accounts")
ACCOUNTS_INTRODUCTION = Bilingual(
    "इन खातों से आप साइन इन कर सकते हैं।",
    "You can sign in with these accounts.",
)
LINK_MORE = Bilingual("एक और खाता जोड़ें", "Link a further account")
LINK = Bilingual("जोड़ें", "Link")
UNLINK = Bilingual("हटाएँ", "Unlink")
LINK_QUESTION = Bilingual("यह खाता जोड़ें?", "Link this account?")
LINK_WHOSE = Bilingual("खाता इस व्यक्ति के अभिलेख से जुड़ेगा:", "The account will be linked to the record of:")
LINK_WARNING = Bilingual(
    "यदि यह आपका अभिलेख नहीं है, तो आगे न बढ़ें। किसी और के भेजे लिंक से अपना खाता न जोड़ें।",
    "If this is not your record, do not go on. Never link your account by an address that somebody else sent you.",
)
CODE_TITLE = Bilingual("कूट दर्ज करें", "Enter the code")
CODE_LABEL = Bilingual("छह अंकों का कूट", "Code of six digits")
CODE_HINT = Bilingual(
    "हमने आपके दर्ज मोबाइल पर एक कूट भेजा है। वह दस मिनट तक मान्य है।",
    "We sent a code to the mobile number on file. It holds for ten minutes.",
)
CODE_WRONG = Bilingual("कूट सही नहीं है। शेष प्रयास: {left}", "The code is not right. Tries left: {left}")
CODE_SEND = Bilingual("आगे बढ़ें", "Continue")
LINKED = Bilingual("खाता जुड़ गया", "The account is linked")
GO_ON = Bilingual("साइन इन पर जाएँ", "Go to sign in")
