"""The Jinja environment in which pages are rendered: it escapes everything, and needs neither an app nor a request."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

SHARED = "lib.pages"


def page_environment(package: str, *others: str) -> Environment:
    """Return an environment with the templates of a package and the shared ones. Make one per package, and keep it.

    `others` are packages whose templates it uses as well. `package` is the import name of a package with a folder
    `templates`. The shared templates are named `pages/…`, so that folder holds its own in a folder of another name.

    Every value is escaped, whatever the template's file name. An unknown name in a template raises `UndefinedError`.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in (package, *others, SHARED)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["thousands"] = thousands
    return environment


def thousands(number: int) -> str:
    """Write a number with a comma between its thousands."""
    return f"{number:,}"
