"""The network that an address belongs to, by which strangers are counted."""

from ipaddress import IPv6Address, ip_address


def network_of(address: str | None) -> str:
    """The key that identifies one household: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)
