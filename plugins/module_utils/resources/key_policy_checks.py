# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a key policy would do to those who manage and use the key: R99, R103, R106, R107."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import (
    ALLOWED,
    UNKNOWN,
    Decision,
    Request,
    evaluate,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

Params = Mapping[str, Any]
Policy = Mapping[str, Any]
_SERVICES = (".kms", ".kms-fips")
_BYPASS = "bypass_policy_lockout_safety_check"


def problems(params: Params, current: Mapping[str, Any], wanted: Policy, changed: bool) -> list[Unmet]:
    """The requirements that the policy does not meet. What is there already stops nothing."""
    found = [*_managed(current["key"]), *_endpoints(params, current, wanted), *_vpcs(params, current, wanted)]
    if params["state"] == "present":
        # What stops nothing is not reported before the first call.
        found += [item for item in policy_checks.key_policy("policy", wanted) if not item.blocking]
    if changed:
        found += _lock_out(params, current, wanted)
    found += _services(wanted)
    return found if changed else [Unmet(**{**item.as_dict(), "blocking": False}) for item in found]


def _managed(key: Mapping[str, Any] | None) -> Iterator[Unmet]:
    if key and key["key_manager"] == "AWS":
        fix = "AWS writes the policies of its own keys. Name a customer managed key."
        yield unmet("R107", "key_id", f"{key['key_arn']} is a key that AWS manages", fix)


def _endpoints(params: Params, current: Mapping[str, Any], wanted: Policy) -> Iterator[Unmet]:
    if not params["check_endpoints"]:
        return
    elsewhere = "Make it first, or set check_endpoints=false if it belongs to another account."
    for item in policy_checks.demanded(wanted, "aws:sourceVpce"):
        found = current["endpoints"].get(item)
        if found is None:
            yield unmet("R106", "policy", f"{item} is no VPC endpoint of this account and Region", elsewhere)
        elif not found["service_name"].endswith(_SERVICES):
            fix = "Requests to AWS KMS never come through it: name an endpoint of AWS KMS."
            yield unmet("R106", "policy", f"{item} is an endpoint of {found['service_name']}", fix)
        elif found["state"] != "available":
            fix = "Wait until it is available, or name another endpoint."
            yield unmet("R106", "policy", f"the VPC endpoint {item} is {found['state']}", fix)


def _vpcs(params: Params, current: Mapping[str, Any], wanted: Policy) -> Iterator[Unmet]:
    if not params["check_endpoints"]:
        return
    served = {
        item["vpc_id"]
        for item in current["endpoints"].values()
        if item["service_name"].endswith(_SERVICES) and item["state"] == "available"
    }
    for item in policy_checks.demanded(wanted, "aws:sourceVpc"):
        if item in served:
            continue
        if item not in current["vpcs"]:
            fix = "Name a VPC that exists, or set check_endpoints=false if it belongs to another account."
            yield unmet("R106", "policy", f"{item} is no VPC of this account and Region", fix)
        else:
            text = f"{item} has no available endpoint for AWS KMS"
            fix = "Only requests through an endpoint have aws:sourceVpc: make one in this VPC."
            yield unmet("R106", "policy", text, fix, blocking=False)


def _lock_out(params: Params, current: Mapping[str, Any], wanted: Policy) -> Iterator[Unmet]:
    if params[_BYPASS] or current["caller"] is None:
        return
    decision = _may_put(current, wanted)
    if decision.verdict not in (ALLOWED, UNKNOWN):
        fix = f"Allow kms:PutKeyPolicy to that identity, or set {_BYPASS}: then only those who are allowed can do it."
        yield unmet("R107", "policy", decision.why, fix)


def _may_put(current: Mapping[str, Any], policy: Policy) -> Decision:
    """Whether the caller may put a policy again. It is not known through which endpoint it calls."""
    key = current["key"]
    context = {"kms:PolicyName": "default", "kms:BypassPolicyLockoutSafetyCheck": "false"}
    arn = key["key_arn"] if key else "(known after apply: KMS key.new.key_arn)"
    return evaluate(policy, Request(current["caller"], "kms:PutKeyPolicy", arn, context))


def _services(wanted: Policy) -> Iterator[Unmet]:
    found = policy_checks.meets_services(wanted)
    if found:
        fix = "If one uses the key, make an exception for aws:ViaAWSService and aws:PrincipalIsAWSService."
        yield unmet("R103", "policy", listing(found), fix, blocking=False)


def warnings(params: Params, current: Mapping[str, Any], wanted: Policy) -> Iterator[str]:
    """What to know before the policy is changed."""
    key, caller = current["key"], current["caller"]
    if key and key["key_state"] == "PendingDeletion":
        yield f"The key {key['key_id']} is waiting for its deletion on {key['deletion_date']}."
    if params[_BYPASS]:
        yield f"{_BYPASS} is set: if the new policy allows kms:PutKeyPolicy to nobody, only AWS Support can help."
    elif caller is not None:
        yield from _doubts(current, wanted)
    for item in (*_services(wanted), *_vpcs(params, current, wanted)):
        if not item.blocking:
            yield str(item)


def _doubts(current: Mapping[str, Any], wanted: Policy) -> Iterator[str]:
    decision = _may_put(current, wanted)
    if decision.verdict == UNKNOWN:
        yield (
            f"Whether {current['caller']} can change this policy again depends on more than is known here: "
            f"{decision.why}. AWS KMS makes the same check when the policy is put, and refuses it if not."
        )
    before = current["policy"]
    if decision.delegated and before is not None:
        now = _may_put(current, before)
        if now.allowed and not now.delegated:
            yield (
                f"The new policy does not name {current['caller']} any more: whether it can change the policy again is "
                "left to the IAM policies of the account."
            )
