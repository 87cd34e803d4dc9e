"""A text that holds a small tree -> its files."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "trees" / "awkward"
REFUSED = Path(__file__).parent.parent / "trees" / "refused"

HEAD = re.compile(r"^-- (?P<path>\S+?)(?: -> (?P<link>\S+))?(?P<windows> \(CRLF\))? --\n", re.MULTILINE)
EXPECTED = "expected.json"
"""Is no file of the tree: what Flux makes of it, one line for each object, after the name of its Flux Kustomization."""

ENTRY = "kubernetes/clusters/apps"
ENTRY_FILE = f"{ENTRY}/kustomization.yaml"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """
    A small tree in one text: a sentence, then each file under a line `-- PATH --`.

    `-- PATH -> TARGET --` is a link, `-- PATH (CRLF) --` a file with the line ends of Windows. Where the entry point has no
    kustomization.yaml it gets one that lists its files.

    Args:
        sentence: what is awkward about it.

        files: path -> what the file holds.

        links: path -> where the link leads.
    """

    sentence: str
    files: dict[str, str]
    links: dict[str, str]

    def write(self, root):
        for path, text in self.files.items():
            if path == EXPECTED:
                continue
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        for path, target in self.links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        return root


def archives(folder):
    """The names of the trees in a folder."""
    return sorted(file.stem for file in folder.glob("*.txtar"))


def read(file):
    text = file.read_text(encoding="utf-8")
    heads = list(HEAD.finditer(text))
    files, links = {}, {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : following.start() if following else len(text)]
        if head["link"]:
            links[head["path"]] = head["link"]
        else:
            files[head["path"]] = body.replace("\n", "\r\n") if head["windows"] else body
    if ENTRY_FILE not in files:
        listed = sorted(path.removeprefix(f"{ENTRY}/") for path in files if path.startswith(f"{ENTRY}/"))
        files[ENTRY_FILE] = f"resources: [{', '.join(listed)}]\n"
    return Archive(sentence=text[: heads[0].start()].strip(), files=files, links=links)
