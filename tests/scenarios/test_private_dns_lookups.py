# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What private_dns_verify sees in a public DNS of real servers, and what it makes of that (R58-R63)."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.domains import NAME, Updater
from scenarios.name_servers import INSIDE, NOBODY, PRIMARY, SECONDARY, VPC, NameServers


@pytest.fixture
def account(emulator: Any, public_dns: NameServers) -> Updater:
    account = Updater(emulator, public_dns)
    account.make_service()
    return account


def test_verification_starts_only_when_all_servers_of_the_zone_have_the_record(account: Updater) -> None:
    value = account.configuration["Value"]
    early, writes = account.calls(lambda: account.run(wait_timeout=1), mutating=True)
    assert early["failed"]
    assert writes == []
    # What was done so far is said, and so is which server lacks it.
    assert early["changed"]
    assert "has the value on ns1.example.com, but not yet on ns2.example.com" in early["msg"]
    assert "next run goes on" in early["msg"]
    assert early["txt_found"] == {account.record: {"ns1.example.com": [value]}}
    assert early["dns_seen"][0]["name"] == account.record
    before = account.servers.serial(PRIMARY)
    account.servers.spread()
    result = account.run()
    assert account.servers.serial(PRIMARY) == before
    assert result["verification_state"] == "verified"
    found = account.by_hand()["txt_found"]
    assert found == {account.record: {"ns1.example.com": [value], "ns2.example.com": [value]}}


def test_each_name_is_told_with_each_server(account: Updater) -> None:
    seen = account.by_hand(wait=False)["dns_seen"]
    first = seen[0]
    assert (first["name"], first["zone"], first["trouble"]) == (account.record, "example.com", "")
    assert [(item["server"], item["address"], item["status"]) for item in first["servers"]] == [
        ("ns1.example.com", PRIMARY, "nxdomain"), ("ns2.example.com", SECONDARY, "nxdomain"),
    ]
    assert len({answer["name"] for answer in seen}) == len(seen)


def test_every_address_of_a_name_server_is_asked(emulator: Any, public_dns: NameServers) -> None:
    account = Updater(emulator, public_dns)
    account.make_service("myproxy.example.info")
    configuration = account.configuration
    record = f"{configuration['Name']}.example.info"
    public_dns.put(record, configuration["Value"], server=SECONDARY, zone="example.info")
    result = account.by_hand(check=True, query_timeout=1)
    (found,) = [answer for answer in result["dns_seen"] if answer["name"] == record]
    assert {item["server"]: item["status"] for item in found["servers"]} == {
        f"ns.example.info ({SECONDARY})": "found", f"ns.example.info ({NOBODY})": "no answer",
    }
    assert f"ns.example.info ({NOBODY}) could not tell (no answer)" in result["explanation"]


def test_alias_into_a_zone_of_other_servers_is_followed(account: Updater) -> None:
    account.servers.alias(account.record, "proof.example.net")
    account.servers.put("proof.example.net", account.configuration["Value"], server=SECONDARY, zone="example.net")
    account.servers.spread()
    result = account.by_hand()
    assert result["verification_state"] == "verified"
    assert "through the alias to proof.example.net" in result["explanation"]


def test_zone_that_is_delegated_is_asked_at_its_own_servers(emulator: Any, public_dns: NameServers) -> None:
    account = Updater(emulator, public_dns)
    account.make_service("myproxy.child.example.com")
    configuration = account.configuration
    record = f"{configuration['Name']}.child.example.com"
    public_dns.put(record, configuration["Value"], server=SECONDARY, zone="child.example.com")
    for resolver in ({}, {"resolvers": [INSIDE]}):
        # The one inside knows nothing of the delegation, but the public server of the parent does.
        seen = account.by_hand(check=True, **resolver)
        assert seen["txt_found"][record]["ns2.example.com"] == [configuration["Value"]]
    result = account.by_hand()
    assert result["verification_state"] == "verified"
    assert list(result["txt_found"]) == [record]


def test_record_in_an_internal_copy_of_the_zone_is_no_proof(account: Updater) -> None:
    account.servers.put(account.record, account.configuration["Value"], server=INSIDE)
    result = account.by_hand(wait=False, resolvers=[INSIDE])
    assert not result["verification_started"]
    assert "split horizon" in result["explanation"]
    assert account.record in result["explanation"]
    [missing] = result["unmet_requirements"]
    assert missing["number"] == "R58"
    assert "split horizon" in missing["found"]


def test_private_hosted_zone_is_recognised_by_its_servers(account: Updater) -> None:
    account.servers.put(account.record, account.configuration["Value"], server=VPC)
    result = account.by_hand(wait=False, resolvers=[VPC])
    assert not result["verification_started"]
    assert "private hosted zone example.com" in result["explanation"]
    assert "resolvers" in result["explanation"]


SPOILT = [
    ("{record}.example.com", "{value}", "a second time"),
    ("{plain}.xks.example.com", "{value}", "without the underscore"),
    ("{plain}.example.com", "{value}", "the domain itself, example.com"),
    ("{record}", "{lower}", "upper and lower case"),
    ("{record}", '\\"{value}\\"', "quotation marks"),
    ("{record}", "vpce:someOtherRegion00000", "other values only"),
]


@pytest.mark.parametrize(("name", "value", "said"), SPOILT)
def test_record_that_a_provider_spoilt_is_recognised(account: Updater, name: str, value: str, said: str) -> None:
    right = account.configuration["Value"]
    words = {
        "record": account.record, "plain": account.configuration["Name"].lstrip("_"), "value": right,
        "lower": right.lower(),
    }
    name = name.format(**words)
    account.servers.put(name, value.format(**words))
    account.servers.spread()
    result, writes = account.calls(lambda: account.by_hand(wait=False), mutating=True)
    assert writes == []
    assert said in result["explanation"]
    assert name in result["explanation"]


def test_provider_without_underscores_can_have_the_value_at_the_domain(account: Updater) -> None:
    account.servers.put("xks.example.com", account.configuration["Value"])
    account.servers.spread()
    result = account.by_hand()
    assert result["verification_state"] == "verified"
    assert "underscore" in result["explanation"]
    account.servers.delete("xks.example.com")
    account.servers.spread()


def test_name_that_is_not_below_a_public_domain_would_stay_pending_for_ever(
    emulator: Any, public_dns: NameServers
) -> None:
    account = Updater(emulator, public_dns)
    account.make_service("proxy.nobody.test")
    result = account.by_hand(wait_timeout=1)
    assert result["failed"]
    assert "pending for ever" in result["msg"]
    assert "R11" in result["msg"]


def test_aws_that_does_not_look_is_waited_for_and_told_why(account: Updater) -> None:
    account.servers.put(account.record, account.configuration["Value"])
    account.servers.spread()
    account.emulator.configure(time_scale=1.0, delays={"dns_verification": 600})
    result = account.by_hand(wait_timeout=1)
    assert result["failed"]
    assert f"domain verification of {NAME} is still: pendingVerification" in result["msg"]
    assert "public DNS only" in result["msg"]
