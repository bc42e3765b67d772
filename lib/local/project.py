"""What the runner must know about the project, from the table `[tool.local]` of pyproject.toml."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lib.local.terminal import LocalError

SERVICE = "service"  # the program that answers requests; all others work beside it
INSTANCE = (
    "LOCAL_INSTANCE"  # in the environment: which instance a command is for; unset or empty for the checkout's own
)
_VAR = "var/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One more instance of the service beside the checkout's own, with a database, a port and secrets of its own.

    `settings` replace the user's. `target` is what make calls its start. `fill` is run once, when the service answers
    for the first time: if it fails or is interrupted, the instance is removed. `greeting` is run at the end of every
    start; both are arguments for Python. `postgres` is written to the configuration of a new database server.
    """

    name: str
    target: str
    settings: Mapping[str, str] = field(default_factory=dict)
    postgres: Mapping[str, str] = field(default_factory=dict)
    fill: Sequence[str] = ()
    greeting: Sequence[str] = ()


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
    variable's name with _FILE, unless the user sets one of the two. `instances` are further ones, by name; of such a
    one, `own` says which it is. Whatever lies in var/ lies in a folder of its own there.
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
    instances: Mapping[str, Instance] = field(default_factory=dict)
    own: Instance | None = None

    @property
    def var(self) -> Path:
        """The folder of everything that the runner writes; those of further instances lie in it."""
        return self.root / "var" / self.own.name if self.own else self.root / "var"

    @property
    def mark(self) -> str:
        """What tells the programs of this instance from those of others."""
        return str(self.var if self.own else self.root)

    @property
    def target(self) -> str:
        """What make calls the start."""
        return self.own.target if self.own else "start"

    def instance(self, name: str) -> "Project":
        """Return the same project as the instance with this name; raises `LocalError` if there is none."""
        if name not in self.instances:
            known = ", ".join(self.instances) or "none"
            raise LocalError(f"there is no instance {name} (known: {known}): unset {INSTANCE}, or name one of them")
        return replace(
            self,
            own=self.instances[name],
            environment={variable: _moved(value, name) for variable, value in self.environment.items()},
            secrets={variable: _moved(file, name) for variable, file in self.secrets.items()},
        )

    def further(self) -> "list[Project]":
        """Return the further instances that have ever been started; none of a further one."""
        known = [] if self.own else [self.instance(name) for name in self.instances]
        return [each for each in known if each.var.exists() or each.outside.exists()]

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
        return Path("/var/lib") / "-".join([self.name, digest, *([self.own.name] if self.own else [])])


def _moved(path: str, name: str) -> str:
    return f"{_VAR}{name}/{path.removeprefix(_VAR)}" if path.startswith(_VAR) else path


def read_project(root: Path) -> Project:
    """Read the table from pyproject.toml in `root`; raises `LocalError` if a field is missing or unknown."""
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["local"]
        further = {name: Instance(name=name, **each) for name, each in table.pop("instances", {}).items()}
        project = Project(root=root.resolve(), instances=further, **table)
    except FileNotFoundError as error:
        raise LocalError(f"no pyproject.toml in {root}: run this in the folder of the project") from error
    except (KeyError, TypeError) as error:
        raise LocalError(f"the table [tool.local] of pyproject.toml is wrong: {error}") from error
    if SERVICE not in project.programs:
        raise LocalError(f"the table [tool.local] of pyproject.toml is wrong: none of its programs is called {SERVICE}")
    return project


def this_project(root: Path, environment: Mapping[str, str]) -> Project:
    """Read the project in `root`, as the instance that the variable INSTANCE names; raises `LocalError`."""
    project = read_project(root)
    return project.instance(environment[INSTANCE]) if environment.get(INSTANCE) else project
