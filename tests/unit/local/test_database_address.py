"""database_address: which addresses are accepted, and that none of their secrets is shown."""

import pytest

from lib.database_url import masked_url
from lib.local.database_address import plain_url, split_password
from lib.local.terminal import LocalError

SECRET = "hush"  # noqa: S105 - of an example


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_accepted_scheme_becomes_postgresql(scheme: str) -> None:
    assert plain_url(f"{scheme}://u:p@h:1/d?sslmode=allow") == "postgresql://u:p@h:1/d?sslmode=allow"


def test_a_password_is_percent_encoded() -> None:
    assert plain_url("postgresql://u:sec/ret@h/d") == "postgresql://u:sec%2Fret@h/d"


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("mysql://u:hush@b/c", "not a PostgreSQL address"),
        ("hush/b", "not a PostgreSQL address"),
        ("sqlite:///hush", "not a PostgreSQL address"),
        ("postgresql+asyncpg://u:hush@h/d", "not a PostgreSQL address"),
        ("postgresql+psycopg://u:hush@h/d", "not a PostgreSQL address"),
        ("postgresql://u:hush", "cannot be read"),
        ("postgresql://h:hush/d", "cannot be read"),
        ("postgresql://u:hu@sh@h/d", "cannot be read"),
        ("postgresql://u:hush@h:0/d", "cannot be read"),
        ("postgresql://u:hush@h:65536/d", "cannot be read"),
        ("postgresql://u:hush@h", "names no database"),
        ("postgresql://u:hush@h/", "names no database"),
        ("postgresql://u:hush@h1:1,h2:hush/d", "cannot be read"),
        ("postgresql://u:hush@h1:1,h2/d?port=1,2,3", "cannot be read"),
        ("postgresql://u:hush@h/d?hush=1", "a parameter that PostgreSQL does not take"),
        ("host=h password=hush", "names no database"),
        ("host=h dbname=d hush=1", "a parameter that PostgreSQL does not take"),
    ],
)
def test_an_unusable_address_is_refused_in_one_line_that_does_not_quote_it(url: str, answer: str) -> None:
    with pytest.raises(LocalError, match=answer) as refused:
        plain_url(url)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40@h:1/d", "postgresql://u:***@h:1/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://h:1/d", "postgresql://h:1/d"),
        ("postgres://u:sec/ret@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:s?e#c@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?user=a&password=hush", "postgresql://a:***@h/d"),
        (
            "postgresql://u:hush@h1:1,h2:2/d?target_session_attrs=any",
            "postgresql://u:***@h1:1,h2:2/d?target_session_attrs=any",
        ),
        ("host=/run/postgresql dbname=d password=hush", "postgresql:///d?host=%2Frun%2Fpostgresql&password=***"),
        ("postgresql://h/d?password=hush&password=hush", "postgresql://h/d?password=***"),
        ("postgresql://h/d?sslpassword=hush", "postgresql://h/d?sslpassword=***"),
        ("postgresql://h/d?passfile=/f", "postgresql://h/d?passfile=%2Ff"),
        ("postgresql://u:hu@sh@h/d", "***"),
        ("postgresql://u:h@u/sh@h/d", "***"),
        ("postgresql://u:hush", "***"),
        ("postgresql://h/d&password=hush", "***"),
        ("host=h password=hush", "***"),
    ],
)
def test_a_shown_address_has_no_password(url: str, shown: str) -> None:
    assert masked_url(url) == shown


@pytest.mark.parametrize(
    ("url", "plain", "password"),
    [
        ("postgresql://u:p%40@h:1/d?sslmode=allow", "postgresql://u@h:1/d?sslmode=allow", "p@"),
        ("postgresql://h/d?user=a&password=x", "postgresql://a@h/d", "x"),
        ("postgresql://u:p@h1:1,h2:2/d", "postgresql://u@h1:1,h2:2/d", "p"),
        ("postgresql://u:before@h/d?password=after", "postgresql://u@h/d", "after"),
        ("postgresql://u@[::1]/d?sslpassword=hush", "postgresql://u@[::1]/d", None),
    ],
)
def test_the_password_is_split_from_the_address(url: str, plain: str, password: str | None) -> None:
    assert split_password(url) == (plain, password)
