# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_preflight_info on complete, empty, foreign and broken set-ups: it names exactly what is wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emulator import peers, pki
from emulator.proxy import UNAVAILABLE, Behaviour, XksProxy
from scenarios import preflights as ways
from scenarios import prerequisites as before
from scenarios.preflight_faults import (
    FAULTS,
    KMS,
    NOT_FOUND,
    TLS,
    UNREACHABLE,
    attribute,
    no_group,
    other_store,
    proxy_protocol,
    unverified,
    wrong_port,
)
from scenarios.preflights import Break, Site, named, status
from scenarios.proxies import House, old_tls


@pytest.fixture(scope="module")
def good_proxy(house: House) -> Iterator[XksProxy]:
    with ways.served(house) as proxy:
        yield proxy


@pytest.fixture
def site(world: Any, house: House, good_proxy: XksProxy) -> Site:
    return ways.site(world, house, good_proxy.address)


def test_everything_is_met_where_everything_is_right(site: Site) -> None:
    result = site.look()
    assert result["unmet_requirements"] == []
    assert {row["number"]: row["found"] for row in result["requirements"] if row["status"] == "unknown"} == {}
    assert result["counts"]["unknown"] == result["counts"]["unmet"] == 0
    assert (result["ready"], result["predicted_connection_error_code"], result["remedy"]) == (True, None, None)
    people = {row["number"] for row in result["requirements"] if row["status"] == "human"}
    assert people == {"R2", "R27", "R65", "R69", "R70", "R71"}
    assert {"R1", "R12", "R21", "R51", "R54", "R66", "R67", "N3", "N19"} <= {
        row["number"] for row in result["requirements"] if row["status"] == "met"
    }


@pytest.mark.parametrize(("number", "how", "also", "code"), FAULTS)
def test_a_fault_is_named_by_its_number(
    site: Site, number: str, how: Break, also: set[str], code: str | None
) -> None:
    changes = how(site)
    result = site.look(**(changes if isinstance(changes, Mapping) else {}))
    assert named(result) == {number, *also}
    assert status(result, number) == "unmet"
    assert result["predicted_connection_error_code"] == code


def tls_1_1() -> Behaviour:
    return old_tls(ssl.TLSVersion.TLSv1_1)


def mutual(house: House) -> Behaviour:
    return Behaviour(client_ca_file=house.ca_file, tls_maximum=ssl.TLSVersion.TLSv1_2)


PROXIES: list[Any] = [
    pytest.param("R13", lambda h: pki.expired_leaf(h.root, ways.NAME), None, {"R13"}, TLS, id="R13"),
    pytest.param("R14", lambda h: pki.issue_leaf(h.root, "a.example.org"), None, {"R14"}, TLS, id="R14"),
    pytest.param("R15", None, lambda h: Behaviour(denied=frozenset({"health"})), {"R15"},
                 "XKS_PROXY_ACCESS_DENIED", id="R15"),
    pytest.param("R28", None, lambda h: Behaviour(health=[UNAVAILABLE] * 2), {"R28"}, UNREACHABLE, id="R28"),
    pytest.param("R53", lambda h: pki.issue_leaf(h.root, ways.NAME, common_name="proxy"), None, {"R53"}, None,
                 id="R53"),
    pytest.param("R54", lambda h: pki.issue_leaf(h.root, ways.NAME, alternative_names=["a.example.org"]), None,
                 {"R54"}, TLS, id="R54"),
    pytest.param("N1", None, mutual, {"N1"}, TLS, id="N1"),
    pytest.param("N2", None, lambda h: tls_1_1(), {"N2"}, TLS, id="N2"),
]


@pytest.mark.parametrize(("number", "leaf", "behaviour", "listed", "code"), PROXIES)
def test_a_fault_of_the_proxy_is_named_by_its_number(
    site: Site, number: str, leaf: Any, behaviour: Any, listed: set[str], code: str | None
) -> None:
    house = site.house
    with site.other_proxy(leaf(house) if leaf else None, behaviour(house) if behaviour else None):
        result = site.look()
    assert named(result) == listed
    assert status(result, number) == "unmet"
    assert (result["predicted_connection_error_code"], (result["remedy"] or {}).get("code")) == (code, code)


def test_a_proxy_that_accepts_and_says_nothing(site: Site) -> None:
    """R1: what AWS KMS waits for does not come."""
    with peers.Peer(peers.silent) as address:
        result = site.look(probe_addresses=[f"{address[0]}:{address[1]}"], probe_timeout=0.3)
    assert (named(result), status(result, "R1")) == ({"R1"}, "unmet")
    assert result["predicted_connection_error_code"] == "XKS_PROXY_TIMED_OUT"


