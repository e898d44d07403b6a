"""The endpoints of sign-in: `/sign-in`, `/sign-in/start`, `/sign-in/callback`, `/sign-in/token`, `/sign-out`."""

from gateway.http.headers import SESSION_COOKIE
from gateway.sign_in.providers import SLUGS, callback_path
from gateway.sign_in.routes import routes

__all__ = ["SESSION_COOKIE", "SLUGS", "callback_path", "routes"]
