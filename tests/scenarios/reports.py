# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Examples for the report: results as key_store_info, xks_preflight_info, xks_proxy_info and the chain's modules give
them, with what is to be wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

REGION = "eu-central-1"
REGIONS = (REGION, "eu-west-1", "us-east-1", "ap-southeast-2", "sa-east-1")
TIME = "2026-11-25T08:00:00Z"
VPC_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html"
TROUBLE_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html"
TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
TARGETS = ("10.0.0.10", "10.0.16.10")
ACCOUNT = "123456789012"
View = dict[str, Any]

REMEDY = {
    "code": TLS, "cause": "AWS KMS cannot make a TLS connection that it trusts to the proxy.",
    "steps": [
        "Disconnect the key store (state: disconnected).",
        "Check that the proxy's certificate is valid today and names the private DNS name, or a wildcard one label "
        "above it.",
        "Check that the proxy sends the whole chain, up to an authority of AWS's list of trusted certificate "
        "authorities for external key stores.",
        "Connect it again (state: connected).",
    ],
    "retryable": False, "applies": "external", "documentation": TROUBLE_PAGE,
}
MET = (
    ("R3", "The VPC needs at least two private subnets in two Availability Zones.", "zones a and b"),
    ("R8", "The endpoint service must not require acceptance.", "it does not"),
    ("R9", "AWS KMS must be an allowed principal of the endpoint service.", "cks.kms.eu-central-1.amazonaws.com"),
    ("R13", "The proxy's certificate must be valid and come from a public authority of AWS's list, with its chain.",
     "valid for 200 more days"),
    ("R24", "DNS host names must be enabled in the VPC.", "they are"),
    ("R30", "The target group must hold at least two hosts of the proxy.", "2 healthy targets"),
    ("R43", "The protocol of the listener must be TCP: TLS ends on the proxy.", "TCP"),
    ("R57", "The domain must be verified before the key store is created.", "verified"),
)
HUMAN = (
    ("R2", "The VPC must be connected to the external key manager."),
    ("R27", "The VPC must be connected to the data centre by a network option that AWS supports."),
)
FAULTS = (
    ("R24", "VPC", "DNS host names are off", "Set enable_dns_hostnames: true.", True),
    ("R30", "target group", "1 healthy target", "Register a second host of the proxy.", False),
    ("R38", "targets", "10.0.16.10 is registered on port 8443", "Register it on port 443.", True),
    ("R43", "listener", "the protocol is TLS", "Make a listener of TCP on port 443.", True),
    ("R39", "load balancer", "the scheme is internet-facing", "Make an internal load balancer.", True),
    ("R8", "endpoint service", "acceptance is required", "Set acceptance_required: false.", True),
    ("R9", "allowed principals", "nobody is allowed", "Allow cks.kms.eu-central-1.amazonaws.com.", True),
    ("R57", "private DNS name", "the verification is pendingVerification", "Publish the TXT record.", True),
    ("R13", "certificate dates at 10.0.0.10:443", "CN=payments.example.com expired on 2026-11-01",
     "Renew the certificate, and let the proxy load it.", True),
    ("N1", "client certificate at 10.0.0.10:443", "one is demanded", "Switch mutual TLS off.", True),
)


def requirement(number: str, status: str, sentence: str = "", **more: Any) -> View:
    texts = dict.fromkeys(("what", "found", "needed", "fix"), "")
    told = {row[0]: row[1] for row in MET}
    return {"number": number, "sentence": sentence or told.get(number, f"Rule {number}."), "job": "xks",
            "severity": "must", "kind": "checked", "status": status, **texts, "link": VPC_PAGE,
            "blocking": False, **more}


