# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every requirement of a documented job as met, unmet, unknown or human, from whatever could be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.core.reading import Reading
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import HUMAN, Requirement, Unmet, report
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    dns_record,
    preflight_chain,
    preflight_checks,
    preflight_endpoints,
    preflight_outside,
    preflight_shown,
    preflight_things,
    txt_lookup,
    xks_proxy,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.preflight_evidence import EVIDENCE
from ansible_collections.keylink.aws.plugins.module_utils.resources.preflight_table import (
    ELSEWHERE,
    SAID_BY,
    TABLES,
    Judged,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import before_connecting
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE

MET, UNMET, UNKNOWN = "met", "unmet", "unknown"
_NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
_MISCONFIGURED = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
_NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
# Options of the modules that a check is of -> what they are here.
_WORDS = {
    "xks_proxy_uri_endpoint": "private DNS name", "xks_proxy_vpc_endpoint_service_name": "endpoint service",
    "private_dns_name": "private DNS name", "network_load_balancer_arns": "load balancer",
}
# What AWS KMS would say first, of what the account alone shows: it looks in this order.
_CODES: Sequence[tuple[str, tuple[str, ...]]] = (
    (_NOT_FOUND, ("R48", "R9", "R16")),
    (_MISCONFIGURED, ("R7", "R50", "R42", "R8", "R55", "R52", "R57", "R6")),
    (_NOT_REACHABLE, ("R29", "R44", "R43")),
)
_PROBE_DEFAULTS = {
    "external_key_id": None, "round_trip": False,
    "principal_arn": "arn:aws:iam::123456789012:role/keylink-probe",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
}

Params = Mapping[str, Any]
Readings = Mapping[str, Reading]
View = Mapping[str, Any]
Result = dict[str, Any]


def quotas(params: Params) -> tuple[str, ...]:
    """The quotas that matter for the job."""
    return {"xks": ("balancer_quota",), "cloudhsm": ()}.get(params["job"], ("endpoint_quota",))


def dns_question(params: Params, readings: Readings) -> Result | None:
    """What to ask public DNS for: the TXT record, or where there is none yet, the domain alone."""
    host = preflight_chain.private_dns_name(params, readings)
    if params["job"] != "xks" or not params["look_up_dns"] or not host or check_private_dns_name("", host):
        return None
    proof = (preflight_chain.service(params, readings) or {}).get("PrivateDnsNameConfiguration") or {}
    if proof.get("Name") and proof.get("Value"):
        return txt_lookup.question(host, proof["Name"], proof["Value"], params)
    return {
        "names": dns_record.domains(host), "strays": [], "value": "",
        "resolvers": params["resolvers"], "port": params["dns_port"], "timeout": params["query_timeout"],
    }


def probe_options(params: Params, readings: Readings) -> Result | None:
    """The options of xks_proxy_info for the same proxy; None where it is not to be asked, or not known."""
    host = preflight_chain.private_dns_name(params, readings)
    health = preflight_things.complete(readings)["health"].or_else([])
    registered = sorted({f"{item['Target']['Id']}:{item['Target'].get('Port', xks_proxy.PORT)}" for item in health})
    targets = params["probe_addresses"] or params["targets"] or registered
    if params["job"] != "xks" or not params["probe"] or not host or not targets:
        return None
    store = (preflight_chain.store(params, readings) or {}).get("XksProxyConfiguration", {})
    options = {
        **_PROBE_DEFAULTS,
        "private_dns_name": host,
        "targets": targets,
        "uri_path": params["uri_path"] or store.get("UriPath"),
        "credential": params["credential"],
        "ca_file": params["ca_file"],
        "tries": params["probe_tries"],
        "timeout": params["probe_timeout"],
    }
    # What is malformed is reported as such, and asks nobody.
    return None if xks_proxy.check(options, "") else options


def proxy_reading(params: Params, result: Mapping[str, Any]) -> Reading:
    """What the proxy said; nothing where the targets cannot be reached from here, which says nothing of the VPC."""
    if params["probe_addresses"] or any(target["reachable"] for target in result["targets"]):
        return Reading(result)
    cure = "Run it on a host in the VPC, or give probe_addresses that lead to the proxy from here."
    return Reading(absent="no target can be reached from this host, which is perhaps not in the VPC", cure=cure)


def judge(params: Params, region: str, seen: Readings) -> Result:
    """The result of the module."""
    readings = preflight_things.complete(seen)
    view = {**preflight_chain.view(params, region, readings), "dns_question": dns_question(params, readings)}
    view["job_endpoints"] = preflight_endpoints.own(view) if params["job"] in preflight_endpoints.SERVICES else []
    table = TABLES[params["job"]]
    broken = _broken(view, table)
    numbers = [item for item in CATALOGUE.values() if item.job == params["job"] or item.number in table]
    rows = [_row(item, view, table.get(item.number), broken.get(item.number, [])) for item in numbers]
    unmet_ones = _listed(broken)
    code = _predicted(view, unmet_ones) if params["job"] == "xks" else None
    statuses = [row["status"] for row in rows]
    return {
        "job": params["job"],
        "requirements": rows,
        "counts": {status: statuses.count(status) for status in (MET, UNMET, UNKNOWN, HUMAN)},
        "ready": not any(item.blocking for item in unmet_ones),
        "unmet_requirements": [item.as_dict() for item in unmet_ones],
        "predicted_connection_error_code": code,
        "remedy": before_connecting(code),
        "explanation": _explanation(unmet_ones, rows, code),
        "chain": preflight_shown.chain(view),
    }


def _broken(view: View, table: Mapping[str, Judged]) -> dict[str, list[Unmet]]:
    """Number -> what breaks it. Each check runs once, and says each thing once."""
    found: list[Unmet] = []
    alone = [preflight_checks.options] if view["params"]["job"] == "xks" else []
    for check in dict.fromkeys([*alone, *(judged.check for judged in table.values())]):
        found += [replace(item, what=_WORDS.get(item.what, item.what)) for item in check(view)]
    broken: dict[str, list[Unmet]] = {}
    for item in dict.fromkeys(found):
        if item.number in table:
            broken.setdefault(item.number, []).append(item)
    return broken


def _listed(broken: Mapping[str, list[Unmet]]) -> list[Unmet]:
    """Each fact once, what blocks first."""
    found = [item for number, items in broken.items() if SAID_BY.get(number) not in broken for item in items]
    order = list(CATALOGUE)
    return sorted(found, key=lambda item: (not item.blocking, order.index(item.number)))


def _row(item: Requirement, view: View, judged: Judged | None, unmet_ones: list[Unmet]) -> Result:
    row = {
        "number": item.number, "sentence": item.sentence, "job": item.job, "severity": item.severity,
        "kind": item.kind, "link": item.link, "what": "", "found": "", "needed": item.sentence, "fix": "",
        "blocking": False,
    }
    if unmet_ones:
        # The gravest of several; all of them are in unmet_requirements.
        first = sorted(unmet_ones, key=lambda one: not one.blocking)[0]
        told = "; ".join(dict.fromkeys(one.found for one in unmet_ones))
        return {**row, "status": UNMET, "what": first.what, "found": told, "fix": first.fix, "blocking": first.blocking}
    if item.number in ELSEWHERE:
        module = f"keylink.aws.{ELSEWHERE[item.number]}"
        return {**row, "status": UNKNOWN, "found": "not looked at here", "fix": f"{module} looks at it."}
    if judged is None:
        human = item.kind == HUMAN
        return {**row, "status": HUMAN if human else MET, "what": "people" if human else "modules", "found": item.how}
    missing = preflight_things.unseen(view, judged.needs)
    if missing:
        return {**row, "status": UNKNOWN, **_why(missing)}
    if judged.check is preflight_outside.proxy:
        vague = preflight_outside.unclear(view, item.number)
        if vague:
            return {**row, "status": UNKNOWN, "what": "proxy", "found": vague}
        return {**row, "status": MET, "what": "proxy", "found": preflight_outside.seen_of_proxy(view, item.number)}
    what, found = EVIDENCE[judged.shown](view)
    return {**row, "status": MET, "what": what, "found": found}


def _why(missing: Reading) -> Result:
    if not missing.denied:
        return {"found": missing.absent, "fix": missing.cure}
    return {
        "found": f"the permission {missing.denied} is missing",
        "fix": f"Allow the identity in use {missing.denied}, which only reads.",
    }


def _predicted(view: View, unmet_ones: Sequence[Unmet]) -> str | None:
    """The code that a connect would end with, as far as it can be told from here."""
    stopping = {item.number for item in unmet_ones if item.blocking}
    if "R6" not in {item.number for item in preflight_checks.endpoint_service(view)}:
        # Another key store has the name: then AWS KMS makes none that could be connected.
        stopping.discard("R6")
    for code, numbers in _CODES:
        if stopping & set(numbers):
            return code
    told = (view["readings"]["proxy"].or_else(None) or {}).get("predicted_connection_error_code")
    return str(told) if told else None


def _explanation(unmet_ones: Sequence[Unmet], rows: Sequence[Mapping[str, Any]], code: str | None) -> str:
    """All of it for somebody who reads one text only."""
    stopping = [item for item in unmet_ones if item.blocking]
    others = [item for item in unmet_ones if not item.blocking]
    unknown: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] == UNKNOWN:
            unknown.setdefault(row["found"], []).append(row["number"])
    parts = []
    if stopping:
        count = "1 requirement is" if len(stopping) == 1 else f"{len(stopping)} requirements are"
        parts += [f"{count} not met:", report(stopping)]
    else:
        parts.append("No requirement is known to be broken.")
    if code:
        parts.append(f"AWS KMS would end a connect with {code}.")
    if others:
        parts += ["Worth a look:", report(others)]
    if unknown:
        parts += ["Not known:", *(f"  - {text} ({', '.join(numbers)})" for text, numbers in sorted(unknown.items()))]
    return "\n".join(parts)


def plan(params: Params, view: View) -> Plan:
    """Nothing is ever changed."""
    return Plan((), view)


def returns(params: Params, view: View) -> View:
    return view
