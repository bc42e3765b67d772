"""Translates pip's settings of package sources for uv, which does not read them."""

import ast
import subprocess

from lib.install.bundled_pip import pip
from lib.install.steps import clean_environment

_PRECEDENCE = {"global": 0, "install": 1, ":env:": 2}
_FALSE = ("", "0", "f", "false", "n", "no", "off")
# uv's options by pip's settings, each of which may hold several values.
_OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
    "cert": "--cert",
}


def pip_settings() -> "dict[str, str]":
    """Return pip's settings from its files and the environment: of each, the value with the highest precedence."""
    argv = [*pip(), "config", "list"]
    listed = subprocess.run(argv, capture_output=True, env=clean_environment(), check=False).stdout
    return effective_settings(listed.decode("utf-8", "replace").splitlines())


def effective_settings(lines: "list[str]") -> "dict[str, str]":
    """Return the value with the highest precedence from lines such as `global.timeout='60'`, `:env:.timeout='9'`."""
    found = []
    for line in lines:
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in _PRECEDENCE:
            found.append((_PRECEDENCE[section], key, str(ast.literal_eval(value))))
    return {key: value for _, key, value in sorted(found)}


def uv_options(settings: "dict[str, str]") -> "list[str]":
    """Translate pip's settings of package sources into options of uv."""
    options = []
    for name, option in _OPTIONS.items():
        for value in settings.get(name, "").split():
            options += [option, value]
    if settings.get("no-index", "").lower() not in _FALSE:
        options.append("--no-index")
    # Like pip, search every source for a file with the right hash.
    return [*options, "--index-strategy", "unsafe-best-match"]
