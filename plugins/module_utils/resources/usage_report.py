# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail's records as a summary per principal and operation, and in words what they leave out (R108-R110)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

Record = Mapping[str, Any]
Row = dict[str, Any]

# Events come late: usually within five minutes, which AWS does not promise.
LATE = timedelta(minutes=15)
# What a trail logs of an endpoint.
ALL_CALLS = "all calls"
DENIED_CALLS = "denied calls"
SOME_CALLS = "some calls"
_MOST_SESSIONS = 20
_DENIED = "Calls that the endpoint policy denied"
_ALLOW = "Allow the action, or look with an identity of the account that owns the trail and its log group."
_LESS = "Give a shorter range or a higher max_events."


def summarise(records: Sequence[Record]) -> list[Row]:
    """One row per endpoint, principal and operation, the most frequent first."""
    rows: dict[tuple[str, ...], Row] = {}
    for record in records:
        identity = record.get("userIdentity") or {}
        row = {
            "vpc_endpoint_id": record["vpcEndpointId"],
            "principal": principal(identity),
            "principal_type": identity.get("type", "Unknown"),
            "account_id": identity.get("accountId"),
            "event_source": record["eventSource"],
            "operation": record["eventName"],
        }
        key = tuple(str(value) for value in row.values())
        _count(rows.setdefault(key, {**row, **_nothing()}), record, identity)
    found = sorted(rows.values(), key=lambda row: (row["vpc_endpoint_id"], -row["count"], row["principal"]))
    return [_finished(row) for row in found]


def principal(identity: Mapping[str, Any]) -> str:
    """Who called: of a session the role, so that its sessions add up; of another account what its record tells."""
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    known = issuer.get("arn") or identity.get("arn") or identity.get("invokedBy")
    if known:
        return str(known)
    if identity.get("accountId"):
        return f"{identity.get('principalId', 'somebody')} of account {identity['accountId']}"
    return str(identity.get("principalId") or identity.get("type") or "unknown")


def _nothing() -> Row:
    return {"count": 0, "first": "", "last": "", "keys": set(), "errors": {}, "sessions": set(), "source_ips": set()}


def _count(row: Row, record: Record, identity: Mapping[str, Any]) -> None:
    time, error = record["eventTime"], record.get("errorCode")
    row["count"] += 1
    # Pages come newest first, log groups oldest first.
    row["first"] = min(row["first"] or time, time)
    row["last"] = max(row["last"], time)
    row["keys"].update(_keys(record))
    if error:
        row["errors"][error] = row["errors"].get(error, 0) + 1
    if (identity.get("sessionContext") or {}).get("sessionIssuer") and identity.get("arn"):
        row["sessions"].add(identity["arn"].rpartition("/")[2])
    if record.get("sourceIPAddress"):
        row["source_ips"].add(record["sourceIPAddress"])


def _keys(record: Record) -> set[str]:
    """ARNs of the KMS keys; where AWS tells none, such as for a key that does not exist, what the caller named."""
    arns = {item["ARN"] for item in record.get("resources") or () if ":key/" in item.get("ARN", "")}
    named = (record.get("requestParameters") or {}).get("keyId")
    return arns or ({named} if named else set())


def _finished(row: Row) -> Row:
    sessions = sorted(row["sessions"])
    return {
        **row,
        "keys": sorted(row["keys"]),
        "sessions": sessions[:_MOST_SESSIONS],
        "session_count": len(sessions),
        "source_ips": sorted(row["source_ips"])[:_MOST_SESSIONS],
    }