@pytest.mark.parametrize(
    ("how", "listed", "also"),
    [
        (lambda site: ways.allow(site, [], [KMS]), "R9", {"R66", "R67"}),
        (lambda site: ways.allow(site, ["cks.kms.us-east-1.amazonaws.com"], [KMS]), "R9", {"R66", "R67", "R68"}),
        (lambda site: ways.modify_service(site, AcceptanceRequired=True), "R8", {"R51"}),
        (unverified, "R57", {"R12", "R58"}),
    ],
    ids=["R66 R67", "R68", "R51", "R12 R58"],
)
def test_what_another_number_says_already_is_unmet_too_and_listed_once(
    site: Site, how: Break, listed: str, also: set[str]
) -> None:
    changes = how(site)
    result = site.look(**(changes if isinstance(changes, Mapping) else {}))
    assert {number for number in also if status(result, number) != "unmet"} == set()
    assert named(result) - {"R58"} == {listed}


@pytest.mark.parametrize(
    "how",
    [
        None,
        lambda site: ways.modify_service(site, AcceptanceRequired=True),
        lambda site: ways.allow(site, [], [KMS]),
        no_group,
        lambda site: ways.listen(site, Port=8443),
        lambda site: ways.modify_service(site, RemovePrivateDnsName=True),
    ],
    ids=["nothing", "R8", "R9", "R29", "R44", "R52"],
)
def test_the_connect_ends_as_predicted(site: Site, how: Break | None) -> None:
    other_store(site)
    if how:
        how(site)
    result = site.look(custom_key_store_name="other")
    kms = site.client("kms")
    (store,) = kms.describe_custom_key_stores()["CustomKeyStores"]
    kms.connect_custom_key_store(CustomKeyStoreId=store["CustomKeyStoreId"])
    (store,) = kms.describe_custom_key_stores()["CustomKeyStores"]
    assert result["predicted_connection_error_code"] == store.get("ConnectionErrorCode")
    assert store["ConnectionState"] == ("FAILED" if how else "CONNECTED")
    failed = site.look(custom_key_store_name="other")["chain"]["key_store"]
    assert failed["connection_error_code"] == store.get("ConnectionErrorCode")


