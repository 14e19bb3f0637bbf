# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""private_dns_verify with a zone of BIND that takes dynamic updates (R58, N8, N9); AWS looks in the same servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dns.rdatatype
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients.nsupdate import DynamicZone, Refused
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock

from scenarios.domains import NAME, Updater, verbs
from scenarios.name_servers import KEY, PRIMARY, RESOLVER, SECONDARY, STRANGER, NameServers

PENDING = "(known after apply: endpoint service.payments.service_id)"
FOREIGN = "vpce:someOtherRegion00000"
RECORD, VALUE = "_race.xks.example.com", "vpce:l6p0ERxlTt45jevFwOCp"


@pytest.fixture
def account(emulator: Any, public_dns: NameServers) -> Iterator[Updater]:
    with public_dns.spreading():
        yield Updater(emulator, public_dns)


def zone_of(servers: NameServers, **options: Any) -> DynamicZone:
    wanted = {**servers.nsupdate, "key_algorithm": "hmac-sha256", "protocol": "tcp", **options}
    return DynamicZone(wanted, 3, Clock(lambda: 0.0, lambda seconds: None))


def change(present: bool, name: str = RECORD) -> dict[str, Any]:
    after = {"name": name, "ttl": 1800, "values": [f'"{VALUE}"']} if present else None
    return {"name": name, "value": VALUE, "present": present, "before": None, "after": after}


def test_check_mode_plans_what_the_real_run_then_does_and_a_second_one_does_nothing(account: Updater) -> None:
    options = {"private_dns_name": NAME}
    before = account.servers.serial(PRIMARY)
    empty = account.run(check=True, service_id=PENDING, **options)
    account.make_service()
    planned = account.run(check=True, **options)
    assert account.servers.serial(PRIMARY) == before
    done = account.run(**options)
    value = account.configuration["Value"]
    assert verbs(empty) == verbs(planned) == verbs(done)
    assert verbs(done) == [("TXT record", NAME, "create"), ("domain verification", NAME, "create")]
    assert planned["diff"] == done["diff"]
    assert set(done) - {"invocation"} == set(planned) - {"invocation"} == set(empty) - {"invocation"}
    assert done["verification_state"] == "verified"
    assert done["record"]["zone"] == "example.com"
    assert account.servers.txt(account.record) == (1800, [value])
    assert account.servers.txt(account.record, SECONDARY) == (1800, [value])
    # One update for one change, and none for none.
    assert account.servers.serial(PRIMARY) == before + 1
    again, writes = account.calls(lambda: account.run(**options), mutating=True)
    assert not again["changed"]
    assert writes == []
    assert account.servers.serial(PRIMARY) == before + 1
    assert account.servers.secret not in json.dumps([empty, planned, done, again])


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_values_and_ttl_of_others_stay_on_the_way_there_and_back(account: Updater, protocol: str) -> None:
    account.make_service()
    others = [FOREIGN, "with \\\" and \\\\", *(f"{number:02}{'x' * 250}" for number in range(8))]
    account.servers.put(account.record, *others, ttl=77)
    kept = account.servers.txt(account.record)
    assert kept is not None
    key = {"protocol": protocol}
    result = account.run(key=key)
    assert verbs(result)[0] == ("TXT record", NAME, "update")
    assert result["record"]["ttl"] == 77
    assert account.servers.txt(account.record) == (77, sorted([*kept[1], account.configuration["Value"]]))
    options = {"state": "absent", "service_id": account.service_id}
    planned = account.run(check=True, key=key, **options)
    gone = account.run(key=key, **options)
    assert verbs(planned) == verbs(gone) == [("TXT record", NAME, "update")]
    assert account.servers.txt(account.record) == kept
    assert not account.run(key=key, **options)["changed"]


def test_record_that_vanished_from_the_zone_is_published_again(account: Updater) -> None:
    account.make_service()
    account.run()
    account.servers.delete(account.record)
    result, writes = account.calls(account.run, mutating=True)
    assert verbs(result) == [("TXT record", NAME, "create"), ("domain verification", NAME, "keep")]
    assert writes == []
    assert account.servers.txt(account.record) is not None


def test_absent_deletes_the_record_with_its_last_value(account: Updater) -> None:
    account.make_service()
    account.run()
    record = account.record
    assert verbs(account.run(state="absent", name="payments")) == [("TXT record", NAME, "delete")]
    assert account.servers.txt(record) is None


