"""What the runner must know about the project, from the table `[tool.local]` of pyproject.toml."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.local.terminal import LocalError

SERVICE = "service"  # the program that answers requests; all others work beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A checkout of a project: its folder `root`, and the fields of the table.

    `programs` (by name, one of them SERVICE), `reports`, `migrate` and `notice` are arguments for Python. A report
    prints in one line how the program of that name is doing. `notice` prints who may use the service in one line, and
    below it the headers that a request needs, one a line, to be put between double quotes in a shell; or it fails and
    says which settings are wrong. `greeting` prints lines for the person who has started the service. `alive_path` is
    requested to see whether the service answers; `docs_path` leads to its documentation; `sample_json` is a request to
    try at `sample_path`. `environment` is set for the programs, unless the user sets these variables. `secrets` names,
    by variable, files of the project in which the runner makes and keeps a random secret; the programs find it by the
    variable's name with _FILE, unless the user sets one of the two.
    """

    root: Path
    name: str
    programs: Mapping[str, Sequence[str]]
    migrate: Sequence[str]
    notice: Sequence[str]
    docs_path: str
    alive_path: str
    sample_path: str
    sample_json: str
    environment: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, Sequence[str]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    greeting: Sequence[str] = ()

    @property
    def var(self) -> Path:
        """The folder of everything that the runner writes."""
        return self.root / "var"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.var / "log"

    @property
    def service_log(self) -> Path:
        """The log of the programs and their supervisor."""
        return self.logs / "service.log"

    @property
    def postgres_log(self) -> Path:
        """The log of the private PostgreSQL."""
        return self.logs / "postgres.log"

    @property
    def supervisor_lock(self) -> Path:
        """The file that the supervisor of this checkout locks while it runs."""
        return self.var / "supervisor.lock"

    @property
    def outside(self) -> Path:
        """The folder that replaces `var` for PostgreSQL if its account cannot reach the checkout; for root only."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path("/var/lib") / f"{self.name}-{digest}"


def read_project(root: Path) -> Project:
    """Read the table from pyproject.toml in `root`; raises `LocalError` if a field is missing or unknown."""
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["local"]
        project = Project(root=root.resolve(), **table)
    except FileNotFoundError as error:
        raise LocalError(f"no pyproject.toml in {root}: run this in the folder of the project") from error
    except (KeyError, TypeError) as error:
        raise LocalError(f"the table [tool.local] of pyproject.toml is wrong: {error}") from error
    if SERVICE not in project.programs:
        raise LocalError(f"the table [tool.local] of pyproject.toml is wrong: none of its programs is called {SERVICE}")
    return project
