"""Push messages to the app, by FCM to Android and by APNs to iOS (docs/contracts/messages.md section 6)."""

from integrations.push.client import CODES, POLICIES, Push, open_clients
from integrations.push.models import ApnsSettings, FcmSettings, PushMessage, PushSettings
from integrations.push.wire import DEAD
