"""How a URL is read, and which ones are refused before anything is resolved."""

import pytest

from lib.safe_http import Allowed, Refused
from lib.safe_http.targets import MAX_URL, parse_target

HTTPS, HTTP = Allowed(), Allowed(http=True)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "header"),
    [
        ("https://hooks.example", "hooks.example", 443, "/", "hooks.example"),
        ("HTTPS://Hooks.Example.:443/A/b?c=%20&d", "hooks.example", 443, "/A/b?c=%20&d", "hooks.example"),
        ("https://hooks.example:8443?x", "hooks.example", 8443, "/?x", "hooks.example:8443"),
        ("https://hooks.example:1/", "hooks.example", 1, "/", "hooks.example:1"),
        ("https://hooks.example:65535/", "hooks.example", 65535, "/", "hooks.example:65535"),
        ("https://my_hooks.example:/", "my_hooks.example", 443, "/", "my_hooks.example"),
        ("https://Bücher.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://[2001:DB8:0::1]:444/", "2001:db8::1", 444, "/", "[2001:db8::1]:444"),
        ("https://[::ffff:1.2.3.4]/", "::ffff:102:304", 443, "/", "[::ffff:102:304]"),
    ],
)
def test_a_url_is_read(url: str, host: str, port: int, path: str, header: str) -> None:
    target = parse_target(url, HTTPS)
    assert target.is_secure
    assert (target.host, target.port, target.path, target.host_header) == (host, port, path, header)


def test_http_is_refused_unless_it_is_allowed() -> None:
    target = parse_target("http://hooks.example/x", HTTP)
    assert (target.is_secure, target.port, target.host_header) == (False, 80, "hooks.example")
    assert parse_target("http://hooks.example:443/x", HTTP).host_header == "hooks.example:443"
    with pytest.raises(Refused, match=r"use https://$"):
        parse_target("http://hooks.example/x", HTTPS)
    with pytest.raises(Refused, match=r"or allow it with HOOKS_HTTP=true$"):
        parse_target("http://hooks.example/x", Allowed(http_setting="HOOKS_HTTP=true"))


def of_length(length: int) -> str:
    return "https://hooks.example/".ljust(length, "x")


def test_a_url_has_a_bounded_length() -> None:
    parse_target(of_length(MAX_URL), HTTPS)
    with pytest.raises(Refused, match=r"longer than 2,048 characters"):
        parse_target(of_length(MAX_URL + 1), HTTPS)


WRONG = {
    "": "https://",
    "hooks.example/x": "https://",
    "//hooks.example/x": "https://",
    "ftp://hooks.example/": "https://",
    "file:///etc/passwd": "https://",
    "javascript:alert(1)": "https://",
    "https:": "host and port",
    "https:/hooks.example/": "host and port",
    "https:///hooks.example/": "host and port",
    "https://:443/": "host and port",
    "https://user@hooks.example/": "before the @",
    "https://user:secret@hooks.example/": "before the @",
    "https://good.example@127.0.0.1/": "before the @",
    "https://hooks.example#@127.0.0.1/": "fragment",
    "https://hooks.example/x#": "fragment",
    "https://hooks.example\\@127.0.0.1/": "backslash",
    "https://hooks.example/a b": "space",
    " https://hooks.example/": "space",
    "https://hooks.exa\tmple/": "control character",
    "https://hooks.example/\r\nHost: other": "control character",
    "https://hooks.example/\n": "control character",
    "https://hooks.example/\x00": "control character",
    "https://hooks.example/\x7f": "control character",
    "https://hooks.example/\u2028": "control character",
    "https://hooks.example/\u202e": "control character",
    "https://hooks.example/\ud800": "control character",
    "https://hooks.example/ü": "percent-encoded",
    "https://hooks.example/?q=ü": "percent-encoded",
    "https://hooks.example:0/": "port is not between",
    "https://hooks.example:65536/": "port is not between",
    "https://hooks.example:99999/": "port is not between",
    "https://hooks.example:100000/": "host and port",
    "https://hooks.example:-1/": "host and port",
    "https://hooks.example:8_0/": "host and port",
    "https://hooks.example:80:80/": "host and port",
    "https://hooks.example:٤٤/": "host and port",
    "https://127.0.0.1%2f@hooks.example/": "before the @",
    "https://hooks%2eexample/": "valid name",
    "https://hooks,example/": "valid name",
    "https://hooks..example/": "valid name",
    "https://.hooks.example/": "valid name",
    "https://./": "valid name",
    f"https://{'a' * 64}.example/": "valid name",
    f"https://{'a.' * 127}example/": "valid name",
    "https://ex\u2100mple/": "host and port",  # which becomes a/c
    "https://straße.example/": "xn--",
    "https://\u200dx.example/": "control character",
    "https://[::1/": "host and port",
    "https://::1/": "host and port",
    "https://[::1]x/": "host and port",
    "https://[::1]x:443/": "host and port",
    "https://[fe80::1%25eth0]/": "host and port",
    "https://[1::2::3]/": "host and port",
    "https://[127.0.0.1]/": "host and port",
    "https://[v1.a]/": "host and port",
}


@pytest.mark.parametrize("url", WRONG)
def test_another_form_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_target(url, HTTP)
    assert WRONG[url] in str(refused.value)
    assert "secret" not in str(refused.value)