@pytest.mark.parametrize("there", [(), (FOREIGN,)], ids=["none yet", "one already"])
@pytest.mark.parametrize("present", [True, False])
def test_another_writer_in_between_loses_nothing(
    public_dns: NameServers, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], present: bool
) -> None:
    mine = () if present else (VALUE,)
    public_dns.put(RECORD, *there, *mine)
    zone = zone_of(public_dns)
    read, refused = zone._sets, []

    def overtaken(name: Any) -> list[Any]:
        found = read(name)
        if not refused:
            refused.append("once")
            public_dns.put(RECORD, *there, *mine, "vpce:another")
        return found

    monkeypatch.setattr(zone, "_sets", overtaken)
    zone.change("", change(present))
    found = public_dns.txt(RECORD)
    assert found is not None
    assert found[1] == sorted([*there, "vpce:another", *([VALUE] if present else [])])


def test_writer_that_is_always_faster_is_told_of(public_dns: NameServers, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = zone_of(public_dns)

    def overtaken(name: Any) -> list[Any]:
        found = DynamicZone._sets(zone, name)
        public_dns.put(RECORD, f"vpce:{public_dns.serial(PRIMARY)}")
        return found

    monkeypatch.setattr(zone, "_sets", overtaken)
    with pytest.raises(Failure, match="changed by somebody else"):
        zone.change("", change(True))


REFUSALS = [
    ({"key_name": "nobody"}, ["BADKEY", "the key nobody", "key_algorithm"]),
    ({"key_secret": "AAAA"}, ["BADSIG", f"the key {KEY}", "key_secret"]),
    ({"key_algorithm": "hmac-sha512"}, ["BADKEY", "key_algorithm"]),
    ({"zone": "example.org"}, ["R58", "nsupdate.zone", "does not serve a zone example.org"]),
    ({"zone": "child.example.com"}, ["R58", "nsupdate.zone", "child.example.com"]),
    ({"server": "no-such-host.invalid"}, ["no-such-host.invalid", "Check server"]),
    ({"server": RESOLVER}, ["R58", "nsupdate.zone"]),
    ({"port": 9}, ["no answer from", "port 9"]),
]


@pytest.mark.parametrize(("key", "said"), REFUSALS)
def test_what_is_wrong_with_server_or_key_is_told_before_anything_exists(
    account: Updater, key: dict[str, Any], said: list[str]
) -> None:
    options = {"service_id": PENDING, "private_dns_name": NAME, "query_timeout": 2}
    result = account.run(check=True, key=key, **options)
    assert result["failed"]
    assert not result["changed"]
    for text in said:
        assert text in result["msg"]
    assert account.servers.secret not in json.dumps(result)


@pytest.mark.parametrize("unsigned", [True, False])
def test_server_that_refuses_the_update_is_explained(account: Updater, unsigned: bool) -> None:
    account.make_service()
    key = {"key_name": STRANGER, "key_secret": account.servers.strange_secret}
    if unsigned:
        key = dict.fromkeys(("key_name", "key_secret"))
    result, writes = account.calls(lambda: account.run(key=key), mutating=True)
    assert result["failed"]
    assert writes == []
    assert "REFUSED" in result["msg"]
    assert "allow-update" in result["msg"]
    assert ("unsigned" if unsigned else STRANGER) in result["msg"]
    assert account.servers.txt(account.record) is None


def test_secondary_server_is_no_place_to_write(account: Updater) -> None:
    account.make_service()
    result = account.run(key={"server": SECONDARY})
    assert result["failed"]
    assert SECONDARY in result["msg"]
    assert account.record in result["msg"]


def test_name_that_is_delegated_further_is_not_written_into_the_parent(account: Updater) -> None:
    account.make_service("myproxy.child.example.com")
    result = account.run()
    assert result["failed"]
    assert "DELEGATED" in result["msg"]
    assert "primary server" in result["msg"]


def test_clock_that_is_wrong_is_explained(public_dns: NameServers, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = time.time
    monkeypatch.setattr("dns.message.time.time", lambda: now() - 3600)
    with pytest.raises(Failure, match="BADTIME.*clock"):
        zone_of(public_dns).record_sets("", RECORD)


def test_alias_in_the_place_of_the_record(account: Updater) -> None:
    account.make_service()
    record = account.record
    account.servers.alias(record, "proof.example.net")
    result = account.run()
    assert result["failed"]
    assert "CNAME" in result["msg"]
    account.servers.delete(record)


def test_zone_that_does_not_hold_the_name(account: Updater) -> None:
    account.make_service("myproxy.example.net")
    result = account.run()
    assert "R59" in result["msg"]


def test_unsigned_answer_to_a_signed_question_is_not_believed(
    public_dns: NameServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = zone_of(public_dns)
    unsigned = zone_of(public_dns, key_name=None, key_secret=None)
    monkeypatch.setattr(zone, "_exchange", lambda message: unsigned._exchange(_plain(message)))
    with pytest.raises(Refused, match="UNSIGNED"):
        zone._ask(zone.zone, "SOA")


def _plain(message: Any) -> Any:
    message.keyring = None
    message.tsig = None
    assert message.question[0].rdtype == dns.rdatatype.SOA
    return message
