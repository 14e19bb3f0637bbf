# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key stores as a report: what is wrong with each, what holds it up, and what could not be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    key_store_checks,
    key_store_lines,
    key_store_view,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import remedy

_CERTIFICATE = "XksProxyCertificateDaysToExpire"
_CREDENTIAL = "XksProxyCredentialAge"

Raw = Mapping[str, Any]
View = dict[str, Any]


def wanted(params: Mapping[str, Any]) -> dict[str, str]:
    """What the only store to look at is called by AWS KMS; empty for all."""
    given = {
        "CustomKeyStoreId": params["custom_key_store_id"], "CustomKeyStoreName": params["custom_key_store_name"],
    }
    return {name: value for name, value in given.items() if value}


def normalise(raw: Iterable[Raw]) -> View:
    """The answers of a survey as one state."""
    found = list(raw)
    return {
        "key_stores": [_store(region, store) for region in found for store in _by_name(region["stores"])],
        "regions": [_region(region) for region in found],
    }


def _by_name(stores: Sequence[Raw]) -> list[Raw]:
    return sorted(stores, key=lambda store: str(store["CustomKeyStoreName"]))


def _region(raw: Raw) -> View:
    error = raw["error"]
    status = "ok" if error is None else "denied" if error["denied"] else "failed"
    return {
        "region": raw["region"],
        "status": status,
        "key_stores": len(raw["stores"]),
        "message": error["message"] if error else None,
        "iam_action": (error["denied"] or None) if error else None,
    }


def _store(region: Raw, raw: Raw) -> View:
    store = key_store_view.described(raw)
    service = region.get(f"service {raw['CustomKeyStoreId']}", {"value": None, "denied": ""})
    seen = key_store_view.service(service["value"]) if service["value"] else None
    denied = service["denied"] or (seen or {}).get("denied")
    code = store["connection_error_code"]
    return {
        "region": region["region"],
        **store,
        "remedy": remedy(code, store["custom_key_store_type"]) if code else None,
        "endpoint_service": _shown(seen),
        "cluster": _cluster(region, store),
        **_metrics(region, store),
        "kms_keys": _keys(region, store),
        "unmet_requirements": [item.as_dict() for item in _unmet(seen, store, region["region"])],
        "unknown": _unknown(region, store, denied),
    }


def _shown(service: Raw | None) -> View | None:
    """What is worth knowing of an endpoint service; seen_by says what else can be told from there."""
    if service is None or service["source"] == "denied":
        return None
    shown = (
        "service_name", "service_state", "private_dns_name", "private_dns_state", "acceptance_required",
        "supported_ip_address_types", "availability_zones", "allowed_principals",
    )
    exists = service["source"] != "missing"
    return {
        **{name: service[name] if exists or name == "service_name" else None for name in shown},
        "exists": exists,
        "seen_by": {"own": "owner", "consumer": "consumer"}.get(service["source"]),
    }


def _unmet(service: View | None, store: Raw, region: str) -> list[Any]:
    """What AWS KMS would refuse at the next connect."""
    proxy = store["xks_proxy_configuration"]
    return key_store_checks.gate(service, proxy, region) if service and proxy else []


def _cluster(region: Raw, store: Raw) -> View | None:
    cluster_id = store["cloud_hsm_cluster_id"]
    clusters = region.get("clusters", {}).get("value")
    if cluster_id is None or clusters is None:
        return None
    found: Raw = next((item for item in clusters if item["ClusterId"] == cluster_id), {})
    zones = [hsm["AvailabilityZone"] for hsm in found.get("Hsms", []) if hsm.get("State") == "ACTIVE"]
    return {"state": found.get("State", "missing"), "active_hsms": len(zones), "availability_zones": sorted(set(zones))}


def _metrics(region: Raw, store: Raw) -> View:
    """The certificate that ends first, and how old the credential is."""
    own = [
        item
        for item in region.get("metrics", {}).get("value") or ()
        if item["store_id"] == store["custom_key_store_id"]
    ]
    certificates = sorted((item["value"], item["certificate"]) for item in own if item["name"] == _CERTIFICATE)
    ages = [item["value"] for item in own if item["name"] == _CREDENTIAL]
    return {
        "certificate_days_to_expire": int(certificates[0][0]) if certificates else None,
        "certificate_name": certificates[0][1] if certificates else None,
        "credential_age_days": int(min(ages)) if ages else None,
    }


def _keys(region: Raw, store: Raw) -> View | None:
    """The number of keys by state; unreadable: of keys of the Region that nobody can tell the store of."""
    found = region.get("keys", {}).get("value")
    if found is None:
        return None
    own = [key for key in found["keys"] if key.get("CustomKeyStoreId") == store["custom_key_store_id"]]
    states = Counter(str(key.get("KeyState")) for key in own)
    return {"total": len(own), "by_state": dict(sorted(states.items())), "unreadable": len(found["unreadable"])}


def _unknown(region: Raw, store: Raw, denied_service: str | None) -> list[View]:
    """What is not in the report, and the permission that it takes."""
    looks = [
        ("kms_keys", region.get("keys", {}).get("denied")),
        ("endpoint_service", denied_service),
        ("certificate_days_to_expire", store["xks_proxy_configuration"] and region.get("metrics", {}).get("denied")),
        ("cluster", store["cloud_hsm_cluster_id"] and region.get("clusters", {}).get("denied")),
    ]
    return [{"what": what, "iam_action": action} for what, action in looks if action]


def plan(params: Mapping[str, Any], current: Mapping[str, Any]) -> Plan:
    """Nothing is changed; what could not be read is said."""
    regions = [item for item in current["regions"] if item["status"] != "ok"]
    warnings = [f"{item['region']} was not read: {item['message']}" for item in regions]
    actions = sorted({item["iam_action"] for store in current["key_stores"] for item in store["unknown"]})
    if actions:
        warnings.append(f"The report has gaps: this identity needs {listing(actions)}.")
    return Plan((), current, warnings=tuple(warnings))


def returns(params: Mapping[str, Any], view: Mapping[str, Any]) -> View:
    """The module's return values."""
    return {**view, "lines": key_store_lines.lines(view["key_stores"], view["regions"])}
