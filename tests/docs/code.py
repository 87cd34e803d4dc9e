"""The code -> what of it the reference has to tell: the environment variables that it reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

READERS = {"optional", "required", "secret"}


def variables(root: Path) -> set[str]:
    """
    The environment variables that the code asks scripts.settings for, and those that settings reads itself.

    Raises:
        AssertionError: where the name of one cannot be told from the code.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((root / "scripts").rglob("*.py"))}
    constants = {name: value for tree in trees.values() for name, value in _constants(tree)}
    found: set[str] = set()
    for path, tree in trees.items():
        is_settings = path == root / "scripts" / "settings.py"
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if _is_read(call) if is_settings else _is_asked(call):
                found.add(_name(call.args[0], constants, path))
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))


def _is_asked(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="settings"), attr=name):
            return name in READERS
    return False


def _is_read(call: ast.Call) -> bool:
    """`found.get("NAME")`: the function that finds the cache is given the environment."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="found"), attr="get"):
            return True
    return False


def _name(node: ast.expr, constants: dict[str, str], path: Path) -> str:
    match node:
        case ast.Constant(value=str(name)):
            return name
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in constants:
            return constants[name]
    raise AssertionError(f"{path}:{node.lineno}: {ast.unparse(node)} is no name that can be told from the code")
