# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An external key store proxy as it is: options in, raw facts of each target in, findings and a prediction out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet, report
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    trust_list,
    xks_proxy_api,
    xks_proxy_certificate,
    xks_proxy_network,
    xks_proxy_tls,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_checks import check_credential, check_path
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import before_connecting
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    first_code,
    merged,
)

PORT = 443
# AWS's model of KMS.
_KEY_ID = re.compile(r"[a-zA-Z0-9_.-]{1,128}")

Params = Mapping[str, Any]
Facts = Mapping[str, Any]


def check(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    found = check_private_dns_name("private_dns_name", params["private_dns_name"])
    found += check_path("uri_path", params["uri_path"])
    found += check_credential("credential", params["credential"] or {})
    key_id = params["external_key_id"]
    if key_id is not None and not is_pending(key_id) and not _KEY_ID.fullmatch(key_id):
        fix = "Give 1 to 128 characters of A-Z a-z 0-9 - _ and the dot."
        found.append(unmet("N3", "external_key_id", key_id or "an empty text", fix))
    for target in params["targets"] or ():
        if not is_pending(target) and _split(target) is None:
            fix = "Give a host or an address, or host:port, such as 10.0.0.10 or 10.0.0.10:443."
            found.append(unmet("R37", "targets", target, fix))
    return found


def _split(target: str) -> tuple[str, int] | None:
    host, colon, port = target.partition(":")
    if not host or ":" in port or (colon and not (port.isdecimal() and 0 < int(port) < 65536)):
        return None
    return host, int(port) if port else PORT


def targets(params: Params) -> list[tuple[str, int]]:
    """Hosts and ports to connect to; none where the name or the path is not known yet."""
    if is_pending([params["private_dns_name"], params["uri_path"], params["external_key_id"]]):
        return []
    given = params["targets"] or [params["private_dns_name"]]
    found = [_split(target) for target in given if not is_pending(target)]
    return list(dict.fromkeys(target for target in found if target))


def question(params: Params, region: str, anchors: Sequence[trust_list.Anchor] | None) -> dict[str, Any]:
    """What the client is asked for."""
    return {
        "server_name": params["private_dns_name"],
        "timeout": params["timeout"],
        "tries": params["tries"],
        "quick": xks_proxy_network.ANSWER,
        "uri_path": params["uri_path"],
        "region": region,
        "credential": params["credential"],
        "external_key_id": params["external_key_id"],
        "round_trip": params["round_trip"],
        "principal_arn": params["principal_arn"],
        "kms_key_arn": params["kms_key_arn"],
        "ca_file": params["ca_file"],
        "anchors": frozenset(anchor.sha256 for anchor in anchors or ()),
    }


def anchors(text: str | None) -> list[trust_list.Anchor] | None:
    """AWS's list; None where no file was named."""
    if text is None:
        return None
    found = trust_list.parse(text)
    if not found:
        raise Failure(
            "The list of trusted certificate authorities holds no SHA-256 fingerprint. Give the file "
            "TrustedCertificateAuthorities as AWS publishes it with the XKS proxy API specification."
        )
    return found


def judge(
    params: Params, region: str, listed: Sequence[trust_list.Anchor] | None, raw: Sequence[Facts]
) -> dict[str, Any]:
    """The whole result. RAW: the facts of each target."""
    store = f"ca_file {params['ca_file']}" if params["ca_file"] else "the system's store"
    found = [(facts, _findings(facts, params, region, listed, store)) for facts in raw]
    per_target = [_target(facts, findings, params, listed, store) for facts, findings in found]
    findings = merged((label(facts), of_one) for facts, of_one in found)
    if not raw:
        findings = [Finding("R26", UNKNOWN, "network", "nothing was asked: names or addresses are not known yet")]
    code = _overall(per_target)
    unmet_ones = [finding.as_unmet() for finding in findings if finding.severity in (ERROR, WARNING)]
    health_checked = _health_checked(raw)
    return {
        "private_dns_name": params["private_dns_name"],
        "targets": per_target,
        "tcp_connect_ms": xks_proxy_network.times([ms for facts in raw for ms in facts["connect_ms"]]),
        "tls_handshake_ms": xks_proxy_network.times([ms for facts in raw for ms in facts["handshake_ms"]]),
        "findings": [finding.as_dict() for finding in findings],
        "unmet_requirements": [one.as_dict() for one in unmet_ones],
        "predicted_connection_error_code": code,
        "health_checked": health_checked,
        "remedy": before_connecting(code),
        "explanation": _explanation(code, health_checked, unmet_ones),
    }


def _explanation(code: str | None, health_checked: bool, unmet_ones: Sequence[Unmet]) -> str:
    """All of it for somebody who reads one text only."""
    if code:
        said = f"AWS KMS would end a connect with {code}."
    else:
        said = "Nothing was found that would make AWS KMS end a connect with an error code."
        said += "" if health_checked else " No signed health request was sent, so this says nothing of the API."
    return "\n".join([said, *([report(unmet_ones)] if unmet_ones else [])])


def _findings(
    facts: Facts, params: Params, region: str, listed: Sequence[trust_list.Anchor] | None, store: str
) -> list[Finding]:
    """In the order in which AWS KMS would meet them."""
    reached = xks_proxy_network.reach(facts)
    if reached.severity in (ERROR, UNKNOWN):
        return [reached, *xks_proxy_network.distance(facts)]
    demanded = xks_proxy_tls.demands_certificate(facts)
    return [
        reached,
        *xks_proxy_network.distance(facts),
        *xks_proxy_tls.judge(facts, region),
        *xks_proxy_certificate.judge(facts, params["private_dns_name"], listed, store),
        *xks_proxy_network.handshake(facts),
        # Who is sent away for want of a client certificate gets no answer worth judging.
        *([] if demanded else xks_proxy_api.judge(facts, bool(params["credential"]), params["uri_path"])),
    ]


def _health_checked(raw: Sequence[Facts]) -> bool:
    """Whether a signed request went to all that accept connections, and there is one."""
    answers = [facts["health"] for facts in raw if facts["connect_ms"]]
    return bool(answers) and all(answer and answer["trouble"] != "unsigned" for answer in answers)


def label(facts: Facts) -> str:
    return f"{facts['host']}:{facts['port']}"


def _overall(per_target: Sequence[Mapping[str, Any]]) -> str | None:
    """A load balancer leaves out what does not answer, and may choose any of the others."""
    answering = [target for target in per_target if target["reachable"]]
    codes = [target["predicted_connection_error_code"] for target in answering or per_target]
    return next((code for code in codes if code), None)


def _target(
    facts: Facts, findings: Sequence[Finding], params: Params, listed: Sequence[trust_list.Anchor] | None, store: str
) -> dict[str, Any]:
    chain = facts["chain"]
    demanded = xks_proxy_tls.demands_certificate(facts)
    return {
        "target": label(facts),
        "address": facts["address"] or None,
        "reachable": bool(facts["connect_ms"]) and facts["trouble"] != "hung up",
        "tcp_connect_ms": xks_proxy_network.times(facts["connect_ms"]),
        "tls_handshake_ms": xks_proxy_network.times(facts["handshake_ms"]),
        "tls_version": facts["version"],
        "cipher_suite": facts["suite"],
        "tls_versions": dict(facts["versions"]),
        "cipher_suites": dict(facts["suites"]),
        "client_certificate_demanded": demanded,
        "certificate_chain": [_certificate(one, facts["asked_at"]) for one in chain],
        "chain_complete": xks_proxy_certificate.complete(facts, listed),
        "name_match": xks_proxy_certificate.name_match(chain[0], params["private_dns_name"]) if chain else None,
        "root": xks_proxy_certificate.root(facts, listed, store),
        "health": None if demanded else _answered(facts["health"]),
        "wrong_method_status": (facts["get"] or {}).get("status"),
        "external_key": _external_key(facts),
        "severity_counts": _counts(findings),
        "predicted_connection_error_code": first_code(findings),
    }


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        severity: sum(finding.severity == severity for finding in findings) for severity in (ERROR, WARNING, UNKNOWN)
    }


