# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudTrail: the event history, trails, and what goes through an interface endpoint."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from fidelity.chain import ACCESS_KEY, REGION, client, refused

from emulator.client import call_through

OTHER_KEY = "AKIAOTHERACCOUNT0001"
OTHER_ACCOUNT = "210987654321"
SESSION = "arn:aws:sts::123456789012:assumed-role/Payments/worker-1"
DENY_LISTING = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:ListKeys", "Resource": "*"},
    ]
}


class Place:
    """A VPC with a KMS endpoint, and clients on either side of it."""

    def __init__(self, emulator: Any, **options: Any) -> None:
        self.emulator = emulator
        self.ec2, self.trail = client(emulator.url, "ec2"), client(emulator.url, "cloudtrail")
        self.logs, self.kms = client(emulator.url, "logs"), client(emulator.url, "kms")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{attribute: {"Value": True}})
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.1.0.0/24", AvailabilityZone=f"{REGION}a")
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.kms",
            SubnetIds=[subnet["Subnet"]["SubnetId"]], **options,
        )["VpcEndpoint"]
        self.endpoint, self.host = made["VpcEndpointId"], made["DnsEntries"][0]["DnsName"]
        self.ec2.describe_vpc_endpoints()

    def inside(self, access_key: str = ACCESS_KEY, host: str | None = None) -> Any:
        """KMS by the host name of the endpoint."""
        make: Any = boto3.client
        kms = make(
            "kms", endpoint_url=self.emulator.url, region_name=REGION, aws_access_key_id=access_key,
            aws_secret_access_key="secret",
        )
        return call_through(kms, host or self.host)

    def events(self, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.trail.lookup_events(**asked)["Events"]
        return found

    def records(self, name: str) -> list[dict[str, Any]]:
        asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
        return [json.loads(event["CloudTrailEvent"]) for event in self.events(LookupAttributes=asked)]

    def delivered(self, pattern: str = "") -> list[dict[str, Any]]:
        asked = {"filterPattern": pattern} if pattern else {}
        found = self.logs.filter_log_events(logGroupName="trail", **asked)["events"]
        return [json.loads(event["message"]) for event in found]

    def log(self, *selectors: dict[str, Any], name: str = "audit") -> str:
        """A trail that logs to a log group."""
        self.logs.create_log_group(logGroupName="trail")
        arn = self.logs.describe_log_groups()["logGroups"][0]["arn"]
        made: str = self.trail.create_trail(
            Name=name, S3BucketName="trails", CloudWatchLogsLogGroupArn=arn,
            CloudWatchLogsRoleArn="arn:aws:iam::1:role/x",
        )["TrailARN"]
        if selectors:
            self.trail.put_event_selectors(TrailName=name, AdvancedEventSelectors=list(selectors))
        self.trail.start_logging(Name=name)
        return made


def selector(**fields: Any) -> dict[str, Any]:
    found = [
        {"Field": name.replace("__", "."), **(value if isinstance(value, dict) else {"Equals": value})}
        for name, value in fields.items()
    ]
    return {"Name": "test", "FieldSelectors": found}


NETWORK = selector(eventCategory=["NetworkActivity"], eventSource=["kms.amazonaws.com"])


@pytest.fixture
def place(emulator: Any) -> Place:
    return Place(emulator)


def test_a_record_is_what_aws_writes(place: Place) -> None:
    place.emulator.configure(identities={ACCESS_KEY: SESSION})
    key = place.kms.create_key()["KeyMetadata"]
    place.kms.create_alias(AliasName="alias/payments", TargetKeyId=key["KeyId"])
    place.inside().encrypt(KeyId="alias/payments", Plaintext=b"secret words")
    (event,) = place.events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "Encrypt"}])
    assert (event["EventSource"], event["ReadOnly"], event["Username"]) == ("kms.amazonaws.com", "true", "worker-1")
    assert event["Resources"] == [{"ResourceType": "AWS::KMS::Key", "ResourceName": key["Arn"]}]
    assert "secret words" not in event["CloudTrailEvent"]
    record = json.loads(event["CloudTrailEvent"])
    assert record["userIdentity"]["arn"] == SESSION
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == "arn:aws:iam::123456789012:role/Payments"
    assert record["requestParameters"] == {"keyId": "alias/payments"}
    assert [(item["ARN"], item["type"]) for item in record["resources"]] == [(key["Arn"], "AWS::KMS::Key")]
    assert (record["eventType"], record["eventCategory"], record["readOnly"]) == ("AwsApiCall", "Management", True)
    assert (record["vpcEndpointId"], record["vpcEndpointAccountId"]) == (place.endpoint, "123456789012")
    assert record["sourceIPAddress"].startswith("10.1.")
    assert "errorCode" not in record


