"""Settings: their defaults, their sources, and how clearly invalid ones are reported."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from app.access.domain import Access
from app.config import Settings, read_settings, sqlalchemy_url
from app.events.domain import EventOrder
from app.notice import access_notice, main
from lib.settings import SettingsError

SECRET = "postgresql://someone:secret@127.0.0.1/x"  # noqa: S105  # of no database


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("DATABASE_URL", SECRET)


def test_only_the_database_has_no_default(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / ".env")
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.event_order is EventOrder.USER
    assert settings.registered_users_only is False


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=5055\nEVENT_ORDER=system\nREGISTERED_USERS_ONLY=true\n")
    monkeypatch.setenv("PORT", "5066")
    settings = read_settings(tmp_path / ".env")
    assert (settings.port, settings.event_order) == (5066, EventOrder.SYSTEM)
    assert settings.registered_users_only is True


WRONG = [
    ("DATABASE_URL", "sqlite:///events.db"),
    ("DATABASE_URL", "postgresql://"),
    ("DATABASE_URL", "postgresql://host"),
    ("DATABASE_URL", "postgresql://host:port/name"),
    ("LOG_FILE", "/no/such/folder/log"),
    ("PORT", "0"),
    ("PORT", "http"),
    ("WEB_WORKERS", "0"),
    ("WEB_THREADS", "1.5"),
    ("EVENT_ORDER", "global"),
    ("T_IS", "milliseconds"),
    ("T_AHEAD", "-1"),
    ("T_AHEAD", "5m"),
    ("T_AHEAD", "1e3"),
    ("T_AHEAD", "31622401"),
    ("LATE_EVENTS", "sometimes"),
    ("LATE_EVENTS", ""),
    ("LATE_HORIZON", "604800"),
    ("LATE_HORIZON", "0d"),
    ("REGISTERED_USERS_ONLY", "perhaps"),
    ("DB_LOCK_TIMEOUT", "0"),
    ("DB_STATEMENT_TIMEOUT", "forever"),
    ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "xml"),
    ("ENV", "staging"),
    ("ACCESS", "maybe"),
    ("ACCESS", "local"),
    ("HOSTS", "https://alerts.example.com"),
    ("HOSTS", "alerts.example.com:443"),
    ("KEY_MAX_AGE", "soon"),
    ("KEY_MAX_AGE", "0d"),
    ("RATE_LIMIT", "often"),
    ("RATE_LIMIT_STORAGE", "memcached://127.0.0.1"),
    ("WEBHOOK_KEY", "x" * 31),
    ("CONSOLE", "yes"),
    ("CONSOLE_KEY", "x" * 31),
    ("CONSOLE_URL", "console.example.com"),
    ("CONSOLE_URL", "https://console.example.com/console"),
    ("WEBHOOK_KEY", f"{'x' * 32},short"),
    ("WEBHOOK_HTTP", "perhaps"),
    ("WEBHOOK_ALLOW", "10.1.0.1/16"),
    ("WEBHOOK_ALLOW", "intranet"),
    ("SMTP_URL", "mail.example.com"),
    ("SMTP_URL", "smtp://user@mail.example.com"),
    ("MAIL_FROM", "alerts"),
    ("MAIL_FROM", "a@example.com\r\nBcc: b@example.com"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value}" for name, value in WRONG])
def test_an_invalid_value_is_refused_by_name(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"  {name}: ") as refused:
        read_settings(tmp_path / ".env")
    assert refused.value.exit_code == 2


def test_mail_needs_an_address_that_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_URL", "smtps://mail.example.com")
    with pytest.raises(SettingsError, match="  MAIL_FROM: "):
        read_settings(tmp_path / ".env")
    monkeypatch.setenv("MAIL_FROM", "alerts@example.com")
    assert read_settings(tmp_path / ".env").mail_from == "alerts@example.com"


def test_all_invalid_values_are_reported_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(
        SettingsError, match=r"(?s)DATABASE_URL: Environment variable not set.*PORT: Must be a whole number"
    ):
        read_settings(tmp_path / ".env")


ORIGINS = [
    ("in the file", "WEB_THREADS=abc\n", None, "{file}."),
    ("in the environment", "", "abc", "the environment, or on the command line of make."),
    ("in both", "WEB_THREADS=2\n", "abc", "the environment, or on the command line of make."),
    ("in the file, which make start had read already", "WEB_THREADS=abc\n", "abc", "{file}."),
]


@pytest.mark.parametrize(
    ("written", "given", "origin"), [each[1:] for each in ORIGINS], ids=[each[0] for each in ORIGINS]
)
def test_an_invalid_value_is_reported_with_valid_ones_and_its_source(
    written: str, given: str | None, origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(written)
    if given is not None:
        monkeypatch.setenv("WEB_THREADS", given)
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    origin = origin.format(file=file)
    assert f"\n  WEB_THREADS: Must be a whole number from 1 to 64. It is set in {origin}" in refused.value.message


def test_late_events_need_the_order_of_each_player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATE_EVENTS", "keep")
    assert read_settings(tmp_path / ".env").late_horizon == timedelta(days=7)
    monkeypatch.setenv("EVENT_ORDER", "system")
    with pytest.raises(SettingsError, match=r"LATE_EVENTS: Must be refuse with EVENT_ORDER=system"):
        read_settings(tmp_path / ".env")


AHEAD = [
    ({}, None),
    ({"T_IS": "unix"}, 300),
    ({"T_IS": "unix", "T_AHEAD": ""}, 300),
    ({"T_IS": "unix", "T_AHEAD": "0"}, 0),
    ({"T_IS": "unix", "T_AHEAD": "off"}, None),
    ({"T_AHEAD": "60"}, 60),
    ({"T_AHEAD": "31622400"}, 31_622_400),
]


@pytest.mark.parametrize(("given", "ahead"), AHEAD, ids=[str(given) for given, _ in AHEAD])
def test_t_may_be_ahead_of_the_clock_by_what_its_meaning_implies_or_the_setting_says(
    given: dict[str, str], ahead: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A31."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert read_settings(tmp_path / ".env").t_ahead == ahead


TAKEN = [
    ("PORT", "70000", "a whole number from 1 to 65535"),
    ("DB_DEADLINE", "soon", "a number of seconds from 0.1 to 60"),
    ("DB_DEADLINE", "nan", "a number of seconds from 0.1 to 60"),
    ("DB_DEADLINE", "61", "a number of seconds from 0.1 to 60"),
    ("FOUR_EYES", "perhaps", "true or false"),
    ("EVENT_ORDER", "foo", "one of: user, system"),
    ("T_IS", "foo", "one of: number, unix"),
    ("T_AHEAD", "soon", "a whole number of seconds from 0 to 31622400, or off"),
    ("ACCESS", "foo", "one of: open, keys"),
    ("HOSTS", "a b:1", "names without ports, such as alerts.example.com, with commas between them"),
    ("KEY_MAX_AGE", "90", "a span of time, or empty for none: write 90d, 12h or 30m"),
    ("ENV", "foo", "one of: development, production"),
    ("LOG_LEVEL", "foo", "one of: DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("LOG_FORMAT", "foo", "one of: console, json"),
]


@pytest.mark.parametrize(("name", "value", "taken"), TAKEN, ids=[f"{name}={value}" for name, value, _ in TAKEN])
def test_every_refusal_lists_the_valid_values(
    name: str, value: str, taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"  {name}: Must be {taken}\\. It is set in the environment"):
        read_settings(tmp_path / ".env")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_all_common_forms_of_the_database_url_are_accepted(scheme: str) -> None:
    assert str(sqlalchemy_url(f"{scheme}://u@h/d")) == "postgresql+psycopg2://u@h/d"


CLOSED_BY_DEFAULT = [
    ({}, Access.LOCAL),
    ({"HOST": "127.0.0.53"}, Access.LOCAL),
    ({"HOST": "0.0.0.0"}, Access.LOCAL),  # noqa: S104  # read, not listened at
    ({"HOST": "localhost.example.com"}, Access.LOCAL),
    ({"ENV": "production"}, Access.KEYS),
    ({"HOST": "0.0.0.0", "ACCESS": "open"}, Access.OPEN),  # noqa: S104  # as above
    ({"ENV": "production", "ACCESS": "open"}, Access.OPEN),
    ({"ACCESS": "keys"}, Access.KEYS),
]


@pytest.mark.parametrize(("given", "access"), CLOSED_BY_DEFAULT, ids=[str(given) for given, _ in CLOSED_BY_DEFAULT])
def test_only_local_development_needs_no_key(
    given: dict[str, str], access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A20."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert read_settings(tmp_path / ".env").access is access


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "open to every program on this machine"),
        ({"ENV": "production"}, "flask --app app keys create --name payments --scope events:write"),
        ({"HOST": "192.0.2.1"}, "to all others by key, sent as Authorization: Bearer"),
        ({"HOST": "192.0.2.1", "ACCESS": "open"}, "OPEN TO EVERYBODY who reaches 192.0.2.1"),
    ],
)
def test_the_start_notice_says_who_may_use_the_service(
    given: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert expected in access_notice(read_settings(tmp_path / ".env"))


def test_with_keys_required_the_start_notice_says_how_to_create_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCESS", "keys")
    main()
    who, header = capsys.readouterr().out.splitlines()
    assert "KEY=$(flask --app app keys create --name payments --scope events:write)" in who
    assert header == "Authorization: Bearer $KEY"
    monkeypatch.setenv("ACCESS", "open")
    main()
    assert len(capsys.readouterr().out.splitlines()) == 1


IN_FILES = [
    ("DATABASE_URL", SECRET),
    ("DATABASE_OWNER_URL", SECRET),
    ("RATE_LIMIT_STORAGE", "redis://:secret@127.0.0.1:6379/0"),
]


@pytest.fixture
def secret_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    def put(name: str, text: bytes) -> None:
        (tmp_path / "secret").write_bytes(text)
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))

    return put


@pytest.mark.parametrize(("name", "value"), IN_FILES, ids=[name for name, *_ in IN_FILES])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_may_be_read_from_a_file(
    name: str, value: str, end: str, tmp_path: Path, secret_in: Callable[[str, bytes], None]
) -> None:
    secret_in(name, f"{value}{end}".encode())
    assert getattr(read_settings(tmp_path / ".env"), name.lower()) == value


@pytest.mark.parametrize("name", [name for name, *_ in IN_FILES])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"mysql://secret", "Must be|address"),
        (b"", "The file is empty"),
        (b"\xff\xfe", "The file is not written in UTF-8"),
        (b"x" * 70_000, "The file holds more than any setting does"),
    ],
    ids=["wrong", "empty", "binary", "large"],
)
def test_an_invalid_secret_file_is_named_and_not_quoted(
    name: str, text: bytes, expected: str, tmp_path: Path, secret_in: Callable[[str, bytes], None]
) -> None:
    secret_in(name, text)
    with pytest.raises(SettingsError, match=f"{name}_FILE: .*({expected})") as refused:
        read_settings(tmp_path / ".env")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("name", [name for name, *_ in IN_FILES])
def test_an_unreadable_file_or_a_duplicate_setting_stops_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=f"{name}_FILE: The file cannot be read: No such file"):
        read_settings(tmp_path / ".env")
    (tmp_path / "none").write_text(SECRET)
    monkeypatch.setenv(name, SECRET)
    with pytest.raises(SettingsError, match=f"{name}_FILE: {name} is set as well: unset one of the two"):
        read_settings(tmp_path / ".env")


def test_child_processes_do_not_inherit_the_owner_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A42."""
    monkeypatch.setenv("DATABASE_OWNER_URL", SECRET)
    assert read_settings(tmp_path / ".env").database_owner_url == SECRET
    assert "DATABASE_OWNER_URL" not in os.environ


