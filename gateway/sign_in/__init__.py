"""The endpoints of sign-in: `/sign-in`, `/sign-in/start`, `/sign-in/callback`, `/sign-in/token`, `/sign-out`."""

from gateway.http.headers import SESSION_COOKIE
from gateway.sign_in.providers import SLUGS, callback_path
from gateway.sign_in.routes import routes
from gateway.sign_in.settings import SignInSettings

__all__ = ["SESSION_COOKIE", "SLUGS", "SignInSettings", "callback_path", "routes"]