def not_shown(state: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the answer cannot contain, and where to look for it: number, what, instead."""
    return [
        {"number": number, "what": what, "instead": instead}
        for number, what, instead in (*_stopped(state), *_always(state), *_network(state))
    ]


Gap = tuple[str, str, str]


def _stopped(state: Mapping[str, Any]) -> list[Gap]:
    found = [
        (
            "R86",
            f"Calls before {read['oldest'].astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: reading {read['event_source']} "
            f"stopped after max_events, at {read['read']} events. First and last calls are of what was read",
            _LESS,
        )
        for read in state["reads"]
        if not read["complete"]
    ]
    if state["now"] - state["end"] < LATE:
        what = "Calls of the last minutes: CloudTrail shows most events after about 5, and promises no time"
        found.append(("R86", what, f"Look again in {LATE.seconds // 60} minutes."))
    return found


def _always(state: Mapping[str, Any]) -> list[Gap]:
    of_others = "Principals of other accounts that came through the endpoint"
    found = [
        ("R86", "Calls of more than 90 days ago, of other Regions, and data events such as reads of S3 objects "
         "(AWS KMS has none)", "They are in the trail's S3 bucket or event data store, if one logs them."),
        ("R109", "Operations on keys and aliases of other accounts", "Ask the accounts that own the keys."),
        ("R108", "Calls that AWS services make for a principal: they do not come through the endpoint",
         "Look the key up in CloudTrail by its ARN."),
    ]
    if not _sees_everything(state):
        instead = "Log all network activity: cloudtrail_network_activity with denied_only: false."
        found.insert(1, ("R109", of_others, instead))
    return found


def _readable(trail: Mapping[str, Any]) -> bool:
    return bool(trail["log_group_arn"] and trail["is_logging"] and not trail["error"])


def _sees_everything(state: Mapping[str, Any]) -> bool:
    everything = {
        endpoint_id
        for trail in state["trails"]
        if _readable(trail)
        for endpoint_id, scope in trail["vpc_endpoints"].items()
        if scope == ALL_CALLS
    }
    ids = {item["vpc_endpoint_id"] for item in state["endpoints"]}
    return bool(ids) and ids <= everything


def _network(state: Mapping[str, Any]) -> list[Gap]:
    """Why denied calls may be missing. LookupEvents never has them: only trails and event data stores get them."""
    found = [
        (f"{_DENIED}: trails were not read ({error})", _ALLOW if ":" in error else "Set network_activity: true.")
        for error in state["trail_errors"]
    ]
    found += [_of_trail(trail) for trail in state["trails"]]
    found += [gap for endpoint in state["endpoints"] if (gap := _of_endpoint(state, endpoint))]
    return [("R110", what, instead) for what, instead in found]


def _of_trail(trail: Mapping[str, Any]) -> tuple[str, str]:
    name = trail["trail_arn"].rpartition("/")[2]
    if trail["error"]:
        return f"{_DENIED} and trail {name} logs: {trail['error']}", _ALLOW
    if not trail["log_group_arn"]:
        instead = f"Look into the bucket {trail['s3_bucket_name']}, or give the trail a CloudWatch Logs log group."
        return f"{_DENIED} and trail {name} logs: it delivers to S3 only", instead
    if not trail["is_logging"]:
        return f"{_DENIED} since trail {name} was stopped", "Start its logging."
    if not trail["complete"]:
        return f"{_DENIED} after the first ones: reading trail {name} stopped at max_events", _LESS
    what = f"{_DENIED} before trail {name} logged them, or longer ago than its log group keeps"
    return what, "CloudTrail does not tell since when; nothing else has them."


def _of_endpoint(state: Mapping[str, Any], endpoint: Mapping[str, Any]) -> tuple[str, str] | None:
    endpoint_id, source = endpoint["vpc_endpoint_id"], endpoint["event_source"]
    scopes = {trail["vpc_endpoints"].get(endpoint_id, "") for trail in state["trails"]}
    switch_on = "Switch it on, for calls from now on: cloudtrail_network_activity."
    if not endpoint["network_activity_offered"]:
        what = f"{_DENIED}: CloudTrail has no network activity events of {source}"
        return what, "Ask the callers: they get AWS's refusal."
    if scopes.intersection((ALL_CALLS, DENIED_CALLS)) or state["trail_errors"]:
        return None
    if SOME_CALLS in scopes:
        return f"{_DENIED}, other than the operations or callers that the trail selects for {endpoint_id}", switch_on
    return f"{_DENIED}: no trail logged network activity of {endpoint_id}", switch_on


def lines(
    state: Mapping[str, Any], usage: Sequence[Row], denied: Sequence[Row], hidden: Sequence[Mapping[str, str]]
) -> list[str]:
    """The whole answer for a terminal."""
    found = []
    for endpoint in state["endpoints"]:
        found += _endpoint_lines(endpoint, usage, denied)
    found += [
        f"Read of {read['event_source']}: {read['read']} events of "
        f"{state['start'].astimezone(UTC):%Y-%m-%d %H:%M} to "
        f"{state['end'].astimezone(UTC):%Y-%m-%d %H:%M} UTC, {'all' if read['complete'] else 'NOT ALL'}"
        for read in state["reads"]
    ]
    return [*found, "Not shown:", *(f"  * {item['number']}: {item['what']}. {item['instead']}" for item in hidden)]


def _endpoint_lines(endpoint: Mapping[str, Any], usage: Sequence[Row], denied: Sequence[Row]) -> list[str]:
    own, refused = (
        [row for row in rows if row["vpc_endpoint_id"] == endpoint["vpc_endpoint_id"]] for rows in (usage, denied)
    )
    what = ", ".join(filter(None, (endpoint["service_name"] or "gone", endpoint["vpc_id"])))
    keys = {key for row in own for key in row["keys"]}
    people = {row["principal"] for row in own}
    count = sum(row["count"] for row in own)
    head = f"{endpoint['vpc_endpoint_id']} ({what}): {_number(count, 'call')} by {_number(len(people), 'principal')}"
    found = [f"{head} with {_number(len(keys), 'key')}", *_table(own)]
    if refused:
        total = sum(row["count"] for row in refused)
        found += [f"{endpoint['vpc_endpoint_id']}: {_number(total, 'call')} denied by its policy", *_table(refused)]
    return found


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _table(rows: Sequence[Row]) -> list[str]:
    cells = [
        (
            str(row["count"]),
            row["operation"],
            row["principal"].rpartition("::")[2].partition(":")[2] or row["principal"],
            f"last {row['last']}",
            _key_names(row),
            ", ".join(f"{code} {count}" for code, count in row["errors"].items()),
        )
        for row in rows
    ]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(5)]
    return [
        "  " + "  ".join(
            (f"{row[0]:>{widths[0]}}", *(f"{row[column]:<{widths[column]}}" for column in range(1, 5)), row[5])
        ).rstrip()
        for row in cells
    ]


def _key_names(row: Row) -> str:
    names = [key.rpartition(":")[2] for key in row["keys"]]
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