def test_keys_and_networks_of_webhooks_are_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret_in: Callable[[str, bytes], None]
) -> None:
    """A64."""
    settings = read_settings(tmp_path / ".env")
    assert (settings.webhook_key, settings.webhook_http, settings.webhook_allow) == ((), False, ())
    new, old = "n" * 32, "o" * 32
    secret_in("WEBHOOK_KEY", f"{new}, {old}\n".encode())
    monkeypatch.setenv("WEBHOOK_ALLOW", "10.1.0.0/16, fd00::/8 10.2.3.4")
    settings = read_settings(tmp_path / ".env")
    assert settings.webhook_key == (new, old)
    assert [str(network) for network in settings.webhook_allow] == ["10.1.0.0/16", "fd00::/8", "10.2.3.4/32"]


def test_the_console_is_on_in_development_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A71."""
    assert read_settings(tmp_path / ".env").console
    monkeypatch.setenv("ENV", "production")
    assert not read_settings(tmp_path / ".env").console
    monkeypatch.setenv("CONSOLE", "on")
    with pytest.raises(SettingsError, match="  CONSOLE_KEY: "):
        read_settings(tmp_path / ".env")
    monkeypatch.setenv("CONSOLE_KEY", "k" * 32)
    assert read_settings(tmp_path / ".env").console
