"""The operator's double against the facts about VolSync 0.12.0, line by line."""

import pytest

from tests.cluster.apps import App, classes


@pytest.fixture
def app(on_stage, namespace):
    classes(on_stage)
    return App(stage=on_stage, namespace=namespace)


def test_a_new_source_is_backed_up_at_once(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    found = app.source()

    assert found["status"]["latestMoverStatus"]["result"] == "Successful"
