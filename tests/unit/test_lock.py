"""The locks are complete for every supported Python and platform, since installing resolves nothing."""

import importlib.metadata
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locks import locked

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {"requirements.txt": [], "requirements-postgres.txt": ["postgres"], "requirements-dev.txt": ["dev"]}
PYTHONS = ("3.11.2", "3.11.7", "3.12.1", "3.13.0", "3.14.0")
PLATFORMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "x86_64"), ("darwin", "arm64"))


def surroundings() -> Iterator[dict[str, str]]:
    for python in PYTHONS:
        for system, machine in PLATFORMS:
            yield {
                "python_full_version": python,
                "python_version": ".".join(python.split(".")[:2]),
                "sys_platform": system,
                "platform_system": system.capitalize(),
                "platform_machine": machine,
                "os_name": "posix",
            }


def name_of(where: dict[str, str]) -> str:
    return " ".join(where[name] for name in ("python_full_version", "sys_platform", "platform_machine"))


@cache
def needs_of(name: str) -> list[Requirement]:
    """What the package that is installed here needs; nothing of one that this machine has no use for."""
    try:
        return list(map(Requirement, importlib.metadata.requires(name) or []))
    except importlib.metadata.PackageNotFoundError:
        return []


def needed_by(requirement: Requirement, where: dict[str, str]) -> Iterator[Requirement]:
    """What a package needs there, its extras included; nothing of a package that this machine has no use for."""
    for each in needs_of(requirement.name):
        extras = requirement.extras or {""}
        if each.marker is None or any(each.marker.evaluate({**where, "extra": extra}) for extra in {"", *extras}):
            yield each


def missing(lock: str, extras: list[str], where: dict[str, str]) -> set[str]:
    """Walk all that is needed there, and name what the lock does not have for it."""
    there = {
        canonicalize_name(each.name)
        for each in locked(REPOSITORY / lock)
        if each.marker is None or each.marker.evaluate(where)
    }
    optional = (PROJECT["optional-dependencies"][extra] for extra in extras)
    todo = list(map(Requirement, chain(PROJECT["dependencies"], *optional)))
    seen: set[tuple[str, frozenset[str]]] = set()
    absent: set[str] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        if name not in there:
            absent.add(name)
        todo.extend(needed_by(requirement, where))
    return absent


@pytest.mark.parametrize("where", list(surroundings()), ids=name_of)
def test_every_python_and_platform_finds_all_packages(where: dict[str, str]) -> None:
    assert {lock: missing(lock, extras, where) for lock, extras in LOCKS.items()} == {lock: set() for lock in LOCKS}


@pytest.mark.parametrize("lock", [*LOCKS, "requirements-install.txt", "requirements-audit.txt"])
def test_every_package_is_locked_to_one_version_by_hash(lock: str) -> None:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    blocks = text.replace("\\\n", "").splitlines()
    packages = [line for line in blocks if line and not line.lstrip().startswith("#")]
    assert packages
    assert all("==" in line and "--hash=sha256:" in line for line in packages)


def test_the_locks_agree_on_every_package_that_they_share() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for each in locked(REPOSITORY / lock):
            versions.setdefault(canonicalize_name(each.name), set()).add(str(each.specifier))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
