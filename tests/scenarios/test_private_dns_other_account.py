# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""private_dns_verify with the zone in another account, whose role is assumed for Route 53 alone (R58, N8)."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import session, txt_zone

from scenarios.domains import NAME, Account, verbs
from scenarios.harness import CONNECTION

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/dns"
THEIR_KEY = "AKIAEXAMPLEEXAMPLE02"
FOREIGN = '"vpce:someOtherRegion00000"'


class Neighbours(Account):
    """Endpoint service here, zone there."""

    def __init__(self, emulator: Any) -> None:
        super().__init__(emulator)
        emulator.configure(accounts={THEIR_KEY: OTHER})
        self.make_service()
        self.theirs = boto3.client(
            "route53", endpoint_url=emulator.url, region_name=CONNECTION["region"], aws_access_key_id=THEIR_KEY,
            aws_secret_access_key="theirs",
        )

    def client(self, service: str) -> Any:
        return self.theirs if service == "route53" else super().client(service)

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        return super().run(check, **{"zone_role_arn": ROLE, **options})


@pytest.fixture
def account(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    # The emulator of each test is new; the process, and so the sessions of roles, is not.
    monkeypatch.setattr(session, "_roles", {})
    return Neighbours(emulator)


@pytest.mark.parametrize("by", ["zone", "hosted_zone_id", "auto"])
def test_check_apply_check_apply_and_back(account: Neighbours, by: str) -> None:
    zone = account.make_zone()
    options = {"zone": {"zone": "example.com"}, "hosted_zone_id": {"hosted_zone_id": zone}, "auto": {}}[by]
    planned, writes = account.calls(lambda: account.run(check=True, **options), mutating=True)
    assert writes == []
    done = account.run(**options)
    assert verbs(planned) == verbs(done) == [("TXT record", NAME, "create"), ("domain verification", NAME, "create")]
    assert planned["diff"] == done["diff"]
    assert done["verification_state"] == "verified"
    assert account.txt(zone) == {account.record: (1800, [f'"{account.configuration["Value"]}"'])}
    again, calls = account.calls(lambda: account.run(**options))
    assert not again["changed"]
    assert len(calls) <= 5
    gone = account.run(state="absent", name="payments", **options)
    assert verbs(gone) == [("TXT record", NAME, "delete")]
    assert account.txt(zone) == {}


def test_only_calls_to_route_53_are_the_roles(account: Neighbours) -> None:
    account.make_zone()
    before = len(account.emulator.calls())
    account.run(zone="example.com")
    new = account.emulator.calls()[before:]
    assert {call["access_key"] for call in new if call["service"] != "route53"} == {CONNECTION["access_key"]}
    [theirs] = {call["access_key"] for call in new if call["service"] == "route53"}
    assert theirs.startswith("ASIA")
    [assumed] = [call for call in new if call["service"] == "sts"]
    assert assumed["params"] == {"RoleArn": ROLE, "RoleSessionName": "keylink-private-dns-verify"}


def test_next_task_without_a_role_is_this_account_again(account: Neighbours) -> None:
    account.make_zone()
    account.run(zone="example.com")
    without = account.run(zone="example.com", zone_role_arn=None)
    assert without["failed"]
    assert "no hosted zone example.com in this account" in without["msg"]


def test_role_of_other_credentials_is_assumed_anew(account: Neighbours) -> None:
    account.make_zone()
    account.run(zone="example.com")
    account.emulator.configure(denied=["sts:AssumeRole"])
    other = account.run(zone="example.com", secret_key="anotherSecretOfTheSameUser")
    assert other["failed"]
    assert other["iam_action"] == "sts:AssumeRole"


def test_missing_permission_to_assume_the_role_is_named(account: Neighbours) -> None:
    account.make_zone()
    account.emulator.configure(denied=["sts:AssumeRole"])
    result, writes = account.calls(lambda: account.run(zone="example.com", secret_key="mine"), mutating=True)
    assert result["failed"]
    assert writes == []
    assert result["iam_action"] == "sts:AssumeRole"
    for text in ("sts:AssumeRole", "trust policy", ROLE):
        assert text in result["msg"]


def test_missing_permission_of_the_role_is_named_with_the_role(account: Neighbours) -> None:
    account.make_zone()
    account.emulator.configure(denied=["route53:ChangeResourceRecordSets"])
    result = account.run(zone="example.com")
    assert result["failed"]
    assert "route53:ChangeResourceRecordSets" in result["msg"]
    assert f"arn:aws:sts::{OTHER}:assumed-role/dns/keylink-private-dns-verify" in result["msg"]


def test_external_id(account: Neighbours) -> None:
    account.make_zone()
    account.emulator.configure(external_ids={ROLE: "of-payments"})
    for wrong in (None, "of-somebody"):
        result = account.run(zone="example.com", zone_role_external_id=wrong, secret_key=f"with {wrong}")
        assert result["failed"]
        assert "external id" in result["msg"]
    result = account.run(zone="example.com", zone_role_external_id="of-payments")
    assert result["verification_state"] == "verified"


def test_no_zone_there_names_the_account(account: Neighbours) -> None:
    result = account.run(zone="example.com")
    assert f"no hosted zone example.com in account {OTHER}" in result["msg"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zone_role_arn": "dns"}, "zone_role_arn"),
        ({"zone_role_arn": None, "zone_role_external_id": "x"}, "zone_role_arn"),
        ({"nsupdate": {"server": "127.0.0.1", "zone": "example.com"}}, "mutually exclusive"),
        ({"zone_role_arn": None, "publish": "nsupdate"}, "nsupdate"),
    ],
)
def test_options_that_do_not_fit(account: Neighbours, options: dict[str, Any], said: str) -> None:
    result, calls = account.calls(lambda: account.run(**options))
    assert result["failed"]
    assert calls == []
    assert said in result["msg"]


