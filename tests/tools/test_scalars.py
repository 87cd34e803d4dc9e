"""What the real kustomize makes of text without quotes is what is said of it."""

import json

import pytest

from scripts.document import load
from scripts.process import minimal_environment, run
from scripts.toolchain import get
from tests.unit.test_scalars import PLAIN, READINGS


@pytest.fixture(scope="module")
def kustomize():
    return get("kustomize").path


def test_kustomize_reads_each_text_as_it_is_said_to(kustomize, tmp_path):
    texts = [*(each.values[0] for each in READINGS), *PLAIN]
    lines = "".join(f"  {json.dumps(f'at {index}')}: {text}\n" for index, text in enumerate(texts) if text != "-")
    (tmp_path / "thing.yaml").write_text(
        f"apiVersion: example.org/v1\nkind: Thing\nmetadata:\n  name: thing\nspec:\n{lines}", encoding="utf-8"
    )
    (tmp_path / "kustomization.yaml").write_text("resources:\n  - thing.yaml\n", encoding="utf-8")

    built = run((kustomize, "build", "."), timeout_s=60, cwd=tmp_path, environment=minimal_environment({}))

    expected = load("thing.yaml", f"spec:\n{lines}").documents[0].value["spec"]
    found = load("built.yaml", built.stdout).documents[0].value["spec"]
    assert {name: (value, type(value)) for name, value in expected.items()} == {
        name: (value, type(value)) for name, value in found.items()
    }
