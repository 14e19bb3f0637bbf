# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says of what it is given."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import document
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.formats import FORMATS, as_json, written

from scenarios import reports

View = dict[str, Any]
SECRETS = ("c2VjcmV0LW9mLXRoZS1wcm94eS1uZXZlci1wcmludGVkIQ==", "kmsPswd", "MIIEvQIBADANBg")
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRETS[2]}\n-----END PRIVATE KEY-----"


def build(**more: Any) -> View:
    return document.build(reports.given(**more))


def only(**more: Any) -> View:
    (store,) = build(**more)["key_stores"]
    return dict(store)


def planned() -> list[View]:
    """Results of the chain's modules in check mode, in an empty account."""
    def at(kind: str, attribute: str) -> str:
        return placeholder(kind, "payments", attribute)

    return [
        {
            "vpc": {"vpc_id": at("vpc", "vpc_id"), "cidr_block": "10.0.0.0/16", "tags": {"Name": "payments"}},
            "subnets": [{"subnet_id": at("subnet", "subnet_id"), "availability_zone": "eu-central-1a",
                         "cidr_block": "10.0.0.0/20"}],
            "actions": [{"resource": "VPC", "name": "payments", "action": "create", "id": at("vpc", "vpc_id")}],
            "diff": [{"before_header": "VPC payments (create)", "after_header": "VPC payments (create)", "before": {},
                      "after": {"vpc_id": at("vpc", "vpc_id"), "tags": {"Name": "payments"}}}],
        },
        {
            "target_group": {"target_group_arn": at("tg", "arn"), "target_group_name": "payments", "protocol": "TCP",
                             "port": 443, "target_type": "ip"},
            "target_group_arn": at("tg", "arn"),
            "listener": {"listener_arn": at("l", "arn"), "protocol": "TCP", "port": 443},
            "load_balancer": {"load_balancer_arn": at("lb", "arn"), "load_balancer_name": "payments"},
            "targets": [{"id": "10.0.0.10", "port": 443, "state": None}],
            "actions": [{"resource": "target group", "name": "payments", "action": "create", "id": at("tg", "arn")}],
        },
        {
            "vpc_endpoint_service": {"service_id": at("svc", "id"), "private_dns_name": "payments.example.com",
                                     "allowed_principals": ["cks.kms.eu-central-1.amazonaws.com"]},
            "actions": [{"resource": "endpoint service", "name": "payments", "action": "create", "id": ""}],
        },
        {
            "custom_key_store": {"custom_key_store_id": at("store", "id"), "custom_key_store_name": "payments",
                                 "custom_key_store_type": "EXTERNAL_KEY_STORE", "connection_state": "CONNECTED"},
            "actions": [{"resource": "external key store", "name": "payments", "action": "create", "id": ""}],
        },
    ]


def ill(count: int) -> View:
    """A gate that sees nothing but unhealthy targets."""
    gate = reports.gate(reports.chain())
    for target in gate["chain"]["targets"][:count]:
        target |= {"state": "unhealthy", "explanation": "It does not answer."}
    return gate


def other_job() -> View:
    return {**reports.gate(reports.chain(key_store={"exists": False}), reports.FAULTS[:1]), "job": "kms_endpoint"}


