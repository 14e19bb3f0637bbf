# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 5 as data: what is planned, and what is said."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources import private_dns, txt_record

NAME = "myproxy.xks.example.com"
VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
RECORD = "_6e86.xks.example.com"
SERVICE_ID = "vpce-svc-0123456789abcdef0"
PENDING = "(known after apply: endpoint service.payments.service_id)"
CHANGED = "(known after apply: endpoint service.payments.record_value)"

DEFAULTS: dict[str, Any] = {
    "state": "present", "service_id": SERVICE_ID, "name": None, "private_dns_name": None, "record_name": None,
    "record_value": None, "publish": None, "zone": None, "hosted_zone_id": None, "zone_role_arn": None,
    "zone_role_external_id": None, "nsupdate": None, "ttl": 1800, "resolvers": None,
    "dns_port": 53, "query_timeout": 5, "verify_published": True, "wait": True, "wait_timeout": 1800,
}


def params(**options: Any) -> dict[str, Any]:
    return {**DEFAULTS, **options}


def service(state: str = "pendingVerification", name: str | None = NAME, **more: Any) -> dict[str, Any]:
    configuration = {"Name": "_6e86", "Type": "TXT", "Value": VALUE, "State": state}
    described = {"PrivateDnsName": name, "PrivateDnsNameConfiguration": configuration} if name else {}
    return {"ServiceId": SERVICE_ID, "ServiceState": "Available", **described, **more}


def zone(name: str = "example.com", zone_id: str = "Z1", private: bool = False) -> dict[str, Any]:
    return {"Id": f"/hostedzone/{zone_id}", "Name": f"{name}.", "Config": {"PrivateZone": private}}


def txt(*values: str, name: str = RECORD, ttl: int = 1800, kind: str = "TXT") -> dict[str, Any]:
    records = [{"Value": value} for value in values]
    return {"Name": f"{name}.", "Type": kind, "TTL": ttl, "ResourceRecords": records}


def seen(values: list[str] | None, silent: bool = False) -> dict[str, Any]:
    """What DNS says: VALUES at the record, on one server."""
    status = "found" if values else "nxdomain"
    server = {"server": "ns1.example.com", "status": status, "values": values or [], "alias": ""}
    answer = {"name": RECORD, "zone": "example.com", "trouble": "", "servers": [server]}
    return {"silent": silent, "answers": [] if silent else [answer]}


