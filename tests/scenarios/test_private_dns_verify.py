# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""private_dns_verify against the embedded AWS, whose public zones are served by real DNS on loopback."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from emulator.dns_server import DnsServer
from scenarios.harness import CONNECTION, run_module

NAME = "myproxy.xks.example.com"
PENDING = "(known after apply: endpoint service.payments.service_id)"
FOREIGN = '"vpce:someOtherRegion00000"'

Records = dict[tuple[str, str], list[str]]


@functools.cache
def _client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=CONNECTION["region"],
        aws_access_key_id=CONNECTION["access_key"],
        aws_secret_access_key=CONNECTION["secret_key"],
    )


class Account:
    """The emulated account from outside the module, and the module in it."""

    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator
        self.dns_port = emulator.dns_port
        self.service_id = ""

    def client(self, service: str) -> Any:
        return _client(self.emulator.url, service)

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        if options.get("state") != "absent" and not options.get("name"):
            options.setdefault("service_id", self.service_id)
        options = {"resolvers": ["127.0.0.1"], "dns_port": self.dns_port, "wait_timeout": 20, **options}
        return run_module(self.emulator.url, "private_dns_verify", check=check, **options)

    def make_service(self, name: str | None = NAME) -> str:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone="eu-central-1a")
        balancer = self.client("elbv2").create_load_balancer(
            Name="payments", Type="network", Scheme="internal", Subnets=[subnet["Subnet"]["SubnetId"]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.client("elbv2").describe_load_balancers()
        tags = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "Name", "Value": "payments"}]}]
        options = {"PrivateDnsName": name} if name else {}
        made = ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[balancer], AcceptanceRequired=False, TagSpecifications=tags, **options
        )
        self.service_id = made["ServiceConfiguration"]["ServiceId"]
        return self.service_id

    @property
    def configuration(self) -> dict[str, str]:
        """What AWS asks for."""
        found = self.client("ec2").describe_vpc_endpoint_service_configurations(ServiceIds=[self.service_id])
        asked: dict[str, str] = found["ServiceConfigurations"][0]["PrivateDnsNameConfiguration"]
        return asked

    @property
    def record(self) -> str:
        return f"{self.configuration['Name']}.xks.example.com"

    def make_zone(self, name: str = "example.com", private: bool = False) -> str:
        options: dict[str, Any] = {}
        if private:
            vpc = self.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            options = {
                "VPC": {"VPCRegion": CONNECTION["region"], "VPCId": vpc}, "HostedZoneConfig": {"PrivateZone": True},
            }
        made = self.client("route53").create_hosted_zone(Name=name, CallerReference=f"{name}{time.time()}", **options)
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def put(self, zone: str, action: str, name: str, values: list[str], ttl: int = 60, kind: str = "TXT") -> None:
        records = [{"Value": value} for value in values]
        change = {
            "Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": records},
        }
        self.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})

    def txt(self, zone: str) -> dict[str, tuple[int, list[str]]]:
        """Name -> TTL and values of the TXT records of a zone."""
        found = self.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {
            item["Name"].rstrip("."): (item["TTL"], sorted(record["Value"] for record in item["ResourceRecords"]))
            for item in found
            if item["Type"] == "TXT"
        }

    def calls(self, run: Callable[[], dict[str, Any]], **wanted: Any) -> tuple[dict[str, Any], list[str]]:
        """The result of a run, and the calls that it made."""
        before = len(self.emulator.calls())
        result = run()
        new = self.emulator.calls()[before:]
        return result, [call["action"] for call in new if all(call[key] == value for key, value in wanted.items())]


@pytest.fixture
def account(emulator: Any) -> Account:
    return Account(emulator)


@pytest.fixture
def elsewhere(account: Account, emulator: Any) -> Iterator[Records]:
    """A public zone example.com at another DNS provider."""
    records: Records = {}
    with DnsServer(lambda: {"example.com": dict(records)}) as server:
        account.dns_port = server.port
        emulator.configure(dns_server=f"127.0.0.1:{server.port}")
        yield records


