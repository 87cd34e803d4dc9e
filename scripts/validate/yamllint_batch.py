"""
Texts of YAML files -> what yamllint says of each.

A program of its own, JSON in and JSON out: Python has no other way to end what takes too long, and any name can be told.
"""

import json
import locale
import sys
from collections.abc import Iterator

from yamllint import linter
from yamllint.config import YamlLintConfig, YamlLintConfigError


def main() -> None:
    """Read {"configuration": YAML, "texts": {path: text}}; write {path: [[line, message], ...]}."""
    task = json.load(sys.stdin)
    try:
        configuration = YamlLintConfig(content=task["configuration"])
    except YamlLintConfigError as error:
        sys.exit(str(error))
    if configuration.locale is not None:
        locale.setlocale(locale.LC_ALL, configuration.locale)
    json.dump({path: list(_problems(configuration, path, text)) for path, text in task["texts"].items()}, sys.stdout)


def _problems(configuration: YamlLintConfig, path: str, text: str) -> Iterator[tuple[int, str]]:
    for problem in linter.run(text.encode(), configuration, path):
        yield problem.line, f"{problem.desc} ({problem.rule})" if problem.rule else problem.desc


if __name__ == "__main__":
    main()
