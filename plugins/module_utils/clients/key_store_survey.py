# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at all key stores of several Regions at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.cloudhsm import clusters
from ansible_collections.keylink.aws.plugins.module_utils.clients.key_store import endpoint_service, key_stores, keys
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import DENIED, Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure

# A Region that does not answer must not hold the others up for as long as one that somebody waits for.
_ATTEMPTS = 3
_NAMESPACE = "AWS/KMS"
_CERTIFICATE = "XksProxyCertificateDaysToExpire"
_CREDENTIAL = "XksProxyCredentialAge"
_STORE = "CustomKeyStoreId"
_PERIOD = 3600
# AWS KMS publishes the metrics of a proxy while its store is connected.
_LOOK_BACK = timedelta(days=1)
_QUERIES = 500

Read = Callable[[], Any]


def survey(aws: Aws, regions: Sequence[str], wanted: Mapping[str, Any], count_keys: bool) -> list[dict[str, Any]]:
    """Each Region with its key stores, or with why it could not be read; it fails when none could.

    wanted: CustomKeyStoreId or CustomKeyStoreName of the only store to look at; empty for all.
    """
    if len(set(regions)) == 1:
        return [_region(aws.elsewhere(regions[0]), wanted, count_keys)]
    found = look(aws, regions, wanted, count_keys)
    if all(item["error"] for item in found):
        told = "".join(f"\n  - {item['region']}: {item['error']['message']}" for item in found)
        raise Failure(f"No Region could be read:{told}")
    return found


def look(aws: Aws, regions: Sequence[str], wanted: Mapping[str, Any], count_keys: bool) -> list[dict[str, Any]]:
    """Each Region with its key stores, or with why it could not be read."""
    found = aws.together(
        **{name: partial(_guarded, aws.elsewhere(name, _ATTEMPTS), wanted, count_keys) for name in regions}
    )
    return list(found.values())


def _guarded(aws: Aws, wanted: Mapping[str, Any], count_keys: bool) -> dict[str, Any]:
    try:
        return _region(aws, wanted, count_keys)
    except AwsError as error:
        action = error.action if error.code in DENIED else ""
        return _unread(aws, error.code, str(error), action)
    except Failure as failure:
        return _unread(aws, "", failure.message, "")


def _unread(aws: Aws, code: str, message: str, denied: str) -> dict[str, Any]:
    return {"region": aws.region, "stores": [], "error": {"code": code, "message": message, "denied": denied}}


def _region(aws: Aws, wanted: Mapping[str, Any], count_keys: bool) -> dict[str, Any]:
    everything = key_stores(aws)
    stores = [store for store in everything if all(store[name] == value for name, value in wanted.items())]
    external = [store for store in stores if store.get("XksProxyConfiguration")]
    cluster_ids = [store["CloudHsmClusterId"] for store in stores if store.get("CloudHsmClusterId")]
    nothing = {"value": None, "denied": ""}
    looks: dict[str, Read] = {
        "keys": lambda: _allowed(lambda: keys(aws)) if stores and count_keys else nothing,
        "metrics": lambda: _allowed(lambda: _metrics(aws, external)) if external else nothing,
        "clusters": lambda: _allowed(lambda: clusters(aws, cluster_ids)) if cluster_ids else nothing,
        **{f"service {store[_STORE]}": partial(_allowed, partial(_service, aws, store)) for store in external},
    }
    return {"region": aws.region, "stores": stores, "error": None, **aws.together(**looks)}


def _allowed(read: Read) -> dict[str, Any]:
    """What was read, or the action that this identity lacks for it."""
    try:
        return {"value": read(), "denied": ""}
    except AwsError as error:
        if error.code in DENIED:
            return {"value": None, "denied": error.action}
        raise


def _service(aws: Aws, store: Mapping[str, Any]) -> dict[str, Any] | None:
    proxy = store["XksProxyConfiguration"]
    name = proxy.get("VpcEndpointServiceName")
    return endpoint_service(aws, name, proxy.get("VpcEndpointServiceOwner")) if name else None


def _metrics(aws: Aws, stores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The newest value of what AWS KMS measures at each proxy: {store_id, name, certificate, value}.

    The subject of the certificate is a dimension, so metrics are listed before they are read.
    """
    ids = {store[_STORE] for store in stores}
    listed = aws.together(
        certificates=lambda: aws.pages(
            "cloudwatch", "list_metrics", "Metrics", Namespace=_NAMESPACE, MetricName=_CERTIFICATE
        ),
        credentials=lambda: aws.pages(
            "cloudwatch", "list_metrics", "Metrics", Namespace=_NAMESPACE, MetricName=_CREDENTIAL
        ),
    )
    found = [item for item in [*listed["certificates"], *listed["credentials"]] if _dimensions(item).get(_STORE) in ids]
    if not found:
        return []
    now = datetime.now(UTC)
    queries = [
        {"Id": f"m{number}", "MetricStat": {"Metric": _asked(item), "Period": _PERIOD, "Stat": "Minimum"}}
        for number, item in enumerate(found[:_QUERIES])
    ]
    answers = aws.pages(
        "cloudwatch", "get_metric_data", "MetricDataResults", MetricDataQueries=queries, StartTime=now - _LOOK_BACK,
        EndTime=now, ScanBy="TimestampDescending",
    )
    values = {answer["Id"]: answer["Values"][0] for answer in answers if answer.get("Values")}
    return [
        {
            "store_id": _dimensions(item)[_STORE],
            "name": item["MetricName"],
            "certificate": _dimensions(item).get("CertificateName"),
            "value": values[f"m{number}"],
        }
        for number, item in enumerate(found[:_QUERIES])
        if f"m{number}" in values
    ]


def _dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in metric.get("Dimensions", [])}


def _asked(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {name: metric[name] for name in ("Namespace", "MetricName", "Dimensions")}
