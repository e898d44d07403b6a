"""Single sign-on: MeriPehchaan and Jan Parichay for citizens, Parichay for officials."""

from domain.kernel import Assurance as Assurance
from integrations.identity import CODES as CODES
from integrations.identity import IdentityProvider as IdentityProvider
from integrations.identity import ProviderIdentity as ProviderIdentity
from integrations.identity import ProviderTokens as ProviderTokens
from integrations.sso.meri_pehchaan import REVOKE_POLICY as MERI_PEHCHAAN_REVOKE
from integrations.sso.meri_pehchaan import TOKEN_POLICY as MERI_PEHCHAAN_TOKEN
from integrations.sso.meri_pehchaan import USER_POLICY as MERI_PEHCHAAN_USER
from integrations.sso.meri_pehchaan import MeriPehchaan as MeriPehchaan
from integrations.sso.meri_pehchaan import MeriPehchaanSettings as MeriPehchaanSettings
from integrations.sso.opening import open_meri_pehchaan as open_meri_pehchaan
from integrations.sso.opening import open_parichay as open_parichay
from integrations.sso.opening import open_texts as open_texts
from integrations.sso.parichay import REVOKE_POLICY as PARICHAY_REVOKE
from integrations.sso.parichay import TOKEN_POLICY as PARICHAY_TOKEN
from integrations.sso.parichay import USER_POLICY as PARICHAY_USER
from integrations.sso.parichay import Parichay as Parichay
from integrations.sso.parichay import ParichaySettings as ParichaySettings
from integrations.sso.texts import TEXT_POLICY
from integrations.sso.texts import TextSender as TextSender
from integrations.sso.texts import TextSettings as TextSettings

POLICIES = (
    MERI_PEHCHAAN_TOKEN,
    MERI_PEHCHAAN_USER,
    MERI_PEHCHAAN_REVOKE,
    PARICHAY_TOKEN,
    PARICHAY_USER,
    PARICHAY_REVOKE,
    TEXT_POLICY,
)
