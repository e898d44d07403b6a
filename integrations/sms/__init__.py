"""SMS to citizens by C-DAC's Mobile Seva platform, and by NIC's gateway in its place."""

from integrations.sms.client import CODES, POLICIES, SmsGateway, open_clients
from integrations.sms.models import Sms, SmsSettings, Taken
