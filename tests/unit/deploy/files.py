"""Reads the files for containers and for production."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from app.config import Settings

DOCKERFILE = Path("Dockerfile").read_text(encoding="utf-8")
DEVELOPMENT: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text(encoding="utf-8"))
PRODUCTION: dict[str, Any] = yaml.safe_load(Path("deploy/compose.production.yml").read_text(encoding="utf-8"))
EXAMPLE = Path("deploy/production.env.example")
CONSOLE_EXAMPLE = Path("deploy/console.env.example")
NGINX = Path("deploy/nginx/nginx.conf").read_text(encoding="utf-8")
UNIT = Path("deploy/systemd/activity-alerts@.service").read_text(encoding="utf-8")
CONSOLE_UNIT = Path("deploy/systemd/activity-alerts-console.service").read_text(encoding="utf-8")
WORK_UNIT = Path("deploy/systemd/activity-alerts-work.service").read_text(encoding="utf-8")

# Where an instance listens is known by the image and the unit; the container has no file to log to; the owner of the
# tables is none of the service's business.
OF_THE_PLACE = {"HOST", "PORT", "LOG_FILE", "DATABASE_OWNER_URL"}
SETTINGS = {{"environment": "ENV"}.get(name, name.upper()) for name in Settings.__dataclass_fields__} - OF_THE_PLACE


def image_health() -> list[str]:
    """Return the words of the image's health check."""
    [check] = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(json.loads(check))


def seconds(span: str) -> float:
    """Return the seconds of a span as all of these files write it: 15s."""
    return float(span.removesuffix("s"))


def of_nginx(directive: str, *, after: str = "") -> str:
    """Return what the first directive of a name says, after a place in the file."""
    [value, *_] = re.findall(rf"^ *{directive} ([^;]*);", NGINX[NGINX.index(after) :], re.MULTILINE)
    return str(value)


def of_the_unit(name: str, unit: str = UNIT) -> str:
    """Return what a unit says under a name, that of an instance unless another is given."""
    [value] = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return str(value)
