# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who used a VPC endpoint for what, from CloudTrail's records, and what they cannot show (R86, R108-R110)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.event_selectors import (
    DENIED,
    NETWORK,
    NOT_OFFERED,
    Selector,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.usage_report import (
    ALL_CALLS,
    DENIED_CALLS,
    SOME_CALLS,
    lines,
    not_shown,
    summarise,
)

Params = Mapping[str, Any]
Record = Mapping[str, Any]
View = dict[str, Any]

HISTORY = timedelta(days=90)
_SOURCE_OF = {"cloudhsmv2": "cloudhsm"}
_FORM = "Give a time of ISO 8601, such as 2026-11-25T07:00:00Z; without an offset it is UTC."


def check(params: Params, region: str) -> list[Unmet]:
    """What is wrong with the options alone."""
    found = []
    times = {name: _moment(params[name]) for name in ("start_time", "end_time") if params[name]}
    found += [unmet("R86", name, params[name], _FORM) for name, value in times.items() if value is None]
    start, end = times.get("start_time"), times.get("end_time")
    if start and end and start >= end:
        found.append(unmet("R86", "start_time", params["start_time"], "It must be before end_time."))
    if not 0 < params["hours"] <= HISTORY / timedelta(hours=1):
        found.append(unmet("R86", "hours", str(params["hours"]), "Give hours from 1 to 2160, or start_time."))
    if params["vpc_endpoint_ids"] == []:
        found.append(unmet("R108", "vpc_endpoint_ids", "an empty list", "Name one or more endpoints, or give vpc_id."))
    if params["max_events"] < 1:
        found.append(unmet("R86", "max_events", str(params["max_events"]), "Give 1 or more."))
    return found


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def window(params: Params, now: datetime) -> tuple[datetime, datetime]:
    """From when to when to look: not before what the event history has."""
    end = _moment(params["end_time"] or "") or now
    start = _moment(params["start_time"] or "") or end - timedelta(hours=params["hours"])
    # AWS refuses a range that ends before it begins; one that is over, or yet to come, is empty.
    return min(max(start, now - HISTORY), end), end


def nothing_yet(params: Params) -> bool:
    """Whether the endpoints are still to be made: then nobody used them."""
    return is_pending([*(params["vpc_endpoint_ids"] or ()), params["vpc_id"] or ""])


def wanted(params: Params, found: Sequence[Mapping[str, Any]]) -> list[View]:
    """The endpoints that PARAMS name; one that is gone has no state. FOUND: of DescribeVpcEndpoints."""
    known = [_endpoint(params, raw) for raw in found if params["vpc_endpoint_ids"] or _offers(raw, params["services"])]
    ids = [item["vpc_endpoint_id"] for item in known]
    gone = [one for one in params["vpc_endpoint_ids"] or () if one not in ids]
    return known + [_endpoint(params, {"VpcEndpointId": one}) for one in gone]


def _offers(raw: Mapping[str, Any], services: Sequence[str]) -> bool:
    return raw.get("VpcEndpointType") == "Interface" and any(
        raw["ServiceName"] == one or raw["ServiceName"].endswith(f".{one}") for one in services
    )


def _endpoint(params: Params, raw: Mapping[str, Any]) -> View:
    service = raw.get("ServiceName")
    code = (service or "kms").rpartition(".")[2].removesuffix("-fips")
    source = params["event_source"] or f"{_SOURCE_OF.get(code, code)}.amazonaws.com"
    return {
        "vpc_endpoint_id": raw["VpcEndpointId"],
        "vpc_id": raw.get("VpcId"),
        "service_name": service,
        "state": raw.get("State"),
        "owner_id": raw.get("OwnerId"),
        "private_dns_enabled": raw.get("PrivateDnsEnabled"),
        "event_source": source,
        "network_activity_offered": source not in NOT_OFFERED,
    }


