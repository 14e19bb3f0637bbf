# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch as far as a key store's metrics go: recorded over the control API, listed and read by callers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import AwsError, ClientFault
from .registry import Call, operation
from .world import World

_STATISTICS: dict[str, Callable[[list[float]], float]] = {"Minimum": min, "Maximum": max, "Sum": sum}


@dataclass
class Metric:
    """A metric of one name and set of dimensions, with its values by time."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    values: list[tuple[float, float]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        named = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": named}


class Metrics:
    """Metrics of one account and region."""

    def __init__(self) -> None:
        self.all: list[Metric] = []


def seed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """Record a value."""
    known = {"name", "value", "dimensions", "namespace", "region", "account", "age"}
    if set(document) - known or not {"name", "value"} <= set(document):
        raise ClientFault(f"a value of a metric has {', '.join(sorted(known))}; name and value are needed")
    account = document.get("account", world.settings.account)
    metrics = world.store(Metrics, account, document.get("region", world.settings.region))
    wanted = Metric(document.get("namespace", "AWS/KMS"), document["name"], document.get("dimensions", {}))
    found = _find(metrics, wanted)
    if found is None:
        metrics.all.append(wanted)
        found = wanted
    found.values.append((world.clock.now() - document.get("age", 0), float(document["value"])))
    return found.shown()


def _find(metrics: Metrics, wanted: Metric) -> Metric | None:
    for metric in metrics.all:
        if (metric.namespace, metric.name, metric.dimensions) == (wanted.namespace, wanted.name, wanted.dimensions):
            return metric
    return None


@operation("cloudwatch", "ListMetrics")
def list_metrics(call: Call) -> dict[str, Any]:
    params = call.params
    asked = {item["Name"]: item.get("Value") for item in params.get("Dimensions") or []}
    found = [
        metric.shown()
        for metric in call.store(Metrics).all
        if params.get("Namespace") in (None, metric.namespace)
        and params.get("MetricName") in (None, metric.name)
        and all(name in metric.dimensions and value in (None, metric.dimensions[name]) for name, value in asked.items())
    ]
    return {"Metrics": found}


@operation("cloudwatch", "GetMetricData")
def get_metric_data(call: Call) -> dict[str, Any]:
    if call.params["StartTime"] >= call.params["EndTime"]:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    return {"MetricDataResults": [_result(call, query) for query in call.params["MetricDataQueries"]]}


def _result(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    asked = query.get("MetricStat")
    if asked is None:
        raise AwsError("ValidationError", "The emulator reads metrics, no expressions.")
    if asked["Stat"] not in _STATISTICS:
        raise AwsError("ValidationError", f"The emulator has no statistic {asked['Stat']}.")
    metric = asked["Metric"]
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions") or []}
    found = _find(call.store(Metrics), Metric(metric["Namespace"], metric["MetricName"], dimensions))
    start, end = (call.params[name].timestamp() for name in ("StartTime", "EndTime"))
    periods: dict[float, list[float]] = {}
    for time, value in found.values if found else ():
        if start <= time < end:
            periods.setdefault(time - time % asked["Period"], []).append(value)
    newest_first = sorted(periods, reverse=True)
    return {
        "Id": query["Id"],
        "Label": metric["MetricName"],
        "Timestamps": [datetime.fromtimestamp(time, UTC) for time in newest_first],
        "Values": [_STATISTICS[asked["Stat"]](periods[time]) for time in newest_first],
        "StatusCode": "Complete",
    }