def _certificate(certificate: Mapping[str, Any], now: int) -> dict[str, Any]:
    kept = ("subject", "issuer", "common_name", "dns_names", "key_type", "key_size", "sha256")
    return {
        **{name: certificate[name] for name in kept},
        "not_before": xks_proxy_certificate.moment(certificate["not_before"]),
        "not_after": xks_proxy_certificate.moment(certificate["not_after"]),
        "days_left": xks_proxy_certificate.days_left(certificate, now),
    }


def _answered(answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An answer as a result; of the body only what the API names, so that a proxy's message stays out."""
    if not answer or answer["trouble"] == "unsigned":
        return None
    document = answer["document"] or {}
    told = {
        "status": answer["status"],
        "error_name": answer["error_name"] or None,
        "ms": None if answer["ms"] is None else round(answer["ms"], 1),
        "trouble": answer["detail"] or None,
    }
    if answer["status"] != 200 or xks_proxy_api.health_flaw(document):
        return {**told, "proxy_fleet_size": None, "proxy_vendor": None, "proxy_model": None, "ekm_vendor": None,
                "ekm_fleet": []}
    return {
        **told,
        "proxy_fleet_size": document["xksProxyFleetSize"],
        "proxy_vendor": document["xksProxyVendor"],
        "proxy_model": document["xksProxyModel"],
        "ekm_vendor": document["ekmVendor"],
        "ekm_fleet": [
            {"id": manager["id"], "model": manager["model"], "health_status": manager["healthStatus"]}
            for manager in document["ekmFleetDetails"]
        ],
    }


def _external_key(facts: Facts) -> dict[str, Any] | None:
    answer = facts["metadata"]
    if not answer or answer["trouble"] == "unsigned":
        return None
    document = answer["document"] or {} if answer["status"] == 200 else {}
    return {
        "status": answer["status"],
        "error_name": answer["error_name"] or None,
        "key_spec": document.get("keySpec"),
        "key_usage": document.get("keyUsage"),
        "key_status": document.get("keyStatus"),
        "create_key_error": xks_proxy_api.key_error(answer),
        "round_trip": facts["round_trip"]["same"] if facts["round_trip"] else None,
    }


def plan(params: Params, view: Mapping[str, Any]) -> Plan:
    """Nothing is ever changed."""
    return Plan((), view)


def returns(params: Params, view: Mapping[str, Any]) -> Mapping[str, Any]:
    return view