def sources(endpoints: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({item["event_source"] for item in endpoints})


def looks_for_trails(params: Params, endpoints: Sequence[Mapping[str, Any]]) -> bool:
    return bool(endpoints) and bool(params["network_activity"])


def not_looked_for(params: Params) -> View:
    """In place of the trails."""
    return {"trails": [], "error": "" if params["network_activity"] else "network_activity is false"}


def watching(endpoints: Sequence[Mapping[str, Any]], trails: Mapping[str, Any]) -> View:
    """The trails that log network activity of one of ENDPOINTS, and of which; errors: what could not be read."""
    errors = [trails["error"], *(raw.get("error", "") for raw in trails["trails"])]
    found = []
    for raw in trails["trails"]:
        selectors = [Selector.of(item) for item in raw.get("AdvancedEventSelectors") or []]
        seen = {
            item["vpc_endpoint_id"]: scope
            for item in endpoints
            if (scope := _scope(selectors, item["event_source"], item["vpc_endpoint_id"]))
        }
        if seen:
            found.append(
                {
                    "trail_arn": raw["TrailARN"],
                    "log_group_arn": raw.get("CloudWatchLogsLogGroupArn"),
                    "s3_bucket_name": raw.get("S3BucketName"),
                    "vpc_endpoints": seen,
                }
            )
    return {"watching": found, "errors": sorted({error for error in errors if error})}


def _scope(selectors: Sequence[Selector], source: str, endpoint_id: str) -> str:
    """What a trail logs of an endpoint: all calls, denied calls, some calls or, empty, none."""
    if any(one.covers(source, [endpoint_id], denied_only=False) for one in selectors):
        return ALL_CALLS
    if any(one.covers(source, [endpoint_id], denied_only=True) for one in selectors):
        return DENIED_CALLS
    return SOME_CALLS if any(one.is_network(source) and one.sees(endpoint_id) for one in selectors) else ""


def pattern(endpoints: Sequence[Mapping[str, Any]]) -> str:
    """What to look for in a trail's log group; for several endpoints all network activity, of which some is theirs."""
    parts = [f'($.eventCategory = "{NETWORK}")']
    if len(endpoints) == 1:
        parts.append(f'($.vpcEndpointId = "{endpoints[0]["vpc_endpoint_id"]}")')
    return f"{{ {' && '.join(parts)} }}"


def through(record: Record, ids: Container[str | None]) -> bool:
    """Whether a call came through one of the endpoints (R108)."""
    return record.get("vpcEndpointId") in ids


def normalise(
    endpoints: Sequence[View],
    period: tuple[datetime, datetime],
    now: datetime,
    reads: Sequence[Mapping[str, Any]],
    trails: Mapping[str, Any],
    deliveries: Sequence[Mapping[str, Any]],
) -> View:
    """All that was read as one state. trails: of watching(), with the errors on the way."""
    ids = {item["vpc_endpoint_id"] for item in endpoints}
    history = [record for read in reads for record in read["records"]]
    network = [record for one in deliveries for record in one["records"] if through(record, ids)]
    known = {record.get("requestID") for record in history}
    denied = [record for record in network if record.get("errorCode") == DENIED]
    # The history has the others already, unless the caller belongs to another account.
    allowed = [record for record in network if record.get("errorCode") != DENIED]
    others = [record for record in allowed if record.get("requestID") not in known]
    return {
        "endpoints": list(endpoints),
        "start": period[0],
        "end": period[1],
        "now": now,
        "reads": [{key: read[key] for key in ("event_source", "read", "oldest", "complete")} for read in reads],
        "calls": [*history, *_once(others)],
        "denied": _once(denied),
        "trails": [
            {**trail, **{key: one[key] for key in ("is_logging", "complete", "error")}}
            for trail, one in zip(trails["watching"], deliveries)
        ],
        "trail_errors": trails["errors"],
    }


def _once(records: Sequence[Record]) -> list[Record]:
    """Two trails may deliver the same event."""
    return list({record["eventID"]: record for record in records}.values())


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """Nothing changes; a search that finds no endpoint has failed."""
    if current["endpoints"] or nothing_yet(params):
        return Plan((), current)
    found = f"no interface endpoint for {', '.join(params['services'])} in {params['vpc_id']}"
    fix = "Check vpc_id, services and the Region, or give vpc_endpoint_ids of endpoints that are gone."
    return Plan((), current, (unmet("R108", "vpc_id", found, fix),))


def returns(params: Params, state: Mapping[str, Any]) -> View:
    """The result's keys."""
    usage, denied = summarise(state["calls"]), summarise(state["denied"])
    hidden = not_shown(state)
    return {
        "endpoints": [_with_counts(item, usage, denied) for item in state["endpoints"]],
        "usage": usage,
        "denied": denied,
        "network_activity": state["trails"],
        "start_time": _shown(state["start"]),
        "end_time": _shown(state["end"]),
        "event_history": [{**read, "oldest": _shown(read["oldest"])} for read in state["reads"]],
        "complete": all(one["complete"] for one in (*state["reads"], *state["trails"])),
        "not_shown": hidden,
        "lines": lines(state, usage, denied, hidden),
    }


def _shown(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _with_counts(endpoint: View, usage: Sequence[View], denied: Sequence[View]) -> View:
    own = [row for row in usage if row["vpc_endpoint_id"] == endpoint["vpc_endpoint_id"]]
    refused = [row for row in denied if row["vpc_endpoint_id"] == endpoint["vpc_endpoint_id"]]
    return {
        **endpoint,
        "calls": sum(row["count"] for row in own),
        "denied_calls": sum(row["count"] for row in refused),
        "principals": sorted({row["principal"] for row in own}),
        "keys": sorted({key for row in own for key in row["keys"]}),
    }