def key_store(name: str = "payments", region: str = REGION, state: str = "CONNECTED", **more: Any) -> View:
    """As key_store_info returns one."""
    service = f"com.amazonaws.vpce.{region}.vpce-svc-0123456789abcdef0"
    failed = state == "FAILED"
    return {
        "region": region, "custom_key_store_id": f"cks-{abs(hash_of(name, region)):017x}"[:21],
        "custom_key_store_name": name, "custom_key_store_type": "EXTERNAL_KEY_STORE", "cloud_hsm_cluster_id": None,
        "connection_state": state, "connection_error_code": TLS if failed else None,
        "creation_date": "2026-01-31T12:00:00+00:00",
        "xks_proxy_configuration": {
            "connectivity": "VPC_ENDPOINT_SERVICE", "access_key_id": "ABCDEFGHIJKLMNOPQRST",
            "uri_endpoint": f"https://{name}.example.com", "uri_path": "/kms/xks/v1",
            "vpc_endpoint_service_name": service, "vpc_endpoint_service_owner": ACCOUNT,
        },
        "remedy": REMEDY if failed else None,
        "endpoint_service": {
            "service_name": service, "service_state": "Available", "private_dns_name": f"{name}.example.com",
            "private_dns_state": "verified", "acceptance_required": False, "supported_ip_address_types": ["ipv4"],
            "availability_zones": [f"{region}a", f"{region}b"],
            "allowed_principals": [f"cks.kms.{region}.amazonaws.com"], "exists": True, "seen_by": "owner",
        },
        "cluster": None, "certificate_days_to_expire": 200, "certificate_name": f"{name}.example.com",
        "credential_age_days": 12, "kms_keys": {"total": 3, "by_state": {"Disabled": 1, "Enabled": 2}, "unreadable": 0},
        "unmet_requirements": [], "unknown": [], **more,
    }


def hash_of(*texts: str) -> int:
    """The same in every process."""
    return int.from_bytes("/".join(texts).encode(), "big") % (1 << 68)


def cloudhsm(name: str, region: str, hsms: int = 2) -> View:
    zones = [f"{region}{zone}" for zone in "ab"[:hsms]]
    cluster = {"state": "ACTIVE", "active_hsms": hsms, "availability_zones": zones}
    nothing: View = dict.fromkeys((
        "xks_proxy_configuration", "endpoint_service", "certificate_days_to_expire", "certificate_name",
        "credential_age_days",
    ))
    return key_store(name, region) | nothing | {
        "custom_key_store_type": "AWS_CLOUDHSM", "cloud_hsm_cluster_id": "cluster-6fnvjvs4sn4", "cluster": cluster,
    }


def probe(address: str, days: int = 200, code: str | None = None) -> View:
    """A target of xks_proxy_info."""
    return {
        "target": f"{address}:443", "address": address, "reachable": True, "tls_version": "TLSv1.3",
        "certificate": {
            "subject": "CN=payments.example.com", "issuer": "CN=Amazon RSA 2048 M02,O=Amazon,C=US",
            "common_name": "payments.example.com", "key_type": "RSA", "key_size": 2048, "days_left": days,
            "not_after": "2027-06-13T08:00:00Z",
        },
        "health": {"status": 200, "ms": 12.4, "proxy_model": "Example proxy 1.0",
                   "ekm_fleet": [{"id": f"ekm-{number}", "health_status": "ACTIVE"} for number in (1, 2)]},
        "predicted_connection_error_code": code,
    }


def chain(name: str = "payments", region: str = REGION, exists: bool = True, **more: Any) -> View:
    """As xks_preflight_info returns it."""
    arn = f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}"
    there = {"exists": exists}
    return {
        "region": region,
        "vpc": {"vpc_id": "vpc-0123456789abcdef0", "cidr_block": "10.0.0.0/16", "enable_dns_support": True,
                "enable_dns_hostnames": True, "tags": {"Name": name}, **there},
        "subnets": [
            {"subnet_id": f"subnet-{zone}", "availability_zone": f"{region}{zone}", "cidr_block": block, **there}
            for zone, block in (("a", "10.0.0.0/20"), ("b", "10.0.16.0/20"))
        ],
        "load_balancer": {
            "load_balancer_arn": f"{arn}:loadbalancer/net/{name}/0123456789abcdef", "load_balancer_name": name,
            "scheme": "internal", "state": {"code": "active", "reason": None},
            "availability_zones": [{"zone_name": f"{region}a"}, {"zone_name": f"{region}b"}], **there,
        },
        "listener": {"protocol": "TCP", "port": 443, **there},
        "target_group": {"target_group_name": name, "protocol": "TCP", "port": 443, "target_type": "ip", **there},
        "targets": [
            {"id": target, "port": 443, "availability_zone": f"{region}{zone}", "state": "healthy", "reason": None,
             "explanation": "", **there}
            for target, zone in zip(TARGETS, "ab")
        ],
        "endpoint_service": {
            "service_id": "vpce-svc-0123456789abcdef0", "service_state": "Available", "acceptance_required": False,
            "availability_zones": [f"{region}a", f"{region}b"], **there,
        },
        "private_dns": {"name": f"{name}.example.com", "state": "verified", "record": {"name": "_6e86v84tqgqubxbwii1m"},
                        "found_at": {"ns-1.example.net": True}, **there},
        "allowed_principals": [f"cks.kms.{region}.amazonaws.com"] if exists else [],
        "proxy": [probe(target) for target in TARGETS],
        "key_store": {key: value for key, value in key_store(name, region).items() if key in (
            "custom_key_store_id", "custom_key_store_name", "custom_key_store_type", "connection_state",
            "connection_error_code", "xks_proxy_configuration")} | there,
        "keys": None,
        **more,
    }


