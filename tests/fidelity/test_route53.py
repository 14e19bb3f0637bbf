# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zones, record sets, and when a change is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.message
import dns.query
import pytest
from fidelity.chain import refused

Aws = Callable[[str], Any]


@pytest.fixture
def zone(aws: Aws) -> str:
    made: str = aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    return made


def record(name: str = "_a.example.com", values: tuple[str, ...] = ('"one"',), kind: str = "TXT") -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}


def batch(action: str, *records: dict[str, Any]) -> dict[str, Any]:
    return {"Changes": [{"Action": action, "ResourceRecordSet": item} for item in records]}


FLAWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("exists", "CREATE", record("_there.example.com"), "already exists"),
    ("not quoted", "CREATE", record(values=("vpce:x",)), "quotation marks"),
    ("too long", "CREATE", record(values=(f'"{"x" * 256}"',)), "TooLong"),
    ("other zone", "CREATE", record("_a.example.org"), "not permitted in zone"),
    ("twice", "CREATE", record(values=('"a"', '"a"')), "Duplicate"),
    ("address", "CREATE", record("a.example.com", ("300.1.1.1",), "A"), "IPv4"),
    ("no values", "CREATE", {"Name": "_a.example.com", "Type": "TXT", "TTL": 60}, "Expected exactly one"),
    ("name", "UPSERT", record("a..example.com"), "DomainLabel"),
    ("alias beside", "CREATE", record("_there.example.com", ("x.example.com",), "CNAME"), "conflicts"),
    ("delete unknown", "DELETE", record("_none.example.com"), "not found"),
    ("delete other values", "DELETE", record("_there.example.com", ('"two"',)), "do not match"),
]


@pytest.mark.parametrize(("action", "item", "text"), [row[1:] for row in FLAWS], ids=[row[0] for row in FLAWS])
def test_batches_that_are_refused(aws: Aws, zone: str, action: str, item: dict[str, Any], text: str) -> None:
    change = aws("route53").change_resource_record_sets
    change(HostedZoneId=zone, ChangeBatch=batch("CREATE", record("_there.example.com")))
    both = {"Changes": [*batch("UPSERT", record("_ok.example.com"))["Changes"], *batch(action, item)["Changes"]]}
    assert text in refused("InvalidChangeBatch", change, HostedZoneId=zone, ChangeBatch=both)
    found = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    # All or nothing: the good half was not done either.
    assert [item["Name"] for item in found if item["Type"] == "TXT"] == ["_there.example.com."]


def test_a_change_is_pending_then_in_sync(emulator: Any, aws: Aws, zone: str) -> None:
    emulator.configure(time_scale=1.0)
    change = aws("route53").change_resource_record_sets
    made = change(HostedZoneId=zone, ChangeBatch=batch("CREATE", record()))["ChangeInfo"]
    assert made["Status"] == "PENDING"

    def answer() -> list[str]:
        query = dns.message.make_query("_a.example.com", "TXT")
        found = dns.query.udp(query, "127.0.0.1", port=emulator.dns_port, timeout=3)
        return [text.to_text() for rrset in found.answer for text in rrset]

    assert answer() == []
    emulator.advance(60)
    assert aws("route53").get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert answer() == ['"one"']
    refused("NoSuchChange", aws("route53").get_change, Id="C0")


def test_upsert_replaces_and_delete_needs_the_values(aws: Aws, zone: str) -> None:
    r53 = aws("route53")
    values = ('"one"', '"two"')
    for item in (record(), record(values=values)):
        r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch("UPSERT", item))
    found = r53.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="_a.example.com", StartRecordType="TXT", MaxItems="1"
    )["ResourceRecordSets"]
    assert [entry["Value"] for entry in found[0]["ResourceRecords"]] == list(values)
    r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch("DELETE", record(values=values[::-1])))


def test_zones(aws: Aws, zone: str) -> None:
    r53 = aws("route53")
    refused("HostedZoneAlreadyExists", r53.create_hosted_zone, Name="example.org", CallerReference="1")
    refused("InvalidDomainName", r53.create_hosted_zone, Name="exa mple.org", CallerReference="2")
    refused("NoSuchHostedZone", r53.get_hosted_zone, Id="Z0")
    vpc = {"VPCRegion": "eu-central-1", "VPCId": "vpc-1"}
    private = r53.create_hosted_zone(Name="example.com", CallerReference="3", VPC=vpc)
    assert private["HostedZone"]["Config"]["PrivateZone"] is True
    refused("ConflictingDomainExists", r53.create_hosted_zone, Name="example.com", CallerReference="4", VPC=vpc)
    r53.create_hosted_zone(Name="xks.example.com", CallerReference="5")
    names = [item["Name"] for item in r53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]]
    assert names == ["example.com.", "example.com.", "xks.example.com."]
    page = r53.list_hosted_zones_by_name(MaxItems="1")
    assert page["IsTruncated"] is True
    assert page["NextDNSName"] == "example.com."
    assert len(r53.list_hosted_zones(MaxItems="2")["HostedZones"]) == 2
    r53.change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone.rsplit("/", 1)[-1], AddTags=[{"Key": "k", "Value": "v"}]
    )
    tags = r53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.rsplit("/", 1)[-1])
    assert tags["ResourceTagSet"]["Tags"] == [{"Key": "k", "Value": "v"}]
    r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch("CREATE", record()))
    refused("HostedZoneNotEmpty", r53.delete_hosted_zone, Id=zone)
    r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch("DELETE", record()))
    r53.delete_hosted_zone(Id=zone)
