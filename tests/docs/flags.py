"""The arguments of a program -> its words and flags, by a table of the flags that it has."""


class Refused(Exception):
    """A flag that a program does not have, or a command."""


def taken_apart(arguments: tuple[str, ...], allowed: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """
    Tell words from flags.

    Args:
        arguments: up to `--`.

        allowed: the flags, with blanks between; one that takes a value ends with "=".

    Returns:
        Words, and flag -> value ("" where it takes none).
    """
    known = {flag.rstrip("="): flag.endswith("=") for flag in allowed.split()}
    words: list[str] = []
    flags: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        name, given, value = argument.partition("=")
        if name not in known:
            raise Refused(f"has no flag {name}")
        if known[name] and not given:
            if not rest:
                raise Refused(f"{name} lacks its value")
            value = rest.pop(0)
        flags[name] = value
    return tuple(words), flags