def gate(chain: View, unmet: Sequence[tuple[str, str, str, str, bool]] = (), code: str | None = None) -> View:
    """As xks_preflight_info returns everything."""
    broken = {row[0] for row in unmet}
    rows = [
        *(requirement(number, "unmet", what=what, found=found, fix=fix, blocking=blocks)
          for number, what, found, fix, blocks in unmet),
        *(requirement(number, "met", sentence, found=found) for number, sentence, found in MET if number not in broken),
        *(requirement(number, "human", sentence) for number, sentence in HUMAN),
        requirement("R15", "unknown", "The proxy must answer as the API of external key stores says.",
                    what="GetHealthStatus", found="not sent: no credential was given"),
    ]
    statuses = [row["status"] for row in rows]
    return {
        "requirements": rows, "chain": chain, "ready": not any(row[4] for row in unmet),
        "counts": {status: statuses.count(status) for status in ("met", "unmet", "unknown", "human")},
        "predicted_connection_error_code": code, "remedy": REMEDY if code else None,
    }


def ten_faults() -> View:
    """A store with ten things wrong, as the gate sees it."""
    broken = chain()
    broken["vpc"]["enable_dns_hostnames"] = False
    broken["load_balancer"]["scheme"] = "internet-facing"
    broken["listener"]["protocol"] = "TLS"
    broken["endpoint_service"]["acceptance_required"] = True
    broken["allowed_principals"] = []
    broken["private_dns"]["state"] = "pendingVerification"
    odd = {"port": 8443, "state": "unhealthy", "explanation": "It does not accept connections on 8443."}
    broken["targets"][1] |= odd
    broken["proxy"] = [probe(TARGETS[0], -24, TLS), {**probe(f"{TARGETS[1]}", 9), "reachable": False, "health": None}]
    broken["key_store"] |= {"connection_state": "FAILED", "connection_error_code": TLS}
    return gate(broken, FAULTS, TLS)


def nothing_yet() -> View:
    """What the gate says of an empty account."""
    missing = {"exists": False}
    empty: View = {piece: dict(missing) for piece in (
        "vpc", "load_balancer", "listener", "target_group", "endpoint_service", "key_store",
    )}
    dns: View = {"name": "payments.example.com", "state": None, "record": None, "found_at": [], **missing}
    return gate(chain(**empty, subnets=[], targets=[], allowed_principals=[], proxy=[], private_dns=dns))


def event(name: str, time: str, store_id: str, **more: Any) -> View:
    """As CloudTrail records one."""
    return {
        "eventName": name, "eventTime": time, "awsRegion": REGION, "requestParameters": {"customKeyStoreId": store_id},
        "userIdentity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Operator/alice"}, **more,
    }


def fleet(count: int, broken: Sequence[int] = ()) -> list[View]:
    """So many key stores over five Regions; some are broken, each seventh is a CloudHSM key store."""
    names = ("payments", "cards", "ledger", "payroll", "claims", "archive", "signing", "tokens", "backups", "mail")
    found = []
    for number in range(count):
        name, region = f"{names[number % 10]}-{number // 10 + 1}", REGIONS[number // 10 % 5]
        if number in broken:
            found.append(key_store(name, region, "FAILED", certificate_days_to_expire=None, certificate_name=None))
        elif number % 7 == 6:
            found.append(cloudhsm(name, region))
        else:
            found.append(key_store(name, region, certificate_days_to_expire=9 + 23 * number))
    return found


def given(**more: Any) -> View:
    """What the action gives to the report."""
    return {"title": "Key stores of production", "time": TIME, "planned": False, "key_stores": [], "regions": [],
            "preflight": [], "results": [], "events": [], "texts": [], **more}