def test_only_calls_through_the_endpoint_name_it(place: Place) -> None:
    place.kms.list_keys()
    assert "vpcEndpointId" not in place.records("ListKeys")[0]
    place.inside().list_aliases()
    assert place.records("ListAliases")[0]["vpcEndpointId"] == place.endpoint


def test_private_dns_takes_the_calls_of_a_vpc_through_its_endpoint(emulator: Any) -> None:
    place = Place(emulator, PrivateDnsEnabled=True)
    emulator.configure(callers_in_vpc={ACCESS_KEY: place.vpc})
    place.kms.list_keys()
    assert place.records("ListKeys")[0]["vpcEndpointId"] == place.endpoint
    assert "vpcEndpointId" not in place.records("CreateVpc")[0]


def test_a_host_name_of_no_endpoint_leads_nowhere(place: Place) -> None:
    host = place.host.replace(place.endpoint, "vpce-00000000000000000")
    with pytest.raises(place.kms.exceptions.ClientError):
        place.inside(host=host).list_keys()
    assert place.records("ListKeys") == []


def test_errors_are_in_the_record(place: Place) -> None:
    refused("NotFoundException", place.kms.describe_key, KeyId="12345678-1234-1234-1234-123456789012")
    assert place.records("DescribeKey")[0]["errorCode"] == "NotFoundException"
    place.emulator.configure(denied=["ec2:DescribeVpcs"])
    refused("UnauthorizedOperation", place.ec2.describe_vpcs)
    assert place.records("DescribeVpcs")[0]["errorCode"] == "Client.UnauthorizedOperation"


