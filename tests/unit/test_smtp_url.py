"""Addresses of mail servers."""

import pytest

from lib.smtp_url import InvalidSmtpUrl, SmtpServer, parse_smtp_url


def server(host: str, port: int, user: str = "", password: str = "", **tls: bool) -> SmtpServer:
    return SmtpServer(
        host=host, port=port, user=user, password=password, **{"tls_at_once": False, "starttls": False, **tls}
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", server("mail.example.com", 587, starttls=True)),
        ("smtp://a%40b:p%3Ass@mail.example.com:2525", server("mail.example.com", 2525, "a@b", "p:ss", starttls=True)),
        ("smtps://u:p@[::1]", server("::1", 465, "u", "p", tls_at_once=True)),
        ("smtp://127.0.0.1:25?tls=off", server("127.0.0.1", 25)),
    ],
)
def test_an_address_is_read(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://host:port",
        "smtp://host:99999",
        "smtp://host/path",
        "smtp://host?tls=maybe",
        "smtp://host?x=1",
        "smtp://user@host",
        "smtp://user:password@host?tls=off",
        "smtps://host?tls=off",
        "smtp://[::1",
    ],
)
def test_what_is_none_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(InvalidSmtpUrl) as refused:
        parse_smtp_url(url)
    assert "password@" not in str(refused.value)
