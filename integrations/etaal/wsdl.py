"""The WSDL 1.1 description of the SOAP form, as ASP.NET would write it (names INFERRED)."""

from functools import cache
from importlib.resources import files
from xml.sax.saxutils import quoteattr


def wsdl(address: str) -> bytes:
    """The description (integrations/etaal/service.wsdl), with the address at which the service is reached."""
    return _template().format(address=quoteattr(address)).encode()


@cache
def _template() -> str:
    return files("integrations.etaal").joinpath("service.wsdl").read_text(encoding="utf-8")
