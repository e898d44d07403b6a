"""What docs/contracts/digilocker.md leaves open for an issuer (marked I there), INFERRED; replace it here."""

WINDOW_SECONDS = 300
"""How far a request's clock may be off. Own policy, as a live issuer has it
(docs/contracts/digilocker.md section 8)."""

OUT_OF_TIME_HTTP = 200
"""A request out of its time is answered as a business failure (docs/contracts/digilocker.md section 7.1),
with Status 0."""

TOO_LARGE_HTTP = 413
NOT_NOW_HTTP = 503
"""Neither is documented; DigiLocker asks again after a failure of the transport
(docs/contracts/digilocker.md section 8)."""

RETRY_AFTER_SECONDS = 30
"""When it may ask again."""

MOST_MARKUP = 1_000
"""Tags and attributes of one request; the contract's sample has about forty."""

PHONE = ""
"""`Person@phone`: the partner portal's match on the mobile number is to be off."""

ELSEWHERE, URI_UNKNOWN = "uri_in_another_account", "uri_unknown"
"""Our own codes for two texts of `invalid_parameter`."""

PUSH_TEXTS: tuple[tuple[str, str | None], ...] = (
    ("in this account", None),
    ("another account", ELSEWHERE),
    ("uri does not exist", URI_UNKNOWN),
)
"""What `invalid_parameter` means by its description (docs/contracts/digilocker.md section 4.3): None is done already,
else a code of ours.

The first two texts are documented; that the third one reports an unknown URI is not.
"""
