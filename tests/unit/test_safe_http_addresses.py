"""Which addresses are special, whoever wraps them and however they are spelled."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.safe_http import Allowed, Refused, check_url
from lib.safe_http.addresses import SPECIAL_IPV4, SPECIAL_IPV6, Address, special_kind

# First and last of each range, and its neighbours: inside, and outside if these are public.
EDGES = {
    "0.0.0.0-0.255.255.255": ["1.0.0.0"],
    "10.0.0.0-10.255.255.255": ["9.255.255.255", "11.0.0.0"],
    "100.64.0.0-100.127.255.255": ["100.63.255.255", "100.128.0.0"],
    "127.0.0.0-127.255.255.255": ["126.255.255.255", "128.0.0.0"],
    "168.63.129.16-168.63.129.16": ["168.63.129.15", "168.63.129.17"],
    "169.254.0.0-169.254.255.255": ["169.253.255.255", "169.255.0.0"],
    "172.16.0.0-172.31.255.255": ["172.15.255.255", "172.32.0.0"],
    "192.0.0.0-192.0.0.255": ["191.255.255.255", "192.0.1.0"],
    "192.0.2.0-192.0.2.255": ["192.0.1.255", "192.0.3.0"],
    "192.88.99.0-192.88.99.255": ["192.88.98.255", "192.88.100.0"],
    "192.168.0.0-192.168.255.255": ["192.167.255.255", "192.169.0.0"],
    "198.18.0.0-198.19.255.255": ["198.17.255.255", "198.20.0.0"],
    "198.51.100.0-198.51.100.255": ["198.51.99.255", "198.51.101.0"],
    "203.0.113.0-203.0.113.255": ["203.0.112.255", "203.0.114.0"],
    "224.0.0.0-255.255.255.255": ["223.255.255.255"],
    "::-64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff": [],
    "64:ff9b::1:0:0-1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": ["2000::"],
    "2001::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff": ["2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
    "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    "2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff": ["2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"],
    "3ffe::-3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff": ["3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
    "4000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": ["3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
}
IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address)
SPECIAL = st.sampled_from(list(SPECIAL_IPV4)).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
)
LISTED_IPV6 = st.sampled_from(list(SPECIAL_IPV6)).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv6Address)
)
PUBLIC = [("1.0.0.0", "9.255.255.255"), ("128.0.0.0", "168.63.129.15"), ("198.20.0.0", "198.51.99.255")]
PUBLIC_IPV4 = st.sampled_from(PUBLIC).flatmap(
    lambda ends: st.integers(*(int(IPv4Address(end)) for end in ends)).map(IPv4Address)
)
NONE_ALLOWED = Allowed()


def is_special(address: Address) -> bool:
    return special_kind(address, ()) != ""


@pytest.mark.parametrize("bounds", EDGES)
def test_a_special_range_ends_where_it_should(bounds: str) -> None:
    first, last = (ip_address(end) for end in bounds.split("-"))
    assert is_special(first)
    assert is_special(last)
    assert [outside for outside in EDGES[bounds] if is_special(ip_address(outside))] == []


@given(IPV4 | IPV6 | SPECIAL | LISTED_IPV6)
def test_whatever_python_calls_special_is_special(address: Address) -> None:
    known = not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified
    assume(address not in IPv6Network("64:ff9b::/96"))  # judged by what it wraps
    assert is_special(address) or not known


def wrapped(inner: IPv4Address, tail: int) -> list[IPv6Address]:
    """Wrap an address in every way that a router or a kernel may unwrap; `tail` fills what is left."""
    number = int(inner)
    return [
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(number),  # compatible
        IPv6Address(0x64FF9B << 96 | number),  # NAT64
        IPv6Address(0x64FF9B_0001 << 80 | tail << 32 | number),  # local NAT64
        IPv6Address(0x2002 << 112 | number << 80 | tail),  # 6to4
        IPv6Address(0x20010000 << 96 | tail << 32 | number ^ 0xFFFFFFFF),  # Teredo, the client
        IPv6Address(0x20010000 << 96 | number << 64 | tail),  # Teredo, the server
    ]


@given(SPECIAL, st.integers(0, 2**48 - 1))
def test_a_special_address_is_special_however_it_is_wrapped(inner: IPv4Address, tail: int) -> None:
    for address in wrapped(inner, tail):
        assert is_special(address), address
        with pytest.raises(Refused, match=r"address"):
            check_url(f"https://[{address}]/", NONE_ALLOWED)


@given(PUBLIC_IPV4, st.integers(0, 2**48 - 1))
def test_a_public_address_is_reached_through_nat64_and_in_no_other_wrapping(inner: IPv4Address, tail: int) -> None:
    mapped, compatible, nat64, *others = wrapped(inner, tail)
    assert not is_special(nat64)
    assert all(is_special(address) for address in (mapped, compatible, *others))


def spellings(address: IPv4Address) -> list[str]:
    """Return texts that `getaddrinfo` takes for this address."""
    number, (a, b, c, d) = int(address), address.packed
    plain = str(address)
    wide = plain.translate(
        {ord(digit): ord(digit) - ord("0") + ord("\N{FULLWIDTH DIGIT ZERO}") for digit in "0123456789"}
    )
    return [
        plain,
        f"{plain}.",
        str(number),
        hex(number),
        hex(number).upper(),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:#06x}.{b}.0{c:o}.{d}",
        wide,
        plain.replace(".", "\N{IDEOGRAPHIC FULL STOP}"),
    ]


@given(SPECIAL)
def test_a_special_address_is_refused_however_it_is_spelled(address: IPv4Address) -> None:
    for spelling in spellings(address):
        with pytest.raises(Refused) as refused:
            check_url(f"https://{spelling}/", NONE_ALLOWED)
        assert str(address) in str(refused.value), spelling
        assert special_kind(address, ()) in str(refused.value), spelling


@pytest.mark.parametrize("url", ["https://9.9.9.9/", "https://[2620:fe::fe]:8443/", "https://151060737/"])
def test_a_public_address_is_not_refused(url: str) -> None:
    check_url(url, NONE_ALLOWED)


def test_only_what_is_allowed_is_reached() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    reached = ["10.1.0.0", "10.1.255.255", "fd00:1::5", "64:ff9b::a01:1", "9.9.9.9"]
    assert [each for each in reached if special_kind(ip_address(each), allowed)] == []
    kept_out = ["10.0.255.255", "10.2.0.0", "fd00:2::", "64:ff9b::a02:1", "::ffff:10.1.0.1", "127.0.0.1"]
    assert [each for each in kept_out if not special_kind(ip_address(each), allowed)] == []


def test_a_refusal_names_the_address_and_the_setting_that_allows_it() -> None:
    allowed = Allowed(networks=(ip_network("10.1.0.0/16"),), networks_setting="HOOKS_ALLOW")
    check_url("https://10.1.2.3/", allowed)
    with pytest.raises(Refused) as refused:
        check_url("https://0x0a020304/secret", allowed)
    assert str(refused.value) == (
        "0x0a020304 resolves to 10.2.3.4, which is a private address; to allow it, add 10.2.3.4 to HOOKS_ALLOW"
    )
    with pytest.raises(Refused, match=r"^64:ff9b::7f00:1 is a NAT64 address of 127\.0\.0\.1, a loopback address$"):
        check_url("https://[64:ff9b::127.0.0.1]/", NONE_ALLOWED)
