"""tasks.py, noxfile.py -> the tasks with their flags and the sessions, read without running either; a call -> what is not."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.checks.docs.commands import is_open

HELP = ("--help", "-h")
KNOWN_OPTIONS = frozenset({"help", "iterable", "pre", "post"})
"""Arguments of @task that change no name: with another one a task is not judged."""

Flags = Mapping[str, bool]
"""Flag ("--dry-run") -> whether a value follows it."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """
    What people can start in a tree.

    Args:
        tasks: name ("minio.setup") -> its flags; None where tasks.py is not there or does not tell.

        sessions: name -> the task that gets what follows `--` ("" where none does); None where noxfile.py is not there or
            does not tell.
    """

    tasks: Mapping[str, Flags] | None
    sessions: Mapping[str, str] | None


def read(tasks: str | None, noxfile: str | None) -> Commands:
    """
    Read what people can start.

    Args:
        tasks: the text of tasks.py; None where there is none.

        noxfile: the text of noxfile.py; None where there is none.

    Returns:
        The tasks and sessions.
    """
    return Commands(tasks=_tasks(_parsed(tasks)), sessions=_sessions(_parsed(noxfile)))


def check(program: str, words: tuple[str, ...], commands: Commands) -> Iterator[str]:
    """
    Check a call of invoke or nox; nothing is said of another.

    Args:
        program: its name.

        words: its arguments.

        commands: of the tree.

    Yields:
        What is wrong, as what follows the call in a sentence.
    """
    if program == "nox":
        yield from _nox(words, commands)
    elif program in {"invoke", "inv"} and commands.tasks is not None:
        yield from _invoke(words, commands.tasks)


def _invoke(words: tuple[str, ...], tasks: Mapping[str, Flags]) -> Iterator[str]:
    flags: Flags | None = None
    task = ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if is_open(word):
            return
        if not word.startswith("-"):
            if word not in tasks:
                yield f"names the task {word}, which is not there"
                return
            task, flags = word, tasks[word]
            continue
        name, given, _ = word.partition("=")
        if flags is None:
            # invoke's own flags: of them only --help has a task behind it
            if name not in HELP and not name.startswith(("--list", "-l", "--version", "--no-dedupe", "--echo")):
                return
        elif not name.startswith("--"):
            # a short flag is a letter that invoke chooses
            return
        elif name not in flags:
            yield f"gives {task} the flag {name}, which it has not"
            return
        elif flags[name] and not given and rest:
            rest.pop(0)


def _nox(words: tuple[str, ...], commands: Commands) -> Iterator[str]:
    own, behind = _split(words)
    chosen = False
    names: list[str] = []
    for word in own:
        if word in {"-s", "--session", "--sessions"}:
            chosen = True
        elif word.startswith("-"):
            chosen = False
        elif chosen:
            names.append(word)
    for name in names:
        if is_open(name) or commands.sessions is None:
            return
        if name not in commands.sessions:
            yield f"names the session {name}, which is not there"
        elif behind and commands.tasks is not None and (task := commands.sessions[name]):
            yield from _invoke((task, *behind), commands.tasks)


def _split(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "--" not in words:
        return words, ()
    middle = words.index("--")
    return words[:middle], words[middle + 1 :]


def _parsed(text: str | None) -> ast.Module | None:
    try:
        return None if text is None else ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # the last two are what Python says of an expression that is nested too deeply
        return None


def _decorated(module: ast.Module, name: str) -> Iterator[tuple[ast.FunctionDef, ast.expr]]:
    for each in module.body:
        for decorator in each.decorator_list if isinstance(each, ast.FunctionDef) else ():
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if ast.unparse(target) in {name, f"invoke.{name}", f"nox.{name}"}:
                assert isinstance(each, ast.FunctionDef)  # noqa: S101 - only a function has got this far
                yield each, decorator


def _tasks(module: ast.Module | None) -> Mapping[str, Flags] | None:
    if module is None:
        return None
    functions = {each.name: (each, decorator) for each, decorator in _decorated(module, "task")}
    calls = (decorator for _, decorator in functions.values() if isinstance(decorator, ast.Call))
    if not {keyword.arg for call in calls for keyword in call.keywords} <= KNOWN_OPTIONS:
        return None
    flags = {name: _flags(function) for name, (function, _) in functions.items()}
    collections = (
        each.value
        for each in module.body
        if isinstance(each, ast.Assign) and [ast.unparse(target) for target in each.targets] in (["namespace"], ["ns"])
    )
    collection = next(collections, None)
    if collection is None:
        return {name.replace("_", "-"): each for name, each in flags.items()}
    try:
        return dict(_collected(collection, flags, ""))
    except KeyError:
        # a collection that is put together elsewhere
        return None


def _collected(node: ast.expr, flags: Mapping[str, Flags], prefix: str) -> Iterator[tuple[str, Flags]]:
    """Raises KeyError for what is neither a task of the file nor a Collection of such."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] != "Collection":
        raise KeyError(ast.unparse(node))
    for each in node.args:
        name = ast.unparse(each)
        yield f"{prefix}{name.replace('_', '-')}", flags[name]
    for keyword in node.keywords:
        name = f"{prefix}{(keyword.arg or '').replace('_', '-')}"
        if isinstance(keyword.value, ast.Name):
            yield name, flags[keyword.value.id]
        else:
            yield from _collected(keyword.value, flags, f"{name}.")


def _flags(function: ast.FunctionDef) -> Flags:
    arguments = function.args
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    found: dict[str, bool] = {}
    # the first is the context
    positional = list(zip(arguments.args, defaults, strict=True))[1:]
    for argument, default in (*positional, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)):
        name = argument.arg.strip("_").replace("_", "-")
        is_switch = isinstance(default, ast.Constant) and isinstance(default.value, bool)
        found[f"--{name}"] = not is_switch
        if isinstance(default, ast.Constant) and default.value is True:
            found[f"--no-{name}"] = False
    return found


def _sessions(module: ast.Module | None) -> Mapping[str, str] | None:
    if module is None:
        return None
    found = tuple(_decorated(module, "session"))
    if any(isinstance(decorator, ast.Call) and decorator.keywords for _, decorator in found):
        # it may be given another name
        return None
    return {function.name: _task_of(function) for function, _ in found}


def _task_of(session: ast.FunctionDef) -> str:
    """The task that a session hands its arguments to, as in `session.run("python", "-m", "invoke", "e2e", *posargs)`."""
    for call in (node for node in ast.walk(session) if isinstance(node, ast.Call)):
        texts = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
        hands_on = any(isinstance(each, ast.Starred) and "posargs" in ast.unparse(each) for each in call.args)
        if hands_on and "invoke" in texts[:-1]:
            return texts[texts.index("invoke") + 1]
    return ""
