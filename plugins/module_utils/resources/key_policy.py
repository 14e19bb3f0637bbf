# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of a KMS key: put without locking anybody out by mistake (R102, R103, R106, R107)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    WAITING,
    Change,
    Plan,
    Step,
    Verdict,
    Wait,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import parse, same, text, tidy
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_policy_checks, policy_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_presets as presets
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

KIND = "key policy"
UNSEEN = ("MalformedPolicyDocumentException.InvalidPrincipals",)

Params = Mapping[str, Any]
View = dict[str, Any]

_EXISTS = (
    "Each user and role that the policy names has to exist. One that was just made is seen after a few seconds: run "
    "again, with a longer wait_timeout."
)
EXPLAIN: Mapping[str, str] = {
    "NotFoundException": "Check key_id or alias, the Region and the account. The alias of a deleted key is gone too.",
    "InvalidArnException": "Check key_id: the key's policy can be put in the key's own account and Region only.",
    "MalformedPolicyDocumentException": (
        "Nothing was changed. Where AWS KMS says that the policy could not be updated in the future: it judges by the "
        "place that the call comes from, so run this from a VPC or endpoint that the policy allows, name the identity "
        "as an administrator, or set bypass_policy_lockout_safety_check."
    ),
    UNSEEN[0]: f"Nothing was changed. {_EXISTS}",
    "LimitExceededException": "Nothing was changed. A key policy has 32 KB at most.",
    "UnsupportedOperationException": "AWS writes the policies of its own keys. Name a customer managed key.",
}


def check(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    if params["state"] == "default" and params["policy"] is not None:
        return [unmet("R107", "policy", "given with state=default", "Leave it out, or set state=present.")]
    return policy_checks.key_policy("policy", params["policy"])


def key_name(params: Params) -> str:
    """What names the key, in the form that AWS KMS takes."""
    alias: str | None = params["alias"]
    if alias is None:
        return str(params["key_id"])
    return alias if alias.startswith("alias/") or is_pending(alias) else f"alias/{alias}"


def lookups(params: Params) -> dict[str, Any]:
    """What has to be read, besides the Region's own."""
    name = key_name(params)
    named = parse(params["policy"]) if params["state"] == "present" else {"Statement": []}
    checked = params["check_endpoints"]
    return {
        "key": None if is_pending(name) else name,
        "endpoints": policy_checks.demanded(named, "aws:sourceVpce") if checked else [],
        "vpcs": policy_checks.demanded(named, "aws:sourceVpc") if checked else [],
        # Whoever bypasses the check may work where AWS STS cannot be reached.
        "caller": not params["bypass_policy_lockout_safety_check"] or params["state"] == "default",
    }


def normalise(raw: Mapping[str, Any]) -> View:
    """The state that plan() works on."""
    found = raw.get("key")
    metadata = found["metadata"] if found else {}
    endpoints = [*raw.get("endpoints", ()), *raw.get("vpc_endpoints", ())]
    return {
        "key": _key(metadata) if found else None,
        "policy": parse(found["policy"]) if found else None,
        "caller": raw["caller"]["Arn"] if "caller" in raw else None,
        "endpoints": {
            item["VpcEndpointId"]: {
                "service_name": item["ServiceName"], "state": item["State"].lower(), "vpc_id": item["VpcId"],
            }
            for item in endpoints
        },
        "vpcs": sorted(item["VpcId"] for item in raw.get("vpcs", ())),
    }


def _key(metadata: Mapping[str, Any]) -> View:
    return {
        "key_id": metadata["KeyId"],
        "key_arn": metadata["Arn"],
        "key_state": metadata["KeyState"],
        "key_manager": metadata.get("KeyManager", "CUSTOMER"),
        "deletion_date": str(metadata["DeletionDate"].date()) if metadata.get("DeletionDate") else None,
    }


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What gives the key the policy that PARAMS want."""
    wanted = _wanted(params, current)
    before = current["policy"]
    changed = before is None or not same(before, wanted)
    after = {**current, "policy": wanted} if changed else current
    problems = key_policy_checks.problems(params, current, wanted, changed)
    name, key = key_name(params), current["key"]
    key_id = key["key_id"] if key else name
    arguments = {"KeyId": key["key_arn"] if key else name, "Policy": text(wanted)}
    if params["bypass_policy_lockout_safety_check"]:
        arguments["BypassPolicyLockoutSafetyCheck"] = True
    step = Step("put_key_policy", arguments, retry=UNSEEN, say=f"put the {KIND} of {name}")
    shown = tidy(before) if before else None
    change = Change(KIND, name, shown, tidy(wanted) if changed else shown, (step,) if changed else (), key_id)
    return Plan(
        (change,),
        after,
        tuple(problems),
        (_visible(name, arguments["KeyId"], before),) if changed and before else (),
        tuple(key_policy_checks.warnings(params, current, wanted)) if changed else (),
    )


def _wanted(params: Params, current: Mapping[str, Any]) -> dict[str, Any]:
    if params["state"] == "present":
        return parse(params["policy"])
    # The ARN of the key, or of the caller where the key does not exist yet.
    parts = (current["key"]["key_arn"] if current["key"] else current["caller"]).split(":")
    return presets.key_policy("default", account=parts[4], partition=parts[1])


def _visible(name: str, key_arn: str, before: Mapping[str, Any]) -> Wait:
    return Wait(f"{KIND} of {name}", "key_policy", {"KeyId": key_arn}, partial(_judge, before), "a few seconds")


def _judge(before: Mapping[str, Any], shown: str) -> Verdict:
    if same(parse(shown), before):
        return Verdict(WAITING, "AWS KMS still shows the policy that was there before")
    return Verdict(DONE, "put")


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's result keys."""
    key = view["key"] or {}
    name = key_name(params)
    return {
        "key_id": key.get("key_id", name),
        "key_arn": key.get("key_arn", name),
        "key_state": key.get("key_state"),
        "policy_name": "default",
        "policy": view["policy"],
    }
