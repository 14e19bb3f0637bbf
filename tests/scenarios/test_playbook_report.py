# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit with a report: from an account to files, and nothing changed in either by a second run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from scenarios import fleet, reports
from scenarios import prerequisites as before
from scenarios import stage as staging
from scenarios.harness import CONNECTION
from scenarios.key_stores import last, no_secret_in, writes

FORMS = ("html", "json", "md")


def audit(emulator: Any, path: Path, *arguments: str, **more: Any) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    variables = {
        "audit_key_stores_regions": fleet.REGIONS, "audit_report_path": str(path), "audit_report_title": "Ours",
        "audit_preflight_resolvers": ["127.0.0.1"], "audit_preflight_dns_port": emulator.dns_port, **more,
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "keylink.aws.audit", "-e", json.dumps(variables),
         *arguments],
        env={
            **kept, "AWS_URL": emulator.url, "ANSIBLE_NOCOLOR": "1", "AWS_ACCESS_KEY_ID": CONNECTION["access_key"],
            "AWS_SECRET_ACCESS_KEY": CONNECTION["secret_key"], "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        },
        text=True, check=False, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_an_account_becomes_a_page_that_a_second_run_leaves_alone(emulator: Any, tmp_path: Path) -> None:
    emulator.configure(time_scale=0.0)
    stores = fleet.build(emulator)
    mark = last(emulator)
    path = tmp_path / "report"
    found = before.client(emulator.url, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ConnectCustomKeyStore"}]
    )["Events"]
    events = {"audit_report_events": json.loads(json.dumps(found, default=str))}
    told = audit(emulator, path, **events)
    assert "3 of 4 key stores have a problem" in told
    assert "changed=1 " in told
    files = {form: path.with_suffix(f".{form}") for form in FORMS}
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    texts = {form: file.read_text(encoding="utf-8") for form, file in files.items()}
    report = json.loads(texts["json"])
    assert [store["name"] for store in report["key_stores"]] == ["broken", "payments", "vault", "ledger"]
    by_name = {store["name"]: store for store in report["key_stores"]}
    assert by_name["broken"]["id"] == stores.broken
    assert by_name["broken"]["counts"]["met"] > 20
    assert [item["what"] for item in by_name["payments"]["history"]] == ["connect asked for"]
    assert by_name["payments"]["chain"]["targets"][0]["id"] == "10.0.0.10"
    for text in texts.values():
        no_secret_in(text)
        assert CONNECTION["secret_key"] not in text
        assert "INSUFFICIENT_CLOUDHSM_HSMS" in text.replace("<wbr>", "").replace("\\_", "_")

    looked = audit(emulator, path, "--check", "--diff", audit_report_in_check_mode=True, **events)
    assert "changed=0 " in looked
    assert {form: file.read_text(encoding="utf-8") for form, file in files.items()} == texts
    assert writes(emulator, mark) == []


def test_a_plan_is_drawn_before_anything_exists(tmp_path: Path) -> None:
    """Check mode writes to AWS nothing, and to the controller what would be created, in full."""
    with staging.running(tmp_path) as stage:
        done = stage.play("--check", "-e", f"audit_report_path={tmp_path}/plan", playbook="xks_report")
        assert done.returncode == 0, done.stdout
        assert stage.calls(mutating=1)[1:] == []
    assert "Nothing found speaks against making it. The next run: 12 to create." in done.stdout
    report = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    (store,) = report["key_stores"]
    assert (store["name"], store["verdict"]["state"], store["connection_state"]) == ("payments", "plan", None)
    pieces = ("vpc", "load_balancer", "listener", "target_group", "endpoint_service", "private_dns", "key_store")
    assert [piece for piece in pieces if not store["chain"][piece]["planned"]] == []
    assert {item["name"]: item["lines"] for item in report["changes"]}["payments:443"]
    secret = json.loads(stage.variables.read_text())["xks_key_store_credential"]["raw_secret_access_key"]
    for form in FORMS:
        assert secret not in (tmp_path / f"plan.{form}").read_text(encoding="utf-8")


PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    keylink.aws.report: {path: report, title: Ours, time: "2026-11-25T08:00:00Z", key_stores: "{{ stores }}"}
  tasks:
    - {name: planned, keylink.aws.report: {}, check_mode: true, diff: true, register: planned}
    - {name: seen, ansible.builtin.find: {paths: "{{ playbook_dir }}", patterns: "report.*"}, register: seen}
    - {name: made, keylink.aws.report: {}, register: made}
    - {name: later, keylink.aws.report: {time: "2026-11-26T08:00:00Z"}, register: later}
    - {name: open, keylink.aws.report: {mode: "0644"}, diff: true, register: open}
    - {name: other, keylink.aws.report: {key_stores: "{{ stores[:1] }}", formats: [json]}, diff: true, register: other}
    - {name: lost, keylink.aws.report: {path: nowhere/report}, ignore_errors: true, register: lost}
    - {name: odd, keylink.aws.report: {time: yesterday}, ignore_errors: true, register: odd}
    - {name: wrong, keylink.aws.report: {key_stores: [{a: b}]}, ignore_errors: true, register: wrong}
    - name: all of it
      ansible.builtin.copy:
        dest: told.json
        content: "{{ {'planned': planned, 'seen': seen.matched, 'made': made, 'later': later, 'open': open,
          'other': other, 'lost': lost.msg, 'odd': odd.msg, 'wrong': wrong.msg} | to_json }}"
        mode: "0600"
"""


def test_files_change_only_with_what_is_in_them(tmp_path: Path) -> None:
    """Check mode writes nothing and says the same; another time alone is no change; each form is a file of its own."""
    play = tmp_path / "play.yml"
    play.write_text(PLAY, encoding="utf-8")
    stores = json.dumps({"stores": reports.fleet(3)})
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(play), "-e", stores], cwd=tmp_path, text=True,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, check=False, timeout=120, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert [told[name]["changed"] for name in ("planned", "made", "later", "open", "other")] == [
        True, True, False, True, True,
    ]
    assert told["seen"] == 0
    assert told["planned"]["files"] == told["made"]["files"] == [str(tmp_path / f"report.{form}") for form in FORMS]
    assert [item["before"] for item in told["planned"]["diff"]] == ["", "", ""]
    assert "<!DOCTYPE html>" in told["planned"]["diff"][0]["after"]
    assert told["open"]["diff"][0]["before"] == "mode: 0600\n"
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o644
    (diff,) = told["other"]["diff"]
    assert '"cards-1"' in diff["before"]
    assert '"cards-1"' not in diff["after"]
    assert "No such file or directory" in told["lost"]
    assert "This is no result of a module of keylink.aws: key_stores: number 1 has no cluster" in told["wrong"]
    assert "yesterday is not a time in UTC" in told["odd"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["play.yml", *(f"report.{form}" for form in FORMS), "told.json"]
