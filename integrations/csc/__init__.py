"""Common Service Centres: sign-in of centre operators by CSC Connect."""

from integrations.csc.connect import RESOURCE_POLICY, TOKEN_POLICY, CscConnect, CscConnectSettings

POLICIES = (TOKEN_POLICY, RESOURCE_POLICY)

__all__ = ["POLICIES", "CscConnect", "CscConnectSettings"]
