"""Single sign-on: MeriPehchaan, Jan Parichay and e-Pramaan for citizens, Parichay for officials."""

from domain.kernel import Assurance
from integrations.identity import (
    CODES,
    FormProvider,
    HandshakeProvider,
    IdentityProvider,
    ProviderIdentity,
    ProviderTokens,
    SignOutForm,
)
from integrations.sso.epramaan import TOKEN_POLICY as EPRAMAAN_TOKEN
from integrations.sso.epramaan import EPramaan, EPramaanSettings
from integrations.sso.meri_pehchaan import REVOKE_POLICY as MERI_PEHCHAAN_REVOKE
from integrations.sso.meri_pehchaan import TOKEN_POLICY as MERI_PEHCHAAN_TOKEN
from integrations.sso.meri_pehchaan import USER_POLICY as MERI_PEHCHAAN_USER
from integrations.sso.meri_pehchaan import MeriPehchaan, MeriPehchaanSettings
from integrations.sso.opening import open_meri_pehchaan, open_parichay
from integrations.sso.parichay import REVOKE_POLICY as PARICHAY_REVOKE
from integrations.sso.parichay import TOKEN_POLICY as PARICHAY_TOKEN
from integrations.sso.parichay import USER_POLICY as PARICHAY_USER
from integrations.sso.parichay import Parichay, ParichaySettings
from integrations.sso.parichay_proxy import (
    END_POLICY,
    HANDSHAKE_POLICY,
    SEAL_POLICY,
    VALID_POLICY,
    ParichayProxy,
    ParichayProxySettings,
)

POLICIES = (
    MERI_PEHCHAAN_TOKEN,
    MERI_PEHCHAAN_USER,
    MERI_PEHCHAAN_REVOKE,
    PARICHAY_TOKEN,
    PARICHAY_USER,
    PARICHAY_REVOKE,
    SEAL_POLICY,
    HANDSHAKE_POLICY,
    VALID_POLICY,
    END_POLICY,
    EPRAMAAN_TOKEN,
)
