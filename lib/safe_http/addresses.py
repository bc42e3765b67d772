"""Tells public addresses from special ones, by the IANA registries of special-purpose addresses.

`ipaddress.is_global` is no help: it is true for 64:ff9b::7f00:1, 2002:7f00:1::, ::7f00:1, fec0::1 and 224.0.0.1, all of
which can lead to this machine or its network, and its tables change with Python's patch releases.

In IPv6 only 2000::/3 is given to public hosts, so anything else is special without being listed. An address that wraps
one of IPv4 (mapped, compatible, 6to4, Teredo, local NAT64) is special whatever it wraps, since no public host is known
by it. The exception is 64:ff9b::/96: where a network has IPv6 only, every host with IPv4 is reached through it (RFC
6052), so what it wraps decides. A network that uses a prefix of its own for that has to keep private addresses out of
it, since nobody else can tell such a prefix.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from lib.safe_http.bounds import Network

Address = IPv4Address | IPv6Address

IPV4_BITS = 0xFFFF_FFFF
PUBLIC_IPV6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
OTHER_IPV6 = "not a public address"

SPECIAL_IPV4: dict[Network, str] = {
    IPv4Network(network): kind
    for network, kind in {
        "0.0.0.0/8": "this host's own address",
        "10.0.0.0/8": "a private address",
        "100.64.0.0/10": "a private address",  # of carriers and clouds (RFC 6598)
        "127.0.0.0/8": "a loopback address",
        "168.63.129.16/32": "a cloud's service address",  # Azure answers its virtual machines there
        "169.254.0.0/16": "a link-local address",  # most clouds' metadata, with credentials
        "172.16.0.0/12": "a private address",
        "192.0.0.0/24": "a reserved address",
        "192.0.2.0/24": "an address for examples",
        "192.88.99.0/24": "a reserved address",
        "192.168.0.0/16": "a private address",
        "198.18.0.0/15": "an address for benchmarks",
        "198.51.100.0/24": "an address for examples",
        "203.0.113.0/24": "an address for examples",
        "224.0.0.0/4": "a multicast address",
        "240.0.0.0/4": "a reserved address",
    }.items()
}
SPECIAL_IPV6: dict[Network, str] = {
    IPv6Network(network): kind
    for network, kind in {
        "::/128": "this host's own address",
        "::1/128": "a loopback address",
        "::/96": "an IPv4-compatible address",
        "::ffff:0:0/96": "an IPv4-mapped address",
        "64:ff9b:1::/48": "a local NAT64 address",
        "2001::/32": "a Teredo address",
        "2001::/23": "a reserved address",
        "2001:db8::/32": "an address for examples",
        "2002::/16": "a 6to4 address",
        "3ffe::/16": "a reserved address",
        "3fff::/20": "an address for examples",
        "fc00::/7": "a private address",
        "fe80::/10": "a link-local address",
        "fec0::/10": "a private address",
        "ff00::/8": "a multicast address",
    }.items()
}


def special_kind(address: Address, allowed: Iterable[Network]) -> str:
    """Return what kind of special address this is, such as "a loopback address".

    The text is empty for an address that may be reached: a public one, or one within a network of `allowed`.
    """
    if any(address in network for network in allowed):
        return ""
    if isinstance(address, IPv4Address):
        return _listed(address, SPECIAL_IPV4)
    if address in NAT64:
        kind = special_kind(inner := IPv4Address(int(address) & IPV4_BITS), allowed)
        return kind and f"a NAT64 address of {inner}, {kind}"
    return _listed(address, SPECIAL_IPV6) or ("" if address in PUBLIC_IPV6 else OTHER_IPV6)


def _listed(address: Address, networks: dict[Network, str]) -> str:
    return next((kind for network, kind in networks.items() if address in network), "")
