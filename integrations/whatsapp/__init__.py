"""WhatsApp both ways by Meta's Cloud API (docs/contracts/whatsapp.md)."""

from integrations.whatsapp.client import CODES, POLICIES, TOO_LARGE, WhatsApp, open_clients
from integrations.whatsapp.endpoint import whatsapp_routes
from integrations.whatsapp.models import (
    Choice,
    Content,
    Document,
    Inbox,
    Incoming,
    Media,
    Options,
    Receipt,
    Template,
    Text,
    Told,
    WhatsAppSettings,
)
from integrations.whatsapp.wire import LONGEST_BODY, LONGEST_TEXT, MOST_BUTTONS, MOST_ROWS, NOT_THERE, TEMPLATE_CODES
