"""Single sign-on: MeriPehchaan and Jan Parichay for citizens, Parichay for officials."""

from domain.kernel import Assurance
from integrations.identity import CODES, IdentityProvider, ProviderIdentity, ProviderTokens
from integrations.sso.meri_pehchaan import REVOKE_POLICY as MERI_PEHCHAAN_REVOKE
from integrations.sso.meri_pehchaan import TOKEN_POLICY as MERI_PEHCHAAN_TOKEN
from integrations.sso.meri_pehchaan import USER_POLICY as MERI_PEHCHAAN_USER
from integrations.sso.meri_pehchaan import MeriPehchaan, MeriPehchaanSettings
from integrations.sso.opening import open_meri_pehchaan, open_parichay
from integrations.sso.parichay import REVOKE_POLICY as PARICHAY_REVOKE
from integrations.sso.parichay import TOKEN_POLICY as PARICHAY_TOKEN
from integrations.sso.parichay import USER_POLICY as PARICHAY_USER
from integrations.sso.parichay import Parichay, ParichaySettings

POLICIES = (
    MERI_PEHCHAAN_TOKEN,
    MERI_PEHCHAAN_USER,
    MERI_PEHCHAAN_REVOKE,
    PARICHAY_TOKEN,
    PARICHAY_USER,
    PARICHAY_REVOKE,
)
