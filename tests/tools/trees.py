"""A valid tree, and what breaks a copy of it."""

from pathlib import Path

MINIMAL = Path(__file__).parent.parent / "trees" / "valid" / "minimal"
SYSTEM = "kubernetes/workloads/platform/backup/volsync-system"
COMPONENT = "kubernetes/components/volsync"
CLUSTER = "kubernetes/clusters/apps"
DEMO = "kubernetes/workloads/apps/demo/kustomization.yaml"


def replace(path, old, new):
    def edit(root):
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def write(path, text):
    def edit(root):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    return edit


def append(path, text):
    def edit(root):
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return edit


def remove(path):
    return lambda root: (root / path).unlink()


def both(*edits):
    def edit(root):
        for each in edits:
            each(root)

    return edit


def places(found):
    return [(finding.rule, finding.file, finding.line) for finding in found.findings]