# What is given -> state and headline
VERDICTS: dict[str, tuple[View, str, str]] = {
    "well": ({"key_stores": [reports.key_store()], "preflight": [reports.gate(reports.chain())]}, "ok",
             "payments is connected"),
    "failed": ({"key_stores": [reports.key_store(state="FAILED")]}, "bad", "payments is not connected"),
    "ten faults": ({"preflight": [reports.ten_faults()]}, "bad", "payments is not connected"),
    "would not connect again": (
        {"preflight": [reports.gate(reports.chain(), reports.FAULTS[:1])]}, "bad",
        "payments is connected, but would not connect again",
    ),
    "attention": ({"key_stores": [reports.key_store(certificate_days_to_expire=20)]}, "warn", "payments is connected"),
    "one of two targets": ({"preflight": [ill(1)]}, "warn", "payments is connected"),
    "no target": ({"preflight": [ill(2)]}, "bad", "payments is connected, but would not connect again"),
    "disconnected": ({"key_stores": [reports.key_store(state="DISCONNECTED")]}, "warn", "payments is disconnected"),
    "on the way": ({"key_stores": [reports.key_store(state="CONNECTING")]}, "unknown", "payments is connecting"),
    "not yet": ({"preflight": [reports.nothing_yet()]}, "plan",
                "The key store for payments.example.com does not exist yet"),
    "planned": ({"results": planned(), "planned": True}, "plan", "payments does not exist yet"),
    "endpoints": ({"preflight": [other_job()]}, "bad", "VPC endpoints for AWS KMS: 1 requirement not met"),
    "nothing": ({}, "unknown", "No key stores"),
    "a fleet": ({"key_stores": reports.fleet(9)}, "bad", "1 of 9 key stores has a problem"),
    "a good fleet": ({"key_stores": reports.fleet(9)[3:]}, "ok", "All 6 key stores are well"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict(name: str) -> None:
    given, state, headline = VERDICTS[name]
    verdict = build(**given)["verdict"]
    assert (verdict["state"], verdict["headline"]) == (state, headline)


def test_endpoints_have_requirements_and_no_map() -> None:
    """Nor do they become the key store that is given too."""
    report = build(preflight=[other_job(), reports.gate(reports.chain())])
    assert [(store["name"], store["words"]) for store in report["key_stores"]] == [
        ("VPC endpoints for AWS KMS", "judged"), ("payments", "CONNECTED"),
    ]
    page = FORMATS["html"].render(report)
    assert page.count('class="map wide"') == 1
    assert FORMATS["markdown"].render(report).count("### Map") == 1


def test_a_cloudhsm_key_store_that_is_to_be_is_drawn_as_one() -> None:
    gate = {**reports.gate(reports.chain(key_store={"exists": False})), "job": "cloudhsm"}
    assert only(preflight=[gate])["kind"] == "CloudHSM"
    assert "AWS CloudHSM" in FORMATS["html"].render(build(preflight=[gate]))


def test_what_is_something_else_is_named() -> None:
    given = reports.given(key_stores=[reports.key_store(), {"region": "a"}], preflight=[{"failed": True}])
    assert document.wrong(given) == [
        "key_stores: number 2 has no cluster, connection_state, custom_key_store_id, custom_key_store_name, "
        "custom_key_store_type, endpoint_service and kms_keys",
        "preflight: number 1 has no chain, ready and requirements",
    ]
    odd = [{"actions": "none", "diff": ["text"]}, {}, {"targets": [], "vpc": None}]
    assert build(results=odd)["key_stores"] == []


def test_ten_faults_are_ten_things_to_do_and_the_error_code_with_its_remedy() -> None:
    to_do = only(preflight=[reports.ten_faults()])["to_do"]
    assert to_do[0]["what"] == f"The last connect failed with {reports.TLS}"
    assert to_do[0]["steps"][-1] == "Connect it again (state: connected)."
    assert {item["number"] for item in to_do[1:]} == {row[0] for row in reports.FAULTS}
    assert [item["state"] for item in to_do][-1] == "warn"


def test_a_fact_of_the_gate_is_told_once() -> None:
    """R9 and R66 are broken by the same fact; R3 by two subnets."""
    unmet = [(number, "endpoint service", "nobody", "Allow.", True) for number in ("R9", "R66")]
    gate = reports.gate(reports.chain(), unmet)
    fact = {"what": "VPC", "needed": "Two.", "fix": "Give others.", "blocking": True}
    gate["unmet_requirements"] = [
        {**fact, "number": "R9", "what": "endpoint service", "found": "nobody"},
        {**fact, "number": "R3", "found": "one is public"}, {**fact, "number": "R3", "found": "two is public"},
    ]
    found = [(item["number"], item["found"]) for item in only(preflight=[gate])["to_do"]]
    assert found == [("R9", "nobody. Two."), ("R3", "one is public; two is public. Two.")]


def test_the_gate_and_the_look_at_the_store_become_one() -> None:
    """Also by name alone, and only in the same Region."""
    gate = reports.gate(reports.chain())
    store = only(key_stores=[reports.key_store()], preflight=[gate])
    assert (store["counts"]["met"], store["chain"]["key_counts"]["total"]) == (8, 3)
    assert [item["seen"] for item in store["certificates"]] == ["10.0.0.10:443", "10.0.16.10:443", "by AWS KMS"]
    gate["chain"]["key_store"]["custom_key_store_id"] = None
    assert len(build(key_stores=[reports.key_store()], preflight=[gate])["key_stores"]) == 1
    gate["chain"]["region"] = "eu-west-1"
    assert len(build(key_stores=[reports.key_store()], preflight=[gate])["key_stores"]) == 2


def test_a_plan_is_drawn_and_told() -> None:
    report = build(preflight=[reports.nothing_yet()], results=planned(), planned=True)
    (store,) = report["key_stores"]
    pieces = ("vpc", "listener", "endpoint_service", "key_store")
    assert [store["chain"][piece]["planned"] for piece in pieces] == [True] * 4
    assert store["connection_state"] is None
    assert report["verdict"]["detail"].endswith("The next run: 4 to create.")
    assert report["changes"][0] == {
        "action": "create", "resource": "VPC", "name": "payments",
        "lines": [{"sign": "+", "text": "vpc_id: (known after apply)"}, {"sign": "+", "text": "tags.Name: payments"}],
    }
    assert build(results=[{"actions": []}], planned=True)["verdict"]["detail"] == "The next run would change nothing."


def test_diffs_of_every_kind_become_lines() -> None:
    thing = {"before": {"a": {"b": 1}, "c": [1]}, "after": {"a": {"b": 2}, "d": None}}
    diffs = [{**thing, "after_header": "thing x (update)"},
             {"before": "one\ntwo\n", "after": "one\nthree\n"}, {"before": {}, "after": {}}]
    result = {"actions": [{"resource": "thing", "name": "x", "action": "update"}], "diff": diffs}
    changes = build(results=[result])["changes"]
    lines = [[f"{line['sign']} {line['text']}" for line in item["lines"]] for item in changes]
    assert lines == [["~ a.b: 1 → 2", "- c: 1", "+ d: (none)"], ["- two", "+ three"]]


def test_history_is_of_the_store_and_the_latest_comes_first() -> None:
    store = reports.key_store()
    mine = store["custom_key_store_id"]
    record = reports.event("ConnectCustomKeyStore", "2026-11-24T10:00:00Z", mine)
    events = [
        reports.event("DisconnectCustomKeyStore", "2026-11-24T09:00:00Z", mine, errorCode="KMSInternalException"),
        {"EventName": "ConnectCustomKeyStore", "CloudTrailEvent": json.dumps(record)},
        reports.event("ConnectCustomKeyStore", "2026-11-24T11:00:00Z", "cks-other"),
        reports.event("Decrypt", "2026-11-24T12:00:00Z", mine),
        {**record, "awsRegion": "us-east-1"}, {"CloudTrailEvent": "no JSON"}, {},
    ]
    found = only(key_stores=[store], events=events)["history"]
    assert [(item["what"], item["error"]) for item in found] == [
        ("connect asked for", None), ("disconnect asked for", "KMSInternalException"),
    ]
    assert found[0]["who"] == "assumed-role/Operator/alice"


def test_the_state_before_the_run_is_told() -> None:
    store = reports.key_store()
    assert only(key_stores=[store], results=[{
        "custom_key_store": store, "previous_connection_state": "FAILED", "actions": [],
    }])["previous_connection_state"] == "FAILED"


def test_hosts_of_the_inventory_are_key_stores_and_nothing_else_of_them_is_told() -> None:
    """A fleet over accounts: the variables of a host hold more than its key store."""
    more = {"ansible_password": SECRETS[0], "vault": {"pin": SECRETS[1]}, "groups": {"all": ["a"]}}
    hosts = [{**reports.key_store(), **more, "account": name} for name in ("prod", "dev")]
    report = build(key_stores=hosts)
    named = [(store["account"], store["name"]) for store in report["key_stores"]]
    assert named == [("dev", "payments"), ("prod", "payments")]
    for form in FORMATS.values():
        text = form.render(report)
        assert [item for item in (*SECRETS, "ansible_password", "groups") if item in text] == []
        assert "prod" in text


def test_the_latest_look_at_the_store_counts() -> None:
    """The gate of a run sees the store before the run connects it; a plan connects nothing."""
    before = reports.gate(reports.chain(key_store=reports.key_store(state="DISCONNECTED")))
    after = {"custom_key_store": reports.key_store(), "previous_connection_state": "DISCONNECTED",
             "actions": [{"resource": "connection", "name": "payments", "action": "update"}]}
    assert only(preflight=[before], results=[after])["connection_state"] == "CONNECTED"
    assert only(preflight=[before], results=[after], planned=True)["connection_state"] == "DISCONNECTED"
    assert only(results=[after], planned=True)["connection_state"] == "DISCONNECTED"
    later = reports.key_store(state="FAILED")
    assert only(key_stores=[later], preflight=[before], results=[after])["connection_state"] == "FAILED"


def test_equal_input_gives_equal_files_in_whatever_order_it_comes() -> None:
    stores = reports.fleet(12, (3,))
    mixed = list(stores)
    random.Random(7).shuffle(mixed)
    for form in FORMATS.values():
        assert form.render(build(key_stores=stores)) == form.render(build(key_stores=mixed))


@pytest.mark.parametrize("name", FORMATS)
def test_another_time_alone_changes_no_file(name: str) -> None:
    form = FORMATS[name]
    before = form.render(build(key_stores=[reports.key_store()]))
    later = "2026-12-24T18:00:00Z"
    assert written(form, build(key_stores=[reports.key_store()], time=later), before) == before
    other = written(form, build(key_stores=[reports.key_store(state="FAILED")], time=later), before)
    assert later in other
    assert reports.TIME not in other
    assert written(form, build(time=later), "something else") == form.render(build(time=later))


def test_no_secret_gets_in() -> None:
    """Neither as an argument of a task, nor under a name that says so, nor as a private key in any text."""
    secret, password, _key = SECRETS
    result = {
        "invocation": {"module_args": {"raw_secret_access_key": secret}}, "actions": [],
        "diff": [{"before": {"key_store_password": password}, "after": {
            "xks_proxy_authentication_credential": {"access_key_id": "A", "RawSecretAccessKey": secret},
            "user_data": PRIVATE_KEY, "session_token": secret,
        }}],
    }
    gate = reports.gate(reports.chain(), [("R13", "certificate", PRIVATE_KEY, "Renew it.", True)])
    store = reports.key_store(raw_secret_access_key=secret, key_store_password=password)
    report = build(key_stores=[store], preflight=[gate], results=[result],
                   texts=[{"title": "t", "lines": [PRIVATE_KEY]}])
    for form in FORMATS.values():
        text = form.render(report)
        assert [item for item in SECRETS if item in text] == []
    assert "(hidden)" in as_json(report)