def verbs(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(entry["resource"], entry["name"], entry["action"]) for entry in result["actions"]]


# The whole way, with a zone of Route 53.


def test_check_mode_on_an_empty_account_plans_what_the_real_run_then_does(account: Account) -> None:
    zone = account.make_zone()
    options = {"zone": "example.com", "private_dns_name": NAME}
    plan, writes = account.calls(lambda: account.run(check=True, service_id=PENDING, **options), mutating=True)
    assert writes == []
    assert plan["changed"]
    assert plan["verification_started"]
    assert plan["verification_state"] == "verified"
    assert plan["record"]["name"].startswith("(known after apply:")
    assert plan["record"]["name"].endswith(".xks.example.com")
    assert plan["record"]["value"].startswith("(known after apply:")
    assert plan["record"]["zone"] == "example.com"
    assert len(plan["diff"]) == 2

    account.make_service()
    done = account.run(**options)
    assert verbs(done) == verbs(plan) == [("TXT record", NAME, "create"), ("domain verification", NAME, "create")]
    assert set(done) - {"invocation"} == set(plan) - {"invocation"}
    assert done["verification_state"] == "verified"
    value = account.configuration["Value"]
    assert account.configuration["State"] == "verified"
    assert account.txt(zone) == {account.record: (1800, [f'"{value}"'])}
    assert done["record"] == {
        "name": account.record, "type": "TXT", "value": value, "quoted_value": f'"{value}"', "ttl": 1800,
        "zone": "example.com",
    }


@pytest.mark.parametrize(("option", "most"), [("hosted_zone_id", 3), ("zone", 4)])
def test_second_run_changes_nothing_in_a_few_calls(account: Account, option: str, most: int) -> None:
    zone = account.make_zone()
    account.make_service()
    options = {option: zone if option == "hosted_zone_id" else "example.com"}
    assert account.run(**options)["changed"]
    again, calls = account.calls(lambda: account.run(**options))
    assert not again["changed"]
    assert not again["verification_started"]
    assert "diff" not in again
    assert len(calls) <= most
    checked, writes = account.calls(lambda: account.run(check=True, **options), mutating=True)
    assert not checked["changed"]
    assert writes == []
    assert verbs(again) == [("TXT record", NAME, "keep"), ("domain verification", NAME, "keep")]


