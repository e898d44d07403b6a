"""What the pages of linking an account with UMANG say, in Hindi and English."""

from domain.text import Bilingual

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