def test_a_host_that_sees_another_dns_does_not_overrule_what_aws_has_verified(site: Site) -> None:
    """R11 holds where AWS verified the domain; a look from here that finds no zone stops nothing (N9)."""
    ways.take_record_away(site)
    route53 = site.client("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        route53.delete_hosted_zone(Id=zone["Id"])
    result = site.look()
    assert (status(result, "R11"), status(result, "N9"), result["ready"]) == ("met", "unmet", True)
    (told,) = result["unmet_requirements"]
    assert "no zone of public DNS holds" in told["found"]
    assert "resolvers" in told["fix"]


def test_before_anything_exists(world: Any) -> None:
    """What cannot hold yet is unknown, with the module that makes it so; what is wrong with the options is unmet."""
    before.client(world.url, "route53").create_hosted_zone(Name=before.DOMAIN, CallerReference="preflight")
    wanted = {"name": "payments", "private_dns_name": ways.NAME, "targets": list(before.TARGETS),
              "custom_key_store_name": "payments", "uri_path": before.URI_PATH, "probe": False}
    result = ways.look(world, **wanted)
    assert (result["unmet_requirements"], result["ready"]) == ([], True)
    rows = {row["number"]: row for row in result["requirements"]}
    assert {number: rows[number]["status"] for number in ("R11", "R17", "N3", "N4", "N19")} == dict.fromkeys(
        ("R11", "R17", "N3", "N4", "N19"), "met"
    )
    for number, module in (("R3", "xks_vpc"), ("R39", "xks_load_balancer"), ("R8", "xks_endpoint_service")):
        assert (rows[number]["status"], f"keylink.aws.{module}" in rows[number]["fix"]) == ("unknown", True)
    assert rows["R3"]["found"] == "there is no VPC yet"
    assert result["chain"]["load_balancer"] == {"exists": False}
    assert result["chain"]["key_store"] == {"exists": False}
    wrong = ways.look(world, **{**wanted, "private_dns_name": "proxy.internal", "targets": ["10.0.0.10"]})
    assert named(wrong) == {"R11", "R30"}
    world.configure(balancer_quota=0)
    assert named(ways.look(world, **wanted)) == {"N19"}


def test_regions_without_external_key_stores(world: Any) -> None:
    """R17"""
    result = ways.look(world, region="cn-north-1", name="payments", probe=False)
    assert (named(result), result["ready"]) == ({"R17"}, False)


def test_from_the_key_store_backwards(site: Site) -> None:
    """Somebody else's set-up, of which only the name of the key store is known; and its failed connection."""
    other_store(site)
    result = ways.look(site.world, custom_key_store_name="other", include_keys=True, probe=False)
    assert named(result) == set()
    chain = result["chain"]
    assert chain["vpc"]["vpc_id"] == site.service.vpc_id
    assert chain["load_balancer"]["load_balancer_arn"] == site.service.load_balancer_arn
    assert chain["target_group"]["target_group_arn"] == site.service.target_group_arn
    assert {target["id"] for target in chain["targets"]} == set(before.TARGETS)
    service = chain["endpoint_service"]
    assert (service["service_id"], service["owned"]) == (site.service.service_id, True)
    assert (chain["private_dns"]["name"], chain["private_dns"]["state"]) == (ways.NAME, "verified")
    assert chain["allowed_principals"] == [KMS]
    assert (chain["key_store"]["exists"], chain["key_store"]["connection_state"]) == (True, "DISCONNECTED")
    assert (chain["keys"], chain["proxy"]) == ([], None)
    assert list(chain["private_dns"]["found_at"]) == [f"{chain['private_dns']['record']['name']}.{before.DOMAIN}"]


def test_targets_that_cannot_be_reached_from_here_say_nothing(site: Site) -> None:
    """The controller need not be in the VPC: then nothing is known of the proxy, and nothing is blamed on it."""
    result = site.look(probe_addresses=None, targets=["127.0.0.3", "127.0.0.4"], probe_timeout=0.2)
    assert {status(result, number) for number in ("R1", "R13", "R14", "R15", "R28", "N1", "N2")} == {"unknown"}
    assert "no target can be reached from this host" in result["explanation"]
    assert named(result) == {"R37"}


def test_ten_faults_are_told_at_once(site: Site) -> None:
    """One run tells R3, R8, R9, R18, R24, R38, N3, N6, N9 and R13."""
    ways.route_to_internet(site)
    ways.modify_service(site, AcceptanceRequired=True)
    ways.allow(site, ["arn:aws:iam::123456789012:root"], [KMS])
    attribute("EnableDnsHostnames")(site)
    wrong_port(site)
    proxy_protocol(site)
    ways.take_record_away(site)
    with site.other_proxy(pki.expired_leaf(site.house.root, ways.NAME)):
        result = site.look(data_center_cidrs=["10.0.0.0/8"], custom_key_store_name="x" * 300)
    ten = {"R3", "R8", "R9", "R13", "R18", "R24", "R38", "N3", "N6", "N9"}
    assert named(result) == ten
    assert [number for number in ten if f"{number}: " not in result["explanation"]] == []
    assert (result["counts"]["unmet"], result["ready"]) == (len(ten | {"R51", "R66", "R67"}), False)
    assert result["predicted_connection_error_code"] == NOT_FOUND


READS = {
    "kms:DescribeCustomKeyStores": "N4", "ec2:DescribeVpcEndpointServiceConfigurations": "R8",
    "ec2:DescribeVpcEndpointServicePermissions": "R9", "ec2:DescribeVpcEndpointConnections": None,
    "elasticloadbalancing:DescribeLoadBalancers": "R39", "elasticloadbalancing:DescribeListeners": "R43",
    "elasticloadbalancing:DescribeTargetGroups": "R31", "elasticloadbalancing:DescribeTargetHealth": "R30",
    "elasticloadbalancing:DescribeTargetGroupAttributes": "N6", "ec2:DescribeVpcs": "R18",
    "ec2:DescribeVpcAttribute": "R24", "ec2:DescribeSubnets": "R23", "ec2:DescribeRouteTables": "R3",
    "servicequotas:GetServiceQuota": None,
}


def test_a_missing_permission_makes_unknown_what_depends_on_it_and_stops_nothing(site: Site) -> None:
    """Each call that the module makes is denied in turn."""
    since = len(site.world.calls())
    site.look()
    assert {call["action"] for call in site.world.calls()[since:]} == {action.partition(":")[2] for action in READS}
    for action, number in READS.items():
        site.world.configure(denied=[action])
        result = site.look()
        rows = {row["number"]: row for row in result["requirements"]}
        assert named(result) == set(), (action, result["unmet_requirements"])
        assert result["ready"] is True
        if number:
            assert (action, rows[number]["status"]) == (action, "unknown")
            assert action in rows[number]["found"]
            assert rows["R17"]["status"] == "met"
    site.world.configure(denied=["*"])
    assert site.look()["counts"]["met"] > 0
