"""backup.status of a thousand apps: how much is asked of the API does not depend on how many there are."""

import json
import math
from collections import Counter

import pytest

from scripts.cluster import listing
from scripts.cluster.connection import Connection
from scripts.errors import FindingsFound
from scripts.operate import status
from tests.cluster import many


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    with many.running(tmp_path_factory.mktemp("many")) as server:
        yield server


def test_a_thousand_apps_take_one_list_a_kind(thousand, capsys, monkeypatch):  # noqa: ARG001 - it has to run
    asked = Counter()
    send = Connection.send

    def counted(self, request, **rest):
        asked[request.path.rpartition("/")[2]] += 1
        return send(self, request, **rest)

    monkeypatch.setattr(Connection, "send", counted)
    with pytest.raises(FindingsFound, match="1 of 1000 apps need a person"):
        status.run(context="administrator", app="", all_apps=True, format_name="json")
    document = json.loads(capsys.readouterr().out)

    pages = math.ceil(many.NAMESPACES * many.EACH / listing.PAGE)
    kinds = ("jobs", "pods", "persistentvolumeclaims", "volumesnapshots", "events")
    assert dict(asked) == {"replicationsources": pages} | dict.fromkeys(kinds, 1)
    assert Counter(each["health"] for each in document["apps"]) == {"fine": 999, "attention": 1}
    assert [each["app"] for each in document["apps"] if each["reasons"]] == ["many-007/app-3"]
