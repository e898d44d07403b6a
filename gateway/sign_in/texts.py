"""What the sign-in pages say, in Hindi and English."""

from types import MappingProxyType

from domain.errors import ErrorCode
from domain.people import PersonKind, Provider
from domain.text import Bilingual

PORTAL = Bilingual("अपुणि सरकार", "Apuni Sarkar")
SIGN_IN = Bilingual("साइन इन करें", "Sign in")
INTRODUCTION = Bilingual(
    "उत्तराखण्ड सरकार की सेवाओं के लिए अपनी पहचान चुनें।",
    "Choose how to identify yourself for the services of the Government of Uttarakhand.",
)
FOR_CITIZENS = Bilingual("नागरिकों के लिए", "For citizens")
FOR_STAFF = Bilingual("अधिकारियों और केन्द्र संचालकों के लिए", "For officers and centre operators")
SIGNED_OUT = Bilingual("आप यहाँ से और मेरी पहचान से साइन आउट हो गए हैं।", "You are signed out here and at MeriPehchaan.")
SIGN_OUT = Bilingual("साइन आउट करें", "Sign out")
MY_DEVICES = Bilingual("आपके उपकरण", "Your devices")
MY_ACCOUNTS = Bilingual("आपके खाते", "Your accounts")
BACK = Bilingual("साइन इन पर वापस जाएँ", "Back to sign in")
CODE = Bilingual("कूट", "Code")
NO_PROVIDER = Bilingual("अभी कोई साइन इन उपलब्ध नहीं है।", "No way to sign in is available now.")

PROVIDERS = MappingProxyType(
    {
        Provider.MERI_PEHCHAAN: Bilingual("मेरी पहचान (डिजिलॉकर)", "MeriPehchaan (DigiLocker)"),
        Provider.JAN_PARICHAY: Bilingual("जन परिचय", "Jan Parichay"),
        Provider.PARICHAY: Bilingual("परिचय", "Parichay"),
        Provider.CSC_CONNECT: Bilingual("सीएससी कनेक्ट", "CSC Connect"),
        Provider.UMANG: Bilingual("उमंग", "UMANG"),
    }
)
HINTS = MappingProxyType(
    {
        Provider.MERI_PEHCHAAN: Bilingual(
            "आपके डिजिलॉकर के दस्तावेज़ भी आपकी अनुमति से जुड़ेंगे।",
            "With your consent, documents in your DigiLocker are linked too.",
        ),
        Provider.JAN_PARICHAY: Bilingual("मोबाइल नम्बर से।", "With your mobile number."),
        Provider.PARICHAY: Bilingual(
            "सरकारी ई-मेल से: अधिकारी और ई-डिस्ट्रिक्ट केन्द्र संचालक।",
            "With your official e-mail: officers and operators of e-District centres.",
        ),
        Provider.CSC_CONNECT: Bilingual("ग्राम स्तरीय उद्यमियों के लिए।", "For village level entrepreneurs."),
    }
)
SIGNED_IN = MappingProxyType(
    {
        PersonKind.CITIZEN: Bilingual("आप नागरिक के रूप में साइन इन हैं।", "You are signed in as a citizen."),
        PersonKind.OFFICER: Bilingual("आप अधिकारी के रूप में साइन इन हैं।", "You are signed in as an officer."),
        PersonKind.OPERATOR: Bilingual("आप केन्द्र संचालक के रूप में साइन इन हैं।", "You are signed in as a centre operator."),
    }
)

PROBLEM = Bilingual("साइन इन पूरा नहीं हुआ", "Sign-in was not completed")
PROBLEMS = MappingProxyType(
    {
        ErrorCode.BAD_INPUT: Bilingual(
            "यह साइन इन पुराना है, पहले ही काम आ चुका है, या किसी दूसरे ब्राउज़र में शुरू हुआ था। कृपया फिर से शुरू करें।",
            "This sign-in is too old, was already used, or was begun in another browser. Please start again.",
        ),
        ErrorCode.FORBIDDEN: Bilingual(
            "आपकी पहचान हो गई, पर आप इस पोर्टल के रजिस्टर में नहीं हैं। अपने विभाग या हेल्पलाइन से सम्पर्क करें।",
            "You were identified, but you are not on the register of this portal. Ask your department or the helpline.",
        ),
        ErrorCode.UNAUTHENTICATED: Bilingual("पहले साइन इन करें।", "Please sign in first."),
        ErrorCode.ACCOUNT_TAKEN: Bilingual(
            "यह खाता पहले से किसी और अभिलेख से जुड़ा है, इसलिए नहीं जोड़ा गया। हेल्पलाइन से सम्पर्क करें।",
            "This account belongs to another record already and was not linked. Ask the helpline.",
        ),
        ErrorCode.LAST_ACCOUNT: Bilingual(
            "साइन इन करने का यह आपका एकमात्र तरीका है। पहले दूसरा खाता जोड़ें।",
            "This is your only way to sign in. Link another account first.",
        ),
        ErrorCode.MOBILE_MISSING: Bilingual(
            "आपके अभिलेख में कोई मोबाइल नम्बर नहीं है, इसलिए कूट नहीं भेजा जा सकता। किसी केन्द्र पर जाएँ।",
            "Your record has no mobile number, so no code can be sent. Please visit a centre.",
        ),
        ErrorCode.OTP_EXPIRED: Bilingual(
            "कूट अब मान्य नहीं है। कृपया फिर से शुरू करें।", "The code holds no more. Please start again."
        ),
        ErrorCode.RATE_LIMITED: Bilingual(
            "इस नम्बर पर बहुत से कूट भेजे जा चुके हैं। कुछ देर बाद फिर से कोशिश करें।",
            "Too many codes were sent to this number. Try again in a while.",
        ),
        ErrorCode.NOT_FOUND: Bilingual("साइन इन का यह तरीका यहाँ नहीं है।", "This way to sign in does not exist here."),
        ErrorCode.CONSENT_REQUIRED: Bilingual(
            "आपने अनुमति नहीं दी, इसलिए साइन इन नहीं हुआ। आप फिर से कोशिश कर सकते हैं।",
            "You did not give your consent, so you are not signed in. You can try again.",
        ),
        ErrorCode.SOURCE_UNAVAILABLE: Bilingual(
            "पहचान सेवा अभी उत्तर नहीं दे रही है। कुछ देर बाद फिर से कोशिश करें, या दूसरा तरीका चुनें।",
            "The identity service does not answer now. Try again in a while, or choose another way.",
        ),
        ErrorCode.SOURCE_REFUSED: Bilingual(
            "पहचान सेवा ने यह साइन इन स्वीकार नहीं किया। कृपया फिर से शुरू करें।",
            "The identity service did not accept this sign-in. Please start again.",
        ),
        ErrorCode.SOURCE_GARBLED: Bilingual(
            "पहचान सेवा का उत्तर समझ में नहीं आया। कुछ देर बाद फिर से कोशिश करें।",
            "The identity service gave an answer that could not be read. Try again in a while.",
        ),
        ErrorCode.INTEGRITY: Bilingual(
            "पहचान सेवा का उत्तर जाँच में सही नहीं निकला, इसलिए उसे नहीं माना गया।",
            "The answer of the identity service failed its check and was not accepted.",
        ),
        ErrorCode.INTERNAL: Bilingual(
            "पोर्टल अभी यह नहीं कर पा रहा है। कुछ देर बाद फिर से कोशिश करें।",
            "The portal cannot do this now. Try again in a while.",
        ),
    }
)
