"""The pages of everybody: front, services, notified services, forms, track and verify."""

from gateway.pages.site import Page

PUBLIC_PAGES = (
    Page("/", "public/front.html", "FrontPage"),
    Page("/services", "public/services.html", "FindServices", found="services"),
    Page("/services/{code}", "public/service.html", "ServiceForPeople", found="service"),
    Page("/notified-services", "public/notified.html", "NotifiedForPeople", found="notifiedServices"),
    Page("/schemes", "public/schemes.html", "SchemesForPeople", found="schemes"),
    Page("/vacancies", "public/vacancies.html", "VacanciesForPeople"),
    Page("/forms", "public/forms.html", "Forms"),
    Page("/forms/{slug}", "public/form.html", "FormToTry", found="serviceForm", forms={"CheckForm": None}),
    Page(
        "/track",
        "public/track.html",
        "TrackForPeople",
        found="trackApplication",
        asks=(("by.number",), ("by.secondFactor.mobileLast4", "by.secondFactor.bornOn")),
        posted=True,
    ),
    Page("/verify-offline", "public/verify_offline.html", script="verify.js"),
    *(
        Page(path, "public/verify.html", "Verify", found="verifyCertificate", asks=(("number",),), for_programs=True)
        for path in ("/verify", "/verify/{number:path}", "/C/{number:path}")
    ),
)
