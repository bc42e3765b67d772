"""Both compose files keep what the documents promise."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.server import SHUTDOWN_TIMEOUT
from app.work.worker import GRACE
from lib import hints
from tests.unit.deploy.files import DEVELOPMENT, DOCKERFILE, PRODUCTION, SETTINGS, image_health, seconds

Service = dict[str, Any]

WEB = [
    pytest.param(DEVELOPMENT["services"]["web"], id="development"),
    *(pytest.param(PRODUCTION["services"][name], id=f"production {name}") for name in ("web-a", "web-b", "console")),
]
WORK = [
    pytest.param(DEVELOPMENT["services"]["work"], id="development work"),
    pytest.param(PRODUCTION["services"]["work"], id="production work"),
]
OURS = [
    *WEB,
    *WORK,
    pytest.param(DEVELOPMENT["services"]["migrate"], id="development migrate"),
    pytest.param(PRODUCTION["services"]["migrate"], id="production migrate"),
]


@pytest.mark.parametrize("service", OURS)
def test_the_service_can_write_only_to_tmp_and_gain_no_privileges(service: Service) -> None:
    assert service["read_only"] is True
    assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp"]  # noqa: S108  # its own
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "volumes" not in service
    [user] = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert service.get("user", user).split(":")[0] == user != "0"


@pytest.mark.parametrize("service", WEB)
def test_the_service_is_healthy_when_it_is_ready(service: Service) -> None:
    assert service["healthcheck"]["test"] == ["CMD", *image_health()]
    assert image_health()[-1] == "/health/ready"


@pytest.mark.parametrize("service", WEB)
def test_the_service_has_time_to_finish(service: Service) -> None:
    assert seconds(service["stop_grace_period"]) > SHUTDOWN_TIMEOUT


@pytest.mark.parametrize("service", WORK)
def test_the_worker_has_no_port_and_is_healthy_when_the_work_is_done_in_time(service: Service) -> None:
    assert service["command"] == ["flask", "work"]
    assert service["healthcheck"]["test"] == ["CMD", *service["command"], "--check"]
    assert seconds(service["healthcheck"]["interval"]) == 30, "each check starts Python"
    assert "ports" not in service
    assert seconds(service["stop_grace_period"]) > GRACE
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", [*WEB, *WORK])
def test_the_tables_exist_before_the_service_starts(service: Service) -> None:
    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_development_is_open_and_says_so_and_is_published_on_this_machine_only() -> None:
    assert DEVELOPMENT["services"]["web"]["environment"]["ACCESS"] == "${ACCESS:-open}"
    ports = [port for service in DEVELOPMENT["services"].values() for port in service.get("ports", ())]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_development_passes_every_setting_on() -> None:
    assert DEVELOPMENT["services"]["web"]["environment"].keys() == SETTINGS | {hints.PREFIX}


def test_production_requires_keys_whatever_its_settings_say() -> None:
    for name in ("web-a", "web-b", "console", "work", "migrate"):
        service = PRODUCTION["services"][name]
        assert service["env_file"] == [".env"]
        assert service["environment"].items() >= {"ENV": "production", "ACCESS": "keys"}.items()


def test_in_production_only_nginx_can_be_reached() -> None:
    published = {name: service["ports"] for name, service in PRODUCTION["services"].items() if "ports" in service}
    assert published == {"nginx": ["443:443"]}
    assert PRODUCTION["networks"]["back"]["internal"] is True
    assert PRODUCTION["services"]["postgres"]["networks"] == {"back": {}}


def test_nginx_asks_the_two_containers_whose_addresses_are_fixed() -> None:
    instances = Path("deploy/nginx/instances.compose.conf").read_text(encoding="utf-8")
    asked = set(re.findall(r"^server ([\w-]+):5000 ", instances, re.MULTILINE))
    fixed = [PRODUCTION["services"][name]["networks"]["front"]["ipv4_address"] for name in asked]
    assert asked == {"web-a", "web-b"}
    assert len(set(fixed)) == 2


def test_nginx_asks_the_console_by_its_fixed_address() -> None:
    [asked] = re.findall(
        r"^server ([\d.]+):5000;$", Path("deploy/nginx/console.compose.conf").read_text(encoding="utf-8"), re.MULTILINE
    )
    networks = [service["networks"].get("front") for service in PRODUCTION["services"].values()]
    addresses = [network["ipv4_address"] for network in networks if network]
    assert PRODUCTION["services"]["console"]["networks"]["front"]["ipv4_address"] == asked
    assert len(set(addresses)) == len(addresses)


def test_only_the_console_knows_its_key() -> None:
    """A71."""
    for name in ("web-a", "web-b", "work", "migrate", "console"):
        environment = PRODUCTION["services"][name]["environment"]
        assert (environment["CONSOLE"], bool(environment["CONSOLE_KEY"])) == (
            ("on", True) if name == "console" else ("off", False)
        )


def test_the_files_mounted_into_nginx_are_shipped() -> None:
    given = [volume.split(":")[0] for volume in PRODUCTION["services"]["nginx"]["volumes"]]
    assert [place for place in given if not Path("deploy", place).exists()] == ["./nginx/tls"]


EVERY = [
    pytest.param(service, id=f"{place} {name}")
    for place, file in (("development", DEVELOPMENT), ("production", PRODUCTION))
    for name, service in file["services"].items()
]


@pytest.mark.parametrize("service", EVERY)
def test_every_container_is_unprivileged_and_writes_only_where_needed(service: Service) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service.get("privileged", False) is False


@pytest.mark.parametrize("service", EVERY)
def test_every_image_is_pinned_by_digest(service: Service) -> None:
    assert "build" in service or re.search(r"@sha256:[0-9a-f]{64}$", service["image"])


def test_every_base_image_is_pinned_by_digest() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}", bases[0])


@pytest.mark.parametrize("file", [DEVELOPMENT, PRODUCTION], ids=["development", "production"])
def test_only_migrations_get_the_login_of_the_owner(file: dict[str, Any]) -> None:
    """A42."""
    shown = {
        name: [key for key, value in service["environment"].items() if "//activity:" in str(value)]
        for name, service in file["services"].items()
        if "build" in service
    }
    assert {name for name, keys in shown.items() if keys} == {"migrate"}
    assert shown["migrate"] == ["DATABASE_OWNER_URL"]
    for service in file["services"].values():
        if "build" in service:
            assert "//activity_service:" in service["environment"]["DATABASE_URL"]
