"""Common Service Centres: sign-in of centre operators by CSC Connect, and their wallet (CSC Bridge)."""

from integrations.csc.bridge import NEVER_SENT as NEVER_SENT
from integrations.csc.bridge import POLICIES as BRIDGE_POLICIES
from integrations.csc.bridge import CscBridge as CscBridge
from integrations.csc.bridge_models import BridgeSettings as BridgeSettings
from integrations.csc.bridge_models import Outcome as Outcome
from integrations.csc.bridge_models import Refund as Refund
from integrations.csc.bridge_models import RefundAnswer as RefundAnswer
from integrations.csc.bridge_models import WalletPayment as WalletPayment
from integrations.csc.connect import RESOURCE_POLICY, TOKEN_POLICY
from integrations.csc.connect import CscConnect as CscConnect
from integrations.csc.connect import CscConnectSettings as CscConnectSettings
from integrations.csc.endpoint import wallet_routes as wallet_routes
from integrations.csc.opening import open_clients as open_clients
from integrations.identity import CODES as CODES

POLICIES = (TOKEN_POLICY, RESOURCE_POLICY, *BRIDGE_POLICIES)
