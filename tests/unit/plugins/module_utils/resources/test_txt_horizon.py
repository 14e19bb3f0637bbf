# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host sees what AWS sees."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import private_dns, txt_horizon, txt_lookup

VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
NAME = "_6e86.xks.example.com"
PRIVATE = ["ns-1536.awsdns-00.co.uk", "ns-0.awsdns-00.com", "ns-1024.awsdns-00.org", "ns-512.awsdns-00.net"]
ASKED = txt_lookup.question(
    "myproxy.xks.example.com", "_6e86", VALUE, {"resolvers": None, "dns_port": 53, "query_timeout": 5}
)


def answer(addresses: dict[str, str], resolver: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """Server -> address; none of them has the value."""
    servers = [
        {"server": name, "address": address, "status": "nxdomain", "values": [], "alias": ""}
        for name, address in addresses.items()
    ]
    return {
        "name": NAME, "zone": "example.com", "trouble": "", "name_servers": list(addresses), "servers": servers,
        "resolver": resolver, **more,
    }


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (answer({"ns1.example.com": "10.0.0.53", "ns2.example.com": "192.168.0.53"}), "private addresses"),
        (answer({"ns1.example.com": "fd00::53"}), "private addresses"),
        (answer({}, name_servers=PRIVATE), "private hosted zone example.com"),
        (answer(dict.fromkeys(PRIVATE, "205.251.192.0")), "private hosted zone example.com"),
        (answer({"ns1.example.com": "10.0.0.53", "ns2.example.com": "198.41.0.4"}), ""),
        (answer({"ns-1536.awsdns-01.co.uk": "205.251.198.1"}), ""),
        (answer({"ns1.example.com": "127.0.0.1"}), ""),
        (answer({}), ""),
    ],
)
def test_zone_that_only_this_host_sees(seen: dict[str, Any], said: str) -> None:
    notes = txt_horizon.internal([seen, seen])
    assert len(notes) == (1 if said else 0)
    assert said in "".join(notes)
    explained = txt_lookup.explain(ASKED, {"silent": False, "answers": [seen]}, None)
    assert said in explained


@pytest.mark.parametrize(
    ("resolver", "split"), [([VALUE], True), (["vpce:other", VALUE], True), (["vpce:other"], False), ([], False),
                            (None, False)],
)
def test_resolver_that_tells_more_than_the_zones_servers(resolver: list[str] | None, split: bool) -> None:
    seen = {"silent": False, "answers": [answer({"ns1.example.com": "198.41.0.4"}, resolver)]}
    assert ("split horizon" in txt_lookup.explain(ASKED, seen, None)) == split
    assert not txt_lookup.published(ASKED, seen)


def test_start_from_a_host_that_may_see_something_else_warns() -> None:
    inside = answer({"ns1.example.com": "10.0.0.53"})
    inside["servers"][0].update(status="found", values=[VALUE])
    wanted = {
        "state": "present", "service_id": "vpce-svc-1", "name": None, "private_dns_name": None, "record_name": None,
        "record_value": None, "publish": None, "zone": None, "hosted_zone_id": None, "zone_role_arn": None,
        "zone_role_external_id": None, "nsupdate": None, "ttl": 1800, "resolvers": None, "dns_port": 53,
        "query_timeout": 5, "verify_published": True, "wait": True,
    }
    described = {
        "ServiceId": "vpce-svc-1", "PrivateDnsName": "myproxy.xks.example.com",
        "PrivateDnsNameConfiguration": {"Name": "_6e86", "Type": "TXT", "Value": VALUE, "State": "pendingVerification"},
    }
    view = {**private_dns.normalise(wanted, [described], []), "seen": {"silent": False, "answers": [inside]}}
    plan = private_dns.plan(wanted, view)
    assert plan.facts["verification_started"]
    [warning] = plan.warnings
    assert "AWS asks others" in warning
