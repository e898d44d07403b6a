"""Common Service Centres: sign-in of centre operators by CSC Connect, and their wallet (CSC Bridge)."""

from integrations.csc.bridge import NEVER_SENT, CscBridge
from integrations.csc.bridge import POLICIES as BRIDGE_POLICIES
from integrations.csc.bridge_models import BridgeSettings, Outcome, Refund, RefundAnswer, WalletPayment
from integrations.csc.connect import RESOURCE_POLICY, TOKEN_POLICY, CscConnect, CscConnectSettings
from integrations.csc.endpoint import wallet_routes
from integrations.csc.opening import open_clients
from integrations.identity import CODES

POLICIES = (TOKEN_POLICY, RESOURCE_POLICY, *BRIDGE_POLICIES)
