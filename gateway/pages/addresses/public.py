"""The pages of everybody: front, services, track and verify."""

from gateway.pages.site import Page

PUBLIC_PAGES = (
    Page("/", "public/front.html", "FrontPage"),
    Page("/services", "public/services.html", "FindServices"),
    Page("/services/{code}", "public/service.html", "ServiceForPeople", found="service"),
    Page(
        "/track",
        "public/track.html",
        "TrackForPeople",
        found="trackApplication",
        asks=(("by.number",), ("by.secondFactor.mobileLast4", "by.secondFactor.bornOn")),
        posted=True,
    ),
    *(
        Page(path, "public/verify.html", "Verify", found="verifyCertificate", asks=(("number",),), for_programs=True)
        for path in ("/verify", "/verify/{number:path}")
    ),
)