def view(
    wanted: dict[str, Any],
    services: list[dict[str, Any]],
    zones: tuple[dict[str, Any], ...] = (),
    sets: tuple[dict[str, Any], ...] = (),
    dns: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The state as the module reads it."""
    found = private_dns.normalise(wanted, services, zones)
    place = private_dns.place(wanted, found)
    if place:
        found["record_sets"] = txt_record.normalise(sets, place["name"])
    if private_dns.asks_dns(wanted, found):
        found["seen"] = dns
    return found


UPDATES = {
    "server": "ns1.example.com", "port": 53, "zone": "example.com", "key_name": "keylink", "key_secret": "c2VjcmV0",
    "key_algorithm": "hmac-sha256", "protocol": "tcp",
}
ROLE = "arn:aws:iam::222222222222:role/dns"
WANTED = {
    "no zone": params(),
    "no zone, no wait": params(wait=False),
    "no DNS": params(verify_published=False),
    "zone": params(zone="example.com"),
    "zone id": params(hosted_zone_id="Z1"),
    "auto": params(publish="route53"),
    "no wait": params(zone="example.com", wait=False),
    "not made yet": params(service_id=PENDING, private_dns_name=NAME, zone="example.com"),
    "not made yet, nor named": params(service_id=PENDING, publish="route53"),
    "not made yet, no zone": params(service_id=PENDING, private_dns_name=NAME),
    "to be renamed": params(
        private_dns_name="new.example.com", record_name=CHANGED, record_value=CHANGED, zone="example.com"
    ),
    "zone not made yet": params(hosted_zone_id="(known after apply: zone.example.id)"),
    "role": params(zone_role_arn=ROLE),
    "role not made yet": params(zone_role_arn="(known after apply: role.dns.arn)", zone="example.com"),
    "updates": params(nsupdate=UPDATES),
    "updates, not made yet": params(service_id=PENDING, private_dns_name=NAME, nsupdate=UPDATES),
    "absent, updates": params(state="absent", nsupdate=UPDATES),
    "absent": params(state="absent", zone="example.com"),
    "absent, no zone": params(state="absent"),
    "absent, by record": params(
        state="absent", service_id=None, record_name=RECORD, record_value=VALUE, hosted_zone_id="Z1"
    ),
    "absent, by first label": params(
        state="absent", service_id=None, record_name="_6e86", record_value=VALUE, private_dns_name=NAME,
        zone="example.com",
    ),
}
SERVICES: list[list[dict[str, Any]]] = [
    [], [service()], [service("failed")], [service("verified")], [service(name=None)],
    [service(), service(ServiceId="vpce-svc-2")], [service("verified", ServiceState="Deleting")],
]
SETS: list[tuple[dict[str, Any], ...]] = [
    (), (txt(f'"{VALUE}"'),), (txt('"other"', ttl=60),), (txt('"other"', f'"{VALUE}"', ttl=60),),
    (txt("elsewhere.", kind="CNAME"),), (txt(f'"{VALUE}"', name="_later.xks.example.com"),),
    ({**txt('"x"'), "SetIdentifier": "a"},),
]
ZONES = [(), (zone(),), (zone(private=True),), (zone(), zone(zone_id="Z2"))]
DNS = [seen(None), seen([VALUE]), seen([VALUE.lower()]), seen(None, silent=True)]


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED.keys())
def test_the_state_that_a_plan_predicts_needs_no_step(wanted: dict[str, Any]) -> None:
    for services, zones, sets, dns in itertools.product(SERVICES, ZONES, SETS, DNS):
        current = view(wanted, services, zones, sets, dns)
        plan = private_dns.plan(wanted, current)
        again = private_dns.plan(wanted, plan.after)
        assert again.steps == (), (services, zones, sets, dns)
        assert set(private_dns.returns(wanted, current)) == set(private_dns.returns(wanted, plan.after))
        if any(item.blocking for item in plan.unmet):
            assert plan.steps == ()


@pytest.mark.parametrize("order", list(itertools.permutations(['"a"', '"b"', f'"{VALUE}"'])))
def test_order_of_values_never_matters(order: tuple[str, ...]) -> None:
    wanted = params(hosted_zone_id="Z1")
    plan = private_dns.plan(wanted, view(wanted, [service("verified")], (zone(),), (txt(*order),)))
    assert plan.steps == ()
    assert plan.changes[0].after == {"name": RECORD, "type": "TXT", "ttl": 1800, "values": ["a", "b", VALUE]}


def verbs(wanted: dict[str, Any], *state: Any, **more: Any) -> list[str]:
    return [step.verb for step in private_dns.plan(wanted, view(wanted, *state, **more)).steps]


CHANGE, START = "change_record", "start_verification"


@pytest.mark.parametrize(
    ("options", "state", "sets", "dns", "expected"),
    [
        ({"zone": "example.com"}, "pendingVerification", (), seen(None), [CHANGE, START]),
        ({"zone": "example.com"}, "failed", (), seen(None), [CHANGE, START]),
        ({"zone": "example.com"}, "verified", (), None, [CHANGE]),
        ({"zone": "example.com"}, "verified", (txt(f'"{VALUE}"'),), None, []),
        ({"zone": "example.com"}, "pendingVerification", (txt(f'"{VALUE}"'),), seen(None), [START]),
        ({"zone": "example.com"}, "verified", (txt(f'"{VALUE.lower()}"'),), None, [CHANGE]),
        ({}, "pendingVerification", (), seen(None), [START]),
        ({}, "verified", (), seen(None), []),
        ({"wait": False}, "pendingVerification", (), seen(None), []),
        ({"wait": False}, "pendingVerification", (), seen([VALUE]), [START]),
        ({"wait": False, "verify_published": False}, "pendingVerification", (), None, [START]),
        ({"zone": "example.com", "publish": "none"}, "verified", (), seen([VALUE]), []),
    ],
)
def test_steps(options: dict[str, Any], state: str, sets: Any, dns: Any, expected: list[str]) -> None:
    assert verbs(params(**options), [service(state)], (zone(),), sets, dns) == expected


def test_verification_starts_only_after_route_53_and_public_dns_have_the_record() -> None:
    wanted = params(zone="example.com")
    plan = private_dns.plan(wanted, view(wanted, [service()], (zone(),), (), seen(None)))
    publish, start = plan.steps
    assert [wait.verb for wait in start.needs] == ["record_change", "look_up"]
    assert start.needs[0].args["change_id"] in publish.binds
    assert RECORD in start.needs[1].what
    assert VALUE in start.needs[1].what


def test_record_that_is_seen_is_not_waited_for() -> None:
    wanted = params()
    plan = private_dns.plan(wanted, view(wanted, [service()], dns=seen([VALUE])))
    assert plan.steps[0].needs == ()


def test_without_looking_nothing_but_route_53_is_waited_for() -> None:
    wanted = params(zone="example.com", verify_published=False)
    plan = private_dns.plan(wanted, view(wanted, [service()], (zone(),)))
    assert [wait.verb for wait in plan.steps[1].needs] == ["record_change"]


def test_what_is_verified_and_in_route_53_needs_no_dns() -> None:
    wanted = params(zone="example.com")
    assert not private_dns.asks_dns(wanted, view(wanted, [service("verified")], (zone(),)))
    assert private_dns.asks_dns(wanted, view(wanted, [service()], (zone(),)))
    assert private_dns.asks_dns(params(), view(params(), [service("verified")]))


def test_publishers_plan_alike_and_only_route_53_tells_when_its_servers_have_a_change() -> None:
    plans = [
        private_dns.plan(wanted, view(wanted, [service()], (zone(),), (), seen(None)))
        for wanted in (params(zone="example.com"), params(zone_role_arn=ROLE), params(nsupdate=UPDATES))
    ]
    assert [plan.diff for plan in plans] == [plans[0].diff] * 3
    assert [[step.verb for step in plan.steps] for plan in plans] == [[CHANGE, START]] * 3
    waits = [[wait.verb for wait in plan.steps[1].needs] for plan in plans]
    assert waits == [["record_change", "look_up"], ["record_change", "look_up"], ["look_up"]]


def test_secret_of_a_bad_key_is_not_told() -> None:
    [problem] = private_dns.check(params(nsupdate={**UPDATES, "key_secret": "not base64!"}), "eu-central-1")
    assert "not base64!" not in str(problem)


@pytest.mark.parametrize(
    ("zones", "name"),
    [
        ([zone("example.com")], "_6e86.xks.example.com"),
        ([zone("xks.example.com")], "_6e86.xks.example.com"),
        ([zone(NAME)], f"_6e86.{NAME}"),
    ],
)
def test_record_goes_at_the_nearest_parent_that_the_zone_holds(zones: list[dict[str, Any]], name: str) -> None:
    wanted = params(publish="route53")
    assert private_dns.returns(wanted, view(wanted, [service()], tuple(zones)))["record"]["name"] == name


def test_record_of_a_service_that_is_not_made_yet_is_pending_but_its_place_is_known() -> None:
    wanted = WANTED["not made yet"]
    plan = private_dns.plan(wanted, view(wanted, [], (zone(),)))
    record = private_dns.returns(wanted, plan.after)["record"]
    assert is_pending(record["name"])
    assert record["name"].endswith(".xks.example.com")
    assert is_pending(record["value"])
    assert [(change.kind, change.name, change.action) for change in plan.changes] == [
        ("TXT record", NAME, "create"), ("domain verification", NAME, "create"),
    ]


@pytest.mark.parametrize(
    ("options", "services", "zones", "sets", "said"),
    [
        ({}, [], (), (), ["R52", "service_id", SERVICE_ID]),
        ({"service_id": None, "name": "payments"}, SERVICES[5], (), (), ["R52", "vpce-svc-2", "service_id"]),
        ({}, [service(name=None)], (), (), ["R52", SERVICE_ID, "xks_endpoint_service"]),
        ({"private_dns_name": "a.b.example.com"}, [service()], (), (), ["R52", "a.b.example.com", NAME]),
        ({"zone": "example.com"}, [service()], (), (), ["R58", "zone", "example.com"]),
        ({"zone": "example.com"}, [service()], (zone(private=True),), (), ["R58", "private zone", "Z1"]),
        ({"zone": "example.com"}, [service()], ZONES[3], (), ["R58", "Z1 and Z2", "hosted_zone_id"]),
        ({"hosted_zone_id": "Z1"}, [service()], (zone("example.net"),), (), ["R59", "example.net", NAME]),
        ({"zone": "example.com", "zone_role_arn": ROLE}, [service()], (), (), ["R58", "account 222222222222"]),
        ({"nsupdate": UPDATES}, [service()], (), (), ["R58", "nsupdate.zone", "ns1.example.com", "example.com"]),
        ({"nsupdate": {**UPDATES, "zone": "example.net"}}, [service()], (zone("example.net"),), (), ["R59", NAME]),
        ({"publish": "route53"}, [service()], (zone("ample.com"),), (), ["R58", NAME, "publish=none"]),
        ({"zone": "example.com"}, [service()], (zone(),), SETS[4], ["R58", "CNAME", "elsewhere."]),
        ({"zone": "example.com"}, [service()], (zone(),), SETS[6], ["N8", "routing policy"]),
    ],
)
def test_refusals(options: dict[str, Any], services: Any, zones: Any, sets: Any, said: list[str]) -> None:
    wanted = params(**options)
    plan = private_dns.plan(wanted, view(wanted, services, zones, sets, seen(None)))
    [problem] = plan.unmet
    assert problem.blocking
    assert plan.steps == ()
    for text in said:
        assert text in str(problem)


def test_silence_stops_a_run_that_would_need_dns() -> None:
    for wanted in (params(zone="example.com"), params()):
        [problem] = private_dns.plan(wanted, view(wanted, [service()], (zone(),), (), seen(None, silent=True))).unmet
        assert problem.blocking
        assert "verify_published" in problem.fix


def test_silence_does_not_keep_the_record_to_publish_back() -> None:
    wanted = params(wait=False)
    current = view(wanted, [service()], dns=seen(None, silent=True))
    assert not any(item.blocking for item in private_dns.plan(wanted, current).unmet)
    assert private_dns.returns(wanted, current)["record"]["value"] == VALUE


def test_absent_repeats_the_stored_set_to_delete_it() -> None:
    wanted = WANTED["absent"]
    split = f'"{VALUE[:4]}" "{VALUE[4:]}"'
    plan = private_dns.plan(wanted, view(wanted, [service("verified")], (zone(),), (txt(split, ttl=42),)))
    [step] = plan.steps
    record = step.args["record"]
    assert (record["name"], record["present"], record["after"]) == (RECORD, False, None)
    assert (record["before"]["ttl"], record["before"]["values"]) == (42, [split])


@pytest.mark.parametrize("label", ["absent", "absent, by record", "absent, by first label"])
def test_absent_leaves_the_values_of_others(label: str) -> None:
    wanted = WANTED[label]
    services = [service("verified")] if label == "absent" else []
    plan = private_dns.plan(wanted, view(wanted, services, (zone(),), SETS[3]))
    [change] = plan.changes
    assert change.action == "update"
    assert change.after == {"name": RECORD, "type": "TXT", "ttl": 60, "values": ["other"]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"private_dns_name": "example.com"}, "private_dns_name"),
        ({"resolvers": ["ns1.example.com"]}, "resolvers"),
        ({"dns_port": 0}, "dns_port"),
        ({"query_timeout": 0}, "query_timeout"),
        ({"ttl": -1}, "ttl"),
        ({"zone_role_arn": "arn:aws:iam::222222222222:user/dns"}, "zone_role_arn"),
        ({"nsupdate": {**UPDATES, "port": 0}}, "nsupdate.port"),
        ({"nsupdate": {**UPDATES, "zone": "exam ple.com"}}, "nsupdate.zone"),
        ({"nsupdate": {**UPDATES, "key_name": "a..b"}}, "nsupdate.key_name"),
        ({"nsupdate": {**UPDATES, "key_secret": "not base64!"}}, "nsupdate.key_secret"),
    ],
)
def test_bad_arguments(options: dict[str, Any], said: str) -> None:
    [problem] = private_dns.check(params(**options), "eu-central-1")
    assert problem.what == said


def test_good_arguments() -> None:
    for wanted in WANTED.values():
        assert private_dns.check({**wanted, "resolvers": ["9.9.9.9", "2620:fe::fe"]}, "eu-central-1") == []
