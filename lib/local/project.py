"""The facts of the project that the runner works for, from the table `[tool.local]` of pyproject.toml."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.local.errors import LocalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One checkout of a project: where it is, what it is called, how its programs are started.

    `programs`, by name and in the order of their start, `migrate` and `notice` are arguments for Python. `notice` says
    in a line who may use the service, or which settings are wrong, then in a line each the headers that a request
    needs, as a shell takes them within double quotes. `alive_path` is asked to see whether the service is there;
    `sample_json` is a request to try at `sample_path`; people read about others at `docs_path`; `environment` is for
    the programs, where the user says nothing else.
    """

    root: Path
    name: str
    programs: Mapping[str, tuple[str, ...]]
    migrate: tuple[str, ...]
    notice: tuple[str, ...]
    docs_path: str
    alive_path: str
    sample_path: str
    sample_json: str
    environment: Mapping[str, str]

    @property
    def var(self) -> Path:
        """The folder of everything that a run leaves behind."""
        return self.root / "var"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.var / "log"

    @property
    def service_log(self) -> Path:
        """The log of the programs and of their supervisor."""
        return self.logs / "service.log"

    @property
    def postgres_log(self) -> Path:
        """The log of the private PostgreSQL."""
        return self.logs / "postgres.log"

    @property
    def supervisor_lock(self) -> Path:
        """The file whose lock says that the supervisor of this checkout runs."""
        return self.var / "supervisor.lock"

    @property
    def outside(self) -> Path:
        """The folder used by root where the checkout is out of reach for the user who runs PostgreSQL."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path("/var/lib") / f"{self.name}-{digest}"


def read_project(root: Path) -> Project:
    """Read the facts from pyproject.toml in `root`; raises `LocalError` where one is missing."""
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["local"]
        return Project(
            root=root.resolve(),
            name=table["name"],
            programs={name: tuple(words) for name, words in table["programs"].items()},
            migrate=tuple(table["migrate"]),
            notice=tuple(table["notice"]),
            docs_path=table["docs"],
            alive_path=table["alive"],
            sample_path=table["sample"]["path"],
            sample_json=table["sample"]["json"],
            environment=dict(table.get("environment", {})),
        )
    except FileNotFoundError as error:
        raise LocalError(f"no pyproject.toml in {root}: run this in the folder of the project") from error
    except KeyError as error:
        raise LocalError(f"pyproject.toml: the table [tool.local] lacks {error}") from error
