"""The network that an address belongs to, by which strangers are counted."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def address_of(text: str | None) -> IPv4Address | IPv6Address | None:
    """An address as it is written, an IPv4 address that a socket of both kinds tells as IPv6 as itself; else None."""
    try:
        parsed = ip_address(text or "")
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def network_of(address: str | None) -> str:
    """The key that identifies one household: an IPv4 address, or the first 64 bits of an IPv6 address."""
    parsed = address_of(address)
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed or "unknown")