def test_the_history_is_paged_newest_first(place: Place) -> None:
    for dummy in range(7):
        place.kms.list_keys()
    source = {"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}
    asked: dict[str, Any] = {"LookupAttributes": [source]}
    first = place.trail.lookup_events(MaxResults=5, **asked)
    assert len(first["Events"]) == 5
    place.kms.list_aliases()
    second = place.trail.lookup_events(MaxResults=5, NextToken=first["NextToken"], **asked)
    assert [event["EventName"] for event in second["Events"]] == ["ListKeys", "ListKeys"]
    assert "NextToken" not in second
    newest = place.trail.lookup_events(MaxResults=1, **asked)
    assert newest["Events"][0]["EventName"] == "ListAliases"
    wrong = {**asked, "MaxResults": 4, "NextToken": first["NextToken"]}
    refused("InvalidNextTokenException", place.trail.lookup_events, **wrong)


def test_a_time_range_has_its_ends_in_it(place: Place) -> None:
    place.kms.list_keys()
    at = place.events(MaxResults=1)[0]["EventTime"]
    second = timedelta(seconds=1)
    assert "ListKeys" in [event["EventName"] for event in place.events(StartTime=at, EndTime=at + second)]
    assert [event["EventTime"] for event in place.events(EndTime=at - 10 * second)] == []
    assert [event["EventTime"] for event in place.events(StartTime=at + 10 * second, EndTime=at + 20 * second)] == []


def test_what_lookup_events_refuses(place: Place) -> None:
    look = place.trail.lookup_events
    attribute = {"AttributeKey": "EventName", "AttributeValue": "ListKeys"}
    now = datetime.now(UTC)
    refused("InvalidLookupAttributesException", look, LookupAttributes=[attribute, attribute])
    refused("InvalidTimeRangeException", look, StartTime=now, EndTime=now - timedelta(hours=1))
    refused("InvalidMaxResultsException", look, MaxResults=51)
    refused("InvalidNextTokenException", look, NextToken="?")
    refused("ValidationException", look, LookupAttributes=[{"AttributeKey": "VpcEndpointId", "AttributeValue": "x"}])


def test_the_history_has_90_days_and_is_late(place: Place) -> None:
    place.kms.list_keys()
    assert len(place.records("ListKeys")) == 1
    place.emulator.advance(91 * 86_400)
    assert place.records("ListKeys") == []
    place.emulator.configure(delays={"cloudtrail_event": 300}, time_scale=1.0)
    place.kms.list_keys()
    assert place.records("ListKeys") == []
    place.emulator.advance(301)
    assert len(place.records("ListKeys")) == 1


def test_two_requests_a_second(place: Place) -> None:
    place.emulator.configure(lookup_rate=2)
    place.events()
    place.events()
    assert refused("ThrottlingException", place.trail.lookup_events) == "Rate exceeded"
    place.emulator.advance(1.0)
    place.events()


def test_a_denied_call_is_in_no_history_but_a_network_activity_event(emulator: Any) -> None:
    """D14, R110."""
    place = Place(emulator, PolicyDocument=json.dumps(DENY_LISTING))
    place.log(selector(eventCategory=["Management"]), NETWORK)
    message = refused("AccessDeniedException", place.inside().list_keys)
    assert "explicit deny in a VPC endpoint policy" in message
    place.inside().list_aliases()
    place.kms.list_keys()
    assert ["vpcEndpointId" in record for record in place.records("ListKeys")] == [False]
    pattern = f'{{ ($.eventCategory = "NetworkActivity") && ($.vpcEndpointId = "{place.endpoint}") }}'
    denied, allowed = place.delivered(pattern)
    assert (denied["eventName"], denied["errorCode"], denied["eventType"]) == (
        "ListKeys", "VpceAccessDenied", "AwsVpceEvent",
    )
    assert "requestParameters" not in denied
    assert allowed["eventName"] == "ListAliases"
    assert "errorCode" not in allowed
    everything = [(record["eventCategory"], record["eventName"]) for record in place.delivered()]
    assert ("Management", "ListAliases") in everything
    assert everything.count(("Management", "ListKeys")) == 1


def test_the_owner_of_the_endpoint_gets_other_accounts_network_activity(place: Place) -> None:
    """R109."""
    place.emulator.configure(accounts={OTHER_KEY: OTHER_ACCOUNT})
    place.log(NETWORK)
    place.inside(OTHER_KEY).list_keys()
    assert place.records("ListKeys") == []
    (record,) = place.delivered()
    assert record["userIdentity"] == {"type": "AWSAccount", "principalId": OTHER_KEY, "accountId": OTHER_ACCOUNT}
    assert record["recipientAccountId"] == "123456789012"


def test_a_trail_delivers_what_it_selects_while_it_logs(emulator: Any) -> None:
    place = Place(emulator, PolicyDocument=json.dumps(DENY_LISTING))
    only_denied = selector(
        eventCategory=["NetworkActivity"], eventSource=["kms.amazonaws.com"], errorCode=["VpceAccessDenied"],
        vpcEndpointId=[place.endpoint],
    )
    place.log(only_denied)
    place.inside().list_aliases()
    assert place.delivered() == []
    place.trail.stop_logging(Name="audit")
    refused("AccessDeniedException", place.inside().list_keys)
    assert place.delivered() == []
    place.trail.start_logging(Name="audit")
    refused("AccessDeniedException", place.inside().list_keys)
    assert [record["eventName"] for record in place.delivered()] == ["ListKeys"]


BASIC = {"ReadWriteType": "All", "IncludeManagementEvents": True}
KMS = {"eventCategory": ["NetworkActivity"], "eventSource": ["kms.amazonaws.com"]}

SELECTORS: list[tuple[str, dict[str, Any]]] = [
    ("both kinds", {"EventSelectors": [BASIC], "AdvancedEventSelectors": [NETWORK]}),
    ("neither", {}),
    ("none", {"AdvancedEventSelectors": []}),
    ("six basic", {"EventSelectors": [BASIC] * 6}),
    ("basic of another type", {"EventSelectors": [{**BASIC, "DataResources": [{"Type": "AWS::KMS::Key"}]}]}),
    ("no category", {"AdvancedEventSelectors": [selector(eventSource=["kms.amazonaws.com"])]}),
    ("no source", {"AdvancedEventSelectors": [selector(eventCategory=["NetworkActivity"])]}),
    ("two sources", {"AdvancedEventSelectors": [selector(**{**KMS, "eventSource": ["a.amazonaws.com", "b"]})]}),
    ("source without such events", {"AdvancedEventSelectors": [selector(**{**KMS, "eventSource": ["ssmmessages"]})]}),
    ("field of data events", {"AdvancedEventSelectors": [selector(**KMS, readOnly=["true"])]}),
    ("another error", {"AdvancedEventSelectors": [selector(**KMS, errorCode=["AccessDenied"])]}),
    ("error by its start", {"AdvancedEventSelectors": [selector(**KMS, errorCode={"StartsWith": ["Vpce"]})]}),
    ("no condition", {"AdvancedEventSelectors": [selector(**KMS, eventName={})]}),
    ("data without type", {"AdvancedEventSelectors": [selector(eventCategory=["Data"])]}),
    ("too many values", {"AdvancedEventSelectors": [selector(**KMS, eventName=[f"a{n}" for n in range(499)])]}),
]


@pytest.mark.parametrize("params", [row[1] for row in SELECTORS], ids=[row[0] for row in SELECTORS])
def test_what_put_event_selectors_refuses(emulator: Any, params: dict[str, Any]) -> None:
    trail = client(emulator.url, "cloudtrail")
    trail.create_trail(Name="audit", S3BucketName="trails")
    refused("InvalidEventSelectorsException", trail.put_event_selectors, TrailName="audit", **params)
    assert trail.get_event_selectors(TrailName="audit")["EventSelectors"][0]["ReadWriteType"] == "All"


def test_the_life_of_a_trail(emulator: Any) -> None:
    trail = client(emulator.url, "cloudtrail")
    refused("TrailNotFoundException", trail.get_trail, Name="audit")
    refused("InvalidTrailNameException", trail.create_trail, Name="a", S3BucketName="trails")
    refused("CloudTrailARNInvalidException", trail.get_trail, Name="arn:aws:iam::1:user/x")
    missing = "arn:aws:logs:eu-central-1:123456789012:log-group:none:*"
    refused(
        "InvalidCloudWatchLogsLogGroupArnException", trail.create_trail, Name="audit", S3BucketName="trails",
        CloudWatchLogsLogGroupArn=missing, CloudWatchLogsRoleArn="arn:aws:iam::1:role/x",
    )
    arn = trail.create_trail(Name="audit", S3BucketName="trails", IsMultiRegionTrail=True)["TrailARN"]
    refused("TrailAlreadyExistsException", trail.create_trail, Name="audit", S3BucketName="trails")
    assert trail.get_trail_status(Name=arn)["IsLogging"] is False
    make: Any = boto3.client
    elsewhere = make(
        "cloudtrail", endpoint_url=emulator.url, region_name="us-east-1", aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="secret",
    )
    assert [item["HomeRegion"] for item in elsewhere.describe_trails()["trailList"]] == [REGION]
    assert elsewhere.describe_trails(includeShadowTrails=False)["trailList"] == []
    refused(
        "InvalidHomeRegionException", elsewhere.put_event_selectors, TrailName=arn, AdvancedEventSelectors=[NETWORK]
    )
    trail.put_event_selectors(TrailName=arn, AdvancedEventSelectors=[NETWORK])
    assert trail.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"] == [NETWORK]
    assert trail.get_trail(Name="audit")["Trail"]["HasCustomEventSelectors"] is True
    trail.put_event_selectors(TrailName=arn, EventSelectors=[{**BASIC, "ReadWriteType": "WriteOnly"}])
    assert "AdvancedEventSelectors" not in trail.get_event_selectors(TrailName="audit")
    trail.delete_trail(Name="audit")
    assert trail.describe_trails()["trailList"] == []


def test_filter_log_events(place: Place) -> None:
    place.log()
    for dummy in range(3):
        place.kms.list_keys()
    page = place.logs.filter_log_events(logGroupName="trail", limit=2)
    assert len(page["events"]) == 2
    rest = place.logs.filter_log_events(logGroupName="trail", nextToken=page["nextToken"])
    assert [json.loads(event["message"])["eventName"] for event in rest["events"]].count("ListKeys") >= 1
    arn = place.logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    assert len(place.logs.filter_log_events(logGroupIdentifier=arn, limit=2)["events"]) == 2
    elsewhere = arn.replace("123456789012", OTHER_ACCOUNT)
    refused("ResourceNotFoundException", place.logs.filter_log_events, logGroupIdentifier=elsewhere)
    refused("ResourceNotFoundException", place.logs.filter_log_events, logGroupName="none")
    refused("InvalidParameterException", place.logs.filter_log_events, logGroupName="trail", filterPattern="{ ? }")
    refused("InvalidParameterException", place.logs.filter_log_events)
