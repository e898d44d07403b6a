"""The pages that are published operations: the address, the operation and the template of each."""

from gateway.pages.citizen_addresses import CITIZEN_PAGES
from gateway.pages.counter_addresses import OPERATOR_PAGES
from gateway.pages.desk_addresses import OFFICER_PAGES
from gateway.pages.money_addresses import FINANCE_PAGES, STAFF_PAGES
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

PAGES = (*PUBLIC_PAGES, *CITIZEN_PAGES, *OFFICER_PAGES, *FINANCE_PAGES, *STAFF_PAGES, *OPERATOR_PAGES)
