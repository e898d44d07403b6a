"""SMS to citizens by C-DAC's Mobile Seva platform, and by NIC's gateway in its place."""

from integrations.sms.client import CODES, POLICIES, SmsGateway, open_clients
from integrations.sms.endpoint import sms_routes
from integrations.sms.models import InboundSettings, IncomingSms, Sms, SmsInbox, SmsSettings, Taken
