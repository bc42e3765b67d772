"""The machine and the versions on which the figures were measured."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

from app.config import Settings
from bench.database import SETTINGS, run

Description = list[tuple[str, str]]


def describe(database_url: str, settings: Settings) -> Description:
    """Return the relevant facts by name."""
    [(postgres,)] = run(database_url, "SHOW server_version")
    return [
        ("CPU", f"{_cpu()}, {os.cpu_count()} cores, shared with the load generator"),
        ("Memory", f"{psutil.virtual_memory().total / 2**30:.0f} GiB"),
        ("System", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Python", f"{platform.python_version()}, granian {version('granian')}, APIFlask {version('apiflask')}"),
        ("PostgreSQL", f"{postgres}: {', '.join(f'{name} = {value}' for name, value in SETTINGS.items())}"),
        ("Service", f"{settings.web_workers} workers, {settings.web_threads} threads each, one JSON log line an event"),
    ]


def _cpu() -> str:
    """Return the name of the processor from Linux's file."""
    file = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", file.read_text(), re.MULTILINE) if file.exists() else None
    return found.group(1) if found else platform.processor() or "unknown"