@pytest.mark.parametrize("removing", [False, True])
def test_another_writer_in_between_loses_nothing(account: Neighbours, removing: bool) -> None:
    zone, name = account.make_zone(), account.record
    value = f'"{account.configuration["Value"]}"'
    # What was read: nothing, or our value alone. What is there by now has somebody else's, too.
    account.put(zone, "CREATE", name, [FOREIGN, *([value] if removing else [])], ttl=77)
    ours = {"name": name, "ttl": 1800, "values": [value]}
    record = {
        "name": name, "value": value.strip('"'), "present": not removing, "before": ours if removing else None,
        "after": None if removing else ours,
    }
    keys = {"aws_access_key_id": THEIR_KEY, "aws_secret_access_key": "theirs"}
    there = session.Aws((CONNECTION["region"], account.emulator.url, keys))
    where = {"kind": "route53", "role_arn": None, "external_id": None}
    made = txt_zone.change_record(there, where, zone, record)
    assert txt_zone.record_change(there, where, made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert account.txt(zone) == {name: (77, [FOREIGN] if removing else sorted([FOREIGN, value]))}
    # Once more, as after a lost answer.
    txt_zone.change_record(there, where, zone, record)
    assert account.txt(zone) == {name: (77, [FOREIGN] if removing else sorted([FOREIGN, value]))}


def test_refusal_that_is_nobody_elses_change_is_told(account: Neighbours) -> None:
    account.make_zone()
    account.emulator.fault("error", service="route53", action="ChangeResourceRecordSets", code="InvalidChangeBatch",
                           message="protected", status=400, times=0)
    result, calls = account.calls(lambda: account.run(zone="example.com"), mutating=True)
    assert result["failed"]
    assert result["error"]["code"] == "InvalidChangeBatch"
    assert "protected" in result["msg"]
    assert calls == ["ChangeResourceRecordSets"]
