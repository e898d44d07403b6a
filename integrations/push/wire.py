"""The wire formats of FCM HTTP v1 and of APNs (docs/contracts/messages.md section 6)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt

from integrations.calling.access_tokens import Token
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable, Verdict
from integrations.push.models import ApnsSettings, FcmSettings, PushMessage

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE, LONGEST_TTL = timedelta(hours=1), timedelta(weeks=4)
CODES: Mapping[str, Verdict] = {
    **dict.fromkeys(("QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL"), Verdict.AGAIN),
    **dict.fromkeys(("UNREGISTERED", "bad_token"), Verdict.DECLINED),
    **dict.fromkeys(("INVALID_ARGUMENT", "SENDER_ID_MISMATCH", "THIRD_PARTY_AUTH_ERROR"), Verdict.ALARM),
    **dict.fromkeys(
        ("TooManyRequests", "InternalServerError", "ServiceUnavailable", "Shutdown", "IdleTimeout"), Verdict.AGAIN
    ),
    **dict.fromkeys(("Unregistered", "ExpiredToken", "BadDeviceToken", "DeviceTokenNotForTopic"), Verdict.DECLINED),
    **dict.fromkeys(("ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken"), Verdict.ALARM),
    **dict.fromkeys(("TooManyProviderTokenUpdates", "TopicDisallowed", "BadTopic"), Verdict.ALARM),
    **dict.fromkeys(("PayloadTooLarge", "BadCertificateEnvironment"), Verdict.ALARM),
}
"""What the codes of both mean to us; any other is about how we ask, so that somebody must look."""
DEAD = frozenset({"UNREGISTERED", "bad_token", "Unregistered", "ExpiredToken"})
"""Codes that say that a device is there no more; not BadDeviceToken, which all devices give at a wrong address."""

_INSTALLATION = re.compile(r"[cdef][A-Za-z0-9_-]{21}")
_CODE = re.compile(r"[A-Za-z_]{1,60}")
_FCM_NAME = re.compile(r"projects/[^/\s]{1,100}/messages/[^/\s]{1,200}")


def assertion(settings: FcmSettings, now: datetime) -> dict[str, str]:
    """The form by which the service account asks for an access token (RFC 7523 section 2.1)."""
    begins, ends = int(now.timestamp()), int((now + ASSERTION_LIFE).timestamp())
    claims = {"iss": settings.client_email, "scope": SCOPE, "aud": settings.token_uri, "iat": begins, "exp": ends}
    header = {"alg": "RS256", "kid": settings.private_key_id}
    signed = jwt.encode(header, claims, settings.private_key, algorithms=["RS256"])
    return {"grant_type": GRANT, "assertion": signed}


def read_token(content: bytes) -> Token:
    """The access token of an answer; raises Unreadable."""
    body = read_object(content)
    token, seconds = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise Unreadable("access_token")
    return Token(token, float(seconds))


def fcm_message(token: str, message: PushMessage, now: datetime) -> dict[str, Any]:
    """The body for one device, named by its registration token or by its installation's id."""
    seconds = int(min(max(message.until - now, timedelta(0)), LONGEST_TTL).total_seconds())
    return {
        "message": {
            "fid" if _INSTALLATION.fullmatch(token) else "token": token,
            "data": {"notice": message.notice},
            "notification": {"title": message.title, "body": message.body},
            "android": {
                "priority": "HIGH" if message.is_urgent else "NORMAL",
                "ttl": f"{seconds}s",
                "notification": {"tag": message.notice},
            },
        }
    }


def read_fcm(content: bytes) -> str:
    """The name of a message that FCM took; raises Unreadable."""
    name = read_object(content).get("name")
    if not isinstance(name, str) or not _FCM_NAME.fullmatch(name):
        raise Unreadable("name")
    return name


def read_fcm_error(content: bytes) -> str | None:
    """The code of an error: FCM's, `bad_token` where the token is none, else Google's status; None without one."""
    error = _object_or_nothing(content).get("error")
    if not isinstance(error, dict):
        return None
    details = _objects(error.get("details"))
    fields = [one for each in details for one in _objects(each.get("fieldViolations"))]
    named = [each["errorCode"] for each in details if each.get("errorCode")]
    code = (named or [error.get("status")])[0]
    if not isinstance(code, str):
        return None
    if code == "INVALID_ARGUMENT" and any(one.get("field") in ("message.token", "message.fid") for one in fields):
        return "bad_token"
    return code if _CODE.fullmatch(code) else None


def provider_token(settings: ApnsSettings, now: datetime) -> str:
    """The token that we show APNs."""
    header, claims = {"alg": "ES256", "kid": settings.key_id}, {"iss": settings.team_id, "iat": int(now.timestamp())}
    return jwt.encode(header, claims, settings.private_key, algorithms=["ES256"])


def apns_headers(settings: ApnsSettings, message: PushMessage) -> dict[str, str]:
    """What says to APNs how to deliver."""
    return {
        "apns-id": str(message.reference),
        "apns-topic": settings.topic,
        "apns-push-type": "alert",
        "apns-priority": "10" if message.is_urgent else "5",
        "apns-expiration": str(int(message.until.timestamp())),
        "apns-collapse-id": message.notice,
    }


def apns_payload(message: PushMessage) -> dict[str, Any]:
    """What the device gets."""
    alert = {"title": message.title, "body": message.body}
    return {"aps": {"alert": alert, "sound": "default"}, "notice": message.notice}


def read_apns_error(content: bytes) -> tuple[str | None, datetime | None]:
    """The reason of an error, and since when the device is gone; None for what is not told."""
    body = _object_or_nothing(content)
    reason, stamp = str(body.get("reason")), body.get("timestamp")
    since = datetime.fromtimestamp(stamp / 1000, UTC) if isinstance(stamp, int) and 0 < stamp < 1 << 43 else None
    return (reason if body.get("reason") and _CODE.fullmatch(reason) else None), since


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object_or_nothing(content: bytes) -> dict[str, Any]:
    try:
        return read_object(content)
    except Unreadable:
        return {}
