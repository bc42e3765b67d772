"""No function of the product is called by tests alone: such code can be right and never run."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("app", "lib")
CALLERS = (*PRODUCT, "bench", "e2e", "testkit", "migrations")
FRAMEWORKS = {"property", "contextmanager", "classmethod", "staticmethod", "dataclass"}  # any other registers it
DUCKS = {"get_exemplar"}  # what a library calls on a value of ours that has no base class of it

Defined = ast.FunctionDef | ast.ClassDef


def parsed(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted((ROOT / folder).rglob("*.py")):
        yield file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))


def own(body: list[ast.stmt]) -> Iterator[Defined]:
    """Find what only our own code can call: no registration with a framework, no override of a base class."""
    for node in body:
        if isinstance(node, Defined) and all(word_of(each) in FRAMEWORKS for each in node.decorator_list):
            if isinstance(node, ast.FunctionDef):
                yield node
            elif not node.bases:
                yield node
                yield from own(node.body)


def word_of(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""


def used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_no_product_code_is_used_by_tests_alone() -> None:
    names = {name for folder in CALLERS for _, tree in parsed(folder) for name in used(tree)}
    unused = [
        f"{file}:{node.lineno} {node.name}"
        for folder in PRODUCT
        for file, tree in parsed(folder)
        for node in own(tree.body)
        if node.name not in names | DUCKS and not node.name.startswith("__")
    ]
    assert unused == []
