"""E-mail to citizens by SMTP, and the bounces that come back."""

from integrations.email.bounces import LARGEST, Bounce, read_bounce
from integrations.email.client import CODES, POLICIES, Mailer, open_clients
from integrations.email.models import Email, EmailSettings
from integrations.email.wire import DEAD, ONE_CLICK, is_address
