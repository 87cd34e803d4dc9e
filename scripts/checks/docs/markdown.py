"""A Markdown page -> its headings, links, code and words."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

PARSER = MarkdownIt("commonmark").enable("table")
SHELL = frozenset({"bash", "console", "sh"})


@dataclass(frozen=True, kw_only=True)
class Block:
    """
    Fenced code.

    Args:
        language: the word behind the fence.

        text: what is between the fences.

        line: of its first line of text, counted from 1.
    """

    language: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """
    One page.

    Args:
        path: relative to the root of the tree.

        text: of the page.

        headings: pairs of an anchor and the text below it, down to the next heading of the same or a higher level.

        links: pairs of a target and a line.

        blocks: fenced code, in the order of the page.

        code: pairs of the text of inline code and a line.

        tables: each a tuple of rows, each a tuple of cells as they are written; the first row is the head.
    """

    path: str
    text: str
    headings: dict[str, str]
    links: tuple[tuple[str, int], ...]
    blocks: tuple[Block, ...]
    code: tuple[tuple[str, int], ...]
    tables: tuple[tuple[tuple[str, ...], ...], ...]


def read(root: Path, path: str) -> Page:
    """Read a page of a tree."""
    return parse((root / path).read_text(encoding="utf-8"), path)


def parse(text: str, path: str = "page.md") -> Page:
    """Take a page apart."""
    tokens = PARSER.parse(text)
    lines = text.splitlines()
    links: list[tuple[str, int]] = []
    code: list[tuple[str, int]] = []
    table: list[list[str]] = []
    tables: list[tuple[tuple[str, ...], ...]] = []
    marks: list[tuple[str, int, int]] = []
    for number, token in enumerate(tokens):
        line = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            marks.append((slug(tokens[number + 1].content), int(token.tag[1]), line))
        elif token.type == "inline":
            links += [(str(each.attrs["href"]), line) for each in token.children or () if each.type == "link_open"]
            code += [(each.content, line) for each in token.children or () if each.type == "code_inline"]
            if table:
                table[-1].append(token.content)
        elif token.type == "tr_open":
            table.append([])
        elif token.type == "table_close":
            tables.append(tuple(tuple(row) for row in table))
            table = []
    return Page(
        path=path,
        text=text,
        headings=_sections(lines, marks),
        links=tuple(links),
        blocks=tuple(
            Block(language=token.info.strip(), text=token.content, line=(token.map or [0])[0] + 2)
            for token in tokens
            if token.type == "fence"
        ),
        code=tuple(code),
        tables=tuple(tables),
    )


def slug(heading: str) -> str:
    """The anchor of a heading, as forges make it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def _sections(lines: list[str], marks: list[tuple[str, int, int]]) -> dict[str, str]:
    sections: dict[str, str] = {}
    for number, (anchor, level, line) in enumerate(marks):
        end = next((other[2] - 1 for other in marks[number + 1 :] if other[1] <= level), len(lines))
        # a heading that is there twice gets a number
        again = sum(other == anchor or other.startswith(f"{anchor}-") for other in sections)
        sections[f"{anchor}-{again}" if anchor in sections else anchor] = "\n".join(lines[line:end])
    return sections
