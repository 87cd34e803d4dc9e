"""A call of this project's own commands -> what they would refuse, by invoke's own parser and the sessions of noxfile.py."""

import ast
from collections.abc import Iterator

from invoke import Program
from invoke.parser import ParseError, Parser

from scripts.settings import REPOSITORY_ROOT
from tasks import namespace
from tests.docs.shell import Call


def sessions() -> dict[str, str]:
    """Name -> first sentence of every session of noxfile.py."""
    tree = ast.parse((REPOSITORY_ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {
        each.name: (ast.get_docstring(each) or "").partition("\n")[0]
        for each in tree.body
        if isinstance(each, ast.FunctionDef) and any("session" in ast.unparse(one) for one in each.decorator_list)
    }


def contexts() -> list:
    """What invoke's parser knows of each task."""
    return namespace.to_contexts()


def check(call: Call) -> Iterator[str]:
    """What is wrong with a call."""
    match call.program:
        case "invoke":
            yield from _invoke(call)
        case "nox":
            yield from _nox(call)
        case _ if call.arguments != ("bootstrap.py",):
            yield "is not a way to set up"


def _invoke(call: Call) -> Iterator[str]:
    try:
        core = Parser(initial=Program().initial_context, ignore_unknown=True).parse_argv(list(call.arguments))
        Parser(contexts=contexts()).parse_argv(core.unparsed)
    except ParseError as error:
        yield str(error)


def _nox(call: Call) -> Iterator[str]:
    arguments = call.arguments
    own, behind = (
        (arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :])
        if "--" in arguments
        else (arguments, ())
    )
    if own == ("--list",):
        return
    if len(own) != 2 or own[0] != "-s":
        yield "is not `nox -s SESSION`"
    elif own[1] not in sessions():
        yield f"there is no session {own[1]}"
    elif own[1] == "e2e" and behind:
        yield from _invoke(Call(line=call.line, program="invoke", arguments=("e2e", *behind), stdin=""))