def test_check_mode_with_a_service_that_waits_writes_nothing(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    plan, writes = account.calls(lambda: account.run(check=True, zone="example.com"), mutating=True)
    assert writes == []
    assert plan["changed"]
    assert account.txt(zone) == {}
    assert plan["record"]["value"] == account.configuration["Value"]
    assert plan["diff"][0]["before"] == {}
    assert plan["diff"][0]["after"]["values"] == [account.configuration["Value"]]


def test_values_and_ttl_of_others_stay(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.put(zone, "CREATE", account.record, [FOREIGN], ttl=77)
    result = account.run(hosted_zone_id=zone)
    value = f'"{account.configuration["Value"]}"'
    assert account.txt(zone)[account.record] == (77, sorted([FOREIGN, value]))
    assert verbs(result)[0] == ("TXT record", NAME, "update")
    assert result["record"]["ttl"] == 77
    assert account.configuration["State"] == "verified"


def test_record_that_vanished_is_published_again_and_nothing_else(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.run(hosted_zone_id=zone)
    value = f'"{account.configuration["Value"]}"'
    account.put(zone, "DELETE", account.record, [value], ttl=1800)
    assert account.run(check=True, hosted_zone_id=zone)["changed"]
    again, writes = account.calls(lambda: account.run(hosted_zone_id=zone), mutating=True)
    assert writes == ["ChangeResourceRecordSets"]
    assert account.txt(zone) == {account.record: (1800, [value])}
    assert not again["verification_started"]


def test_failed_verification_is_started_again(account: Account) -> None:
    """R61"""
    zone = account.make_zone()
    account.make_service()
    account.client("ec2").start_vpc_endpoint_service_private_dns_verification(ServiceId=account.service_id)
    assert account.configuration["State"] == "failed"
    result = account.run(hosted_zone_id=zone)
    assert result["verification_state"] == "verified"
    assert verbs(result)[1] == ("domain verification", NAME, "update")


def test_run_that_was_cut_off_after_publishing_is_finished(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.put(zone, "CREATE", account.record, [f'"{account.configuration["Value"]}"'])
    result, writes = account.calls(lambda: account.run(hosted_zone_id=zone), mutating=True)
    assert writes == ["StartVpcEndpointServicePrivateDnsVerification"]
    assert result["verification_state"] == "verified"


def test_service_is_found_by_its_name_tag(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    assert account.run(name="payments", hosted_zone_id=zone)["verification_state"] == "verified"


def test_auto_takes_the_longest_public_zone(account: Account) -> None:
    account.make_zone("example.com")
    account.make_zone("xks.example.com", private=True)
    longest = account.make_zone("xks.example.com")
    account.make_zone("other.com")
    account.make_service()
    result = account.run(zone="auto")
    assert result["record"]["zone"] == "xks.example.com"
    assert list(account.txt(longest)) == [account.record]
    assert result["verification_state"] == "verified"


def test_without_looking_published_records_up(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.dns_port = 9
    result = account.run(hosted_zone_id=zone, verify_published=False)
    assert result["verification_state"] == "verified"


def test_without_waiting_the_verification_is_left_to_aws(account: Account) -> None:
    """R62: the state is what the service's configuration says."""
    zone = account.make_zone()
    account.make_service()
    account.emulator.configure(time_scale=1.0, delays={"route53_change": 0, "dns_verification": 600})
    result = account.run(hosted_zone_id=zone, wait=False)
    assert result["verification_state"] == "pendingVerification"
    assert result["verification_started"]
    assert not result.get("failed")


# Published elsewhere.


def test_record_of_another_provider_is_found_and_verified(account: Account, elsewhere: Records) -> None:
    account.make_service()
    value = account.configuration["Value"]
    elsewhere[account.record, "TXT"] = [f'"{value}"']
    result, writes = account.calls(account.run, mutating=True)
    assert writes == ["StartVpcEndpointServicePrivateDnsVerification"]
    assert result["verification_state"] == "verified"
    assert result["txt_found"] == {account.record: {"ns1.example.com": [value]}}
    assert verbs(result) == [("domain verification", NAME, "create")]
    again = account.run()
    assert not again["changed"]
    assert again["unmet_requirements"] == []


def test_record_that_appears_while_waiting_is_noticed(account: Account, elsewhere: Records) -> None:
    """R60 and R63: it is waited for, and AWS is asked only once the record is there."""
    account.make_service()
    record, value = account.record, account.configuration["Value"]
    later = threading.Timer(0.7, lambda: elsewhere.update({(record, "TXT"): [f'"{value}"']}))
    later.start()
    assert account.run()["verification_state"] == "verified"


def test_without_waiting_the_record_to_publish_is_returned(account: Account, elsewhere: Records) -> None:
    account.make_service()
    result, writes = account.calls(lambda: account.run(wait=False), mutating=True)
    assert writes == []
    assert not result["changed"]
    assert not result["verification_started"]
    assert result["record"]["name"] == account.record
    assert result["record"]["value"] == account.configuration["Value"]
    assert result["record"]["zone"] is None
    [missing] = result["unmet_requirements"]
    assert missing["number"] == "R58"
    assert not missing["blocking"]
    assert account.record in missing["fix"]


def test_wait_that_runs_out_names_the_record_and_its_value(account: Account, elsewhere: Records) -> None:
    account.make_service()
    result, writes = account.calls(lambda: account.run(wait_timeout=1), mutating=True)
    assert result["failed"]
    assert writes == []
    assert account.record in result["msg"]
    assert account.configuration["Value"] in result["msg"]
    assert "ns1.example.com" in result["msg"]
    assert "next run goes on" in result["msg"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda name, value: {(name, "TXT"): [f'"{value.lower()}"']}, "upper and lower case"),
        (lambda name, value: {(f"{name}.example.com", "TXT"): [f'"{value}"']}, "a second time"),
        (lambda name, value: {(name, "TXT"): [f'"\\"{value}\\""']}, "quotation marks"),
        (lambda name, value: {(name, "TXT"): [FOREIGN]}, "other values only"),
    ],
)
def test_record_that_is_not_quite_right_is_explained(
    account: Account, elsewhere: Records, spoil: Callable[[str, str], Records], said: str
) -> None:
    account.make_service()
    elsewhere.update(spoil(account.record, account.configuration["Value"]))
    result = account.run(wait=False)
    assert not result["changed"]
    assert said in result["explanation"]


def test_bare_domain_is_accepted_as_aws_accepts_it(account: Account, elsewhere: Records) -> None:
    account.make_service()
    elsewhere["example.com", "TXT"] = [f'"{account.configuration["Value"]}"']
    result = account.run()
    assert result["verification_state"] == "verified"
    assert "underscore" in result["explanation"]


def test_verified_name_whose_record_vanished_elsewhere_is_reported(account: Account, elsewhere: Records) -> None:
    account.make_service()
    elsewhere[account.record, "TXT"] = [f'"{account.configuration["Value"]}"']
    account.run()
    elsewhere.clear()
    result = account.run()
    assert not result["changed"]
    assert [entry["number"] for entry in result["unmet_requirements"]] == ["N9"]


def test_verification_that_fails_says_what_is_seen(account: Account, elsewhere: Records, emulator: Any) -> None:
    account.make_service()
    elsewhere[account.record, "TXT"] = [f'"{account.configuration["Value"]}"']
    # AWS asks other servers, that have nothing.
    with DnsServer(lambda: {"example.com": {}}) as empty:
        emulator.configure(dns_server=f"127.0.0.1:{empty.port}")
        result = account.run()
    assert result["failed"]
    assert "failed" in result["msg"]
    assert account.record in result["msg"]
    assert result["verification_state"] == "failed"


def test_no_dns_at_all_stops_before_anything_is_changed(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.dns_port = 9
    result, writes = account.calls(lambda: account.run(hosted_zone_id=zone, query_timeout=0.5), mutating=True)
    assert result["failed"]
    assert writes == []
    assert "verify_published" in result["msg"]


# What is refused.


def refused(account: Account, *said: str, **options: Any) -> dict[str, Any]:
    result, writes = account.calls(lambda: account.run(**options), mutating=True)
    assert result["failed"]
    assert writes == []
    for text in said:
        assert text in result["msg"]
    return result


def test_unknown_service(account: Account) -> None:
    refused(account, "service_id", "vpce-svc-0123", "R52", service_id="vpce-svc-0123")


def test_unknown_name(account: Account) -> None:
    refused(account, "name", "nobody", "R52", name="nobody")


def test_service_without_a_private_dns_name(account: Account) -> None:
    account.make_service(None)
    refused(account, "R52", account.service_id)


def test_service_with_another_private_dns_name(account: Account) -> None:
    account.make_service()
    refused(account, "private_dns_name", "other.xks.example.com", NAME, private_dns_name="other.xks.example.com")


def test_all_bad_arguments_are_named_at_once(account: Account) -> None:
    account.make_service()
    result = refused(
        account, "ns1.example.com", "70000", "-1",
        resolvers=["ns1.example.com"], dns_port=70000, ttl=-1, private_dns_name="example.com",
    )
    assert len(result["unmet_requirements"]) == 4


def test_zone_that_does_not_exist(account: Account) -> None:
    account.make_service()
    refused(account, "zone", "example.net", "R58", zone="example.net")
    refused(account, "hosted_zone_id", "Z0000", "R58", hosted_zone_id="Z0000")
    refused(account, "zone", "auto", "R58", zone="auto")


def test_zone_that_does_not_exist_is_told_before_the_service_exists(account: Account) -> None:
    refused(account, "R58", "example.com", service_id=PENDING, private_dns_name=NAME, zone="example.com", check=True)


def test_private_zone(account: Account) -> None:
    zone = account.make_zone(private=True)
    account.make_service()
    refused(account, "private zone", "R58", zone="example.com")
    refused(account, "private zone", zone, hosted_zone_id=zone)


def test_two_public_zones_of_one_name(account: Account) -> None:
    zones = [account.make_zone(), account.make_zone()]
    account.make_service()
    refused(account, *zones, "hosted_zone_id", zone="example.com")


def test_zone_of_another_domain(account: Account) -> None:
    account.make_zone("example.net")
    account.make_service()
    refused(account, "R59", "example.net", NAME, zone="example.net")


def test_alias_in_the_place_of_the_record(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.put(zone, "CREATE", account.record, ["proof.example.org"], kind="CNAME")
    refused(account, "CNAME", "proof.example.org", hosted_zone_id=zone)


def test_real_run_refuses_a_placeholder(account: Account) -> None:
    refused(account, "known after apply", service_id=PENDING)


def test_missing_permission_is_named(account: Account, emulator: Any) -> None:
    zone = account.make_zone()
    account.make_service()
    emulator.configure(denied=["route53:ChangeResourceRecordSets"])
    result = account.run(hosted_zone_id=zone)
    assert result["failed"]
    assert "route53:ChangeResourceRecordSets" in result["msg"]


# The way back.


def test_absent_takes_our_value_only(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    account.put(zone, "CREATE", account.record, [FOREIGN], ttl=77)
    account.run(hosted_zone_id=zone)
    planned = account.run(check=True, state="absent", service_id=account.service_id, hosted_zone_id=zone)
    result = account.run(state="absent", service_id=account.service_id, hosted_zone_id=zone)
    assert verbs(result) == verbs(planned) == [("TXT record", NAME, "update")]
    assert account.txt(zone) == {account.record: (77, [FOREIGN])}
    again, writes = account.calls(
        lambda: account.run(state="absent", service_id=account.service_id, hosted_zone_id=zone), mutating=True
    )
    assert not again["changed"]
    assert writes == []


@pytest.mark.parametrize("found_by", ["name", "service_id"])
def test_absent_deletes_the_record_with_its_last_value(account: Account, found_by: str) -> None:
    zone = account.make_zone()
    account.make_service()
    account.run(zone="example.com")
    who = {"name": "payments"} if found_by == "name" else {"service_id": account.service_id}
    result = account.run(state="absent", zone="example.com", **who)
    assert verbs(result) == [("TXT record", NAME, "delete")]
    assert account.txt(zone) == {}


def test_absent_after_the_service_with_the_record_that_was_returned(account: Account) -> None:
    zone = account.make_zone()
    account.make_service()
    record = account.run(zone="example.com")["record"]
    account.client("ec2").delete_vpc_endpoint_service_configurations(ServiceIds=[account.service_id])
    options = {"record_name": record["name"], "record_value": record["value"], "zone": "example.com"}
    assert account.run(state="absent", check=True, **options)["changed"]
    assert account.txt(zone) != {}
    assert account.run(state="absent", **options)["changed"]
    assert account.txt(zone) == {}
    assert not account.run(state="absent", **options)["changed"]


def test_absent_of_what_nobody_knows_removes_nothing(account: Account) -> None:
    zone = account.make_zone()
    account.put(zone, "CREATE", "_x.xks.example.com", [FOREIGN])
    result, writes = account.calls(
        lambda: account.run(state="absent", name="payments", zone="example.com"), mutating=True
    )
    assert not result["changed"]
    assert writes == []
    assert result["record"] is None
    assert not account.run(state="absent", name="payments", zone="example.org")["changed"]
