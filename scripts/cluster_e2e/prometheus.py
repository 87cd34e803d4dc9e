"""A Prometheus, or what speaks as one -> what it knows: targets, alerts, series."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from scripts.errors import ProofFailed, SettingsError, Unreachable

TIMEOUT_S = 10.0


class Prometheus:
    """
    Its HTTP API, which Victoria Metrics has too.

    Args:
        url: without `/api/v1` ("http://prometheus.monitoring:9090").

    Source:
        prometheus/prometheus@v3.0.0:docs/querying/api.md
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsError("--prometheus", f"{url} is no URL", "give it as in http://prometheus.monitoring:9090")
        self._url = url.rstrip("/")

    def labels(self, query: str) -> tuple[Mapping[str, str], ...]:
        """
        The labels of each series that an instant query gives.

        Args:
            query: PromQL.

        Returns:
            Label -> value, a mapping a series.

        Raises:
            Unreachable: where it does not answer as Prometheus does.
        """
        return tuple(each["metric"] for each in self._asked("query", {"query": query})["result"])

    def targets_up(self, job: str, namespace: str) -> int:
        """
        Count the targets of a job.

        Args:
            job: the label.

            namespace: likewise.

        Returns:
            Their number, 1 or more.

        Raises:
            ProofFailed: where there is none, or one is down.
        """
        selected = f'up{{job="{job}", namespace="{namespace}"}}'
        known, down = self.labels(selected), self.labels(f"{selected} == 0")
        if not known or down:
            found = f"{len(down)} of {len(known)} targets are down" if known else "has no target"
            raise ProofFailed(f"job {job} of {self._url}", found, "see its ServiceMonitor, and what selects that")
        return len(known)

    def refuse_unless_loaded(self, alerts: frozenset[str]) -> None:
        """
        See that alerts are evaluated.

        Args:
            alerts: their names.

        Raises:
            ProofFailed: where one is not loaded, or cannot be evaluated.
        """
        rules = [
            each for group in self._asked("rules", {})["groups"] for each in group["rules"] if each["name"] in alerts
        ]
        missing = alerts - {each["name"] for each in rules}
        if missing:
            told = f"has not loaded {', '.join(sorted(missing))}"
            raise ProofFailed(self._url, told, "see which labels it selects PrometheusRules by")
        broken = [each["name"] for each in rules if each.get("health") == "err"]
        if broken:
            raise ProofFailed(self._url, f"cannot evaluate {', '.join(sorted(broken))}", "see its page of rules")

    def _asked(self, what: str, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self._url}/api/v1/{what}", params=params, timeout=TIMEOUT_S)
            data: dict[str, Any] = answer.raise_for_status().json()["data"]
        except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise Unreachable(
                f"Prometheus {self._url}",
                f"does not answer ({type(error).__name__})",
                "see whether --prometheus is right",
            ) from error
        return data
