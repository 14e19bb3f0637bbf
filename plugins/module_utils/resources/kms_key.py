# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KMS key in a custom key store: made once, kept as wanted, deleted only by name (R135, N11, N18, N30-N32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import missing, tag_changes, tags_after
from ansible_collections.keylink.aws.plugins.module_utils.core.markers import KEY_ALIAS
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder
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
from ansible_collections.keylink.aws.plugins.module_utils.resources import kms_key_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import refusals
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import CONNECTED, CONNECTING
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import wait_connected
from ansible_collections.keylink.aws.plugins.module_utils.resources.kms_key_view import (
    DISABLED,
    ENABLED,
    PENDING_DELETION,
    UNAVAILABLE,
    aliases_of,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import EXTERNAL
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import sentence, unmet

KIND = "KMS key"
_ALIAS = "alias"
_ORIGIN = {EXTERNAL: "EXTERNAL_KEY_STORE"}
_SAFE_TO_REPEAT = ("ThrottlingException",)
_RACE = ("CustomKeyStoreInvalidStateException",)
_CANCELLED = ("KMSInvalidStateException",)
# Of several reasons for AWS's refusal those that a key can have; the others are explained with the key stores.
EXPLAIN: Mapping[str, str] = {
    **refusals.explanations(),
    "CustomKeyStoreInvalidStateException": f"R135: {sentence('R135')} Connect the key store. If it is connected, "
    "AWS KMS was refused by the proxy, or got no answer from it in 250 ms: check the proxy with "
    "keylink.aws.xks_proxy_info.",
    "XksKeyAlreadyInUseException": f"N31: {sentence('N31')} Another KMS key of the store has this external key, maybe "
    "one that this identity may not look at (kms:DescribeKey), or one that waits for its deletion.",
    **{code: f"N31: {sentence('N31')} {fix}" for code, fix in checks.EXTERNAL_KEY_FIXES.items()},
    "CloudHsmClusterInvalidConfigurationException": f"N11: {sentence('N11')}",
    "AlreadyExistsException": f"N32: {sentence('N32')} Somebody made the alias meanwhile: run again.",
    "MalformedPolicyDocumentException": "Check the policy: principals must exist, and AWS KMS refuses one that would "
    "lock you out of the key.",
    "LimitExceededException": "A quota of AWS KMS is used up: keys, aliases, the length of the policy, or 50 tags.",
    "TagException": "AWS KMS does not take these tags: names of at most 128 and values of at most 256 characters.",
    "NotFoundException": "There is no such key or alias any more, or not everywhere yet. Run again.",
    "DependencyTimeoutException": "AWS KMS was too slow in itself. Run again.",
    "InvalidArnException": "Give key_id as the id of the key, or as its whole ARN.",
    "InvalidAliasNameException": "Give other aliases: letters, digits, / _ and -, not beginning with aws/.",
    "KMSInvalidStateException": "The state of the key forbids it; somebody else changed it meanwhile. Run again.",
    "UnsupportedOperationException": "Keys in custom key stores are symmetric encryption keys of a single Region.",
}

Params = Mapping[str, Any]
View = dict[str, Any]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the key as PARAMS want it."""
    key = current["key"]
    facts = {"previous_key_state": key["key_state"] if key else None, "last_usage": current["last_usage"]}
    problems = [*checks.identity(params, current), *_hidden_keys(params, current)]
    if any(item.blocking for item in problems):
        return Plan((), current, tuple(problems), facts=facts)
    if params["state"] == "absent":
        return _plan_absent(params, current, facts, problems)
    if key is None:
        return _plan_create(params, current, facts, problems)
    return _plan_existing(params, current, facts, problems)


def _hidden_keys(params: Params, current: Mapping[str, Any]) -> list[Any]:
    """Keys that cannot be looked at may be the one that is meant."""
    count = current["unreadable_keys"]
    if not count or current["key"]:
        return []
    fix = "Allow kms:DescribeKey on them, or name the key by key_id."
    found = f"{count} keys of the Region cannot be looked at, and one of them may be the key that is meant"
    return [unmet("N30", "KMS keys", found, fix, blocking=False)]


def _name(params: Params, key: Mapping[str, Any] | None = None) -> str:
    """What to call the key."""
    aliases = aliases_of(params) or (key["aliases"] if key else None)
    if aliases:
        return str(aliases[0].removeprefix("alias/"))
    return str(params["xks_key_id"] or (key and (key["xks_key_id"] or key["key_id"])) or params["key_id"])


def _announce(name: str, attribute: str) -> str:
    return placeholder("kms_key", name, attribute)


def _plan_create(params: Params, current: Mapping[str, Any], facts: View, problems: Sequence[Any]) -> Plan:
    name, store = _name(params), current["store"]
    found = [*problems, *checks.creation(params, current), *checks.moves(params, current)]
    if store is None:
        return Plan((), current, tuple(found), facts=facts)
    key_id = _announce(name, "key_id")
    aliases = aliases_of(params) or []
    enabled = params["enabled"] is not False
    key = {
        "key_id": key_id,
        "key_arn": _announce(name, "key_arn"),
        "key_state": ENABLED if enabled else DISABLED,
        "description": params["description"] or "",
        "custom_key_store_id": store["custom_key_store_id"],
        "cloud_hsm_cluster_id": store["cloud_hsm_cluster_id"],
        "xks_key_id": params["xks_key_id"],
        "origin": _ORIGIN.get(store["custom_key_store_type"], store["custom_key_store_type"]),
        "key_spec": "SYMMETRIC_DEFAULT",
        "key_usage": "ENCRYPT_DECRYPT",
        "creation_date": _announce(name, "creation_date"),
        "deletion_date": None,
        "aliases": sorted(aliases),
        "tags": _wanted_tags(params) or {},
        "policy": text(parse(params["policy"])) if params["policy"] else None,
    }
    steps: tuple[Step, ...] = (_create(params, key, store, name),)
    if not enabled:
        steps += (Step("kms.disable_key", {"KeyId": key_id}, say=f"disable {KIND} {name}"),)
    changes = [Change(KIND, name, None, _shown(key), steps, key_id), *_alias_changes(params, current, key_id, key)]
    after = {**current, "key": key, "alias_targets": dict.fromkeys(aliases, key_id)}
    return Plan(tuple(changes), after, tuple(found), (_wait_usable(name, key_id),), facts=facts)


def _create(params: Params, key: Mapping[str, Any], store: Mapping[str, Any], name: str) -> Step:
    tags = dict(key["tags"])
    if not key["xks_key_id"] and key["aliases"]:
        tags[KEY_ALIAS] = (aliases_of(params) or key["aliases"])[0]
    given = {
        "XksKeyId": key["xks_key_id"],
        "Description": key["description"],
        "Policy": key["policy"],
        "Tags": _aws_tags(tags),
    }
    arguments = {
        "Origin": key["origin"],
        "CustomKeyStoreId": key["custom_key_store_id"],
        **{option: value for option, value in given.items() if value},
    }
    binds = {key["key_id"]: "KeyId", key["key_arn"]: "Arn", key["creation_date"]: "CreationDate"}
    connecting = store["connection_state"] == CONNECTING
    place = (store["custom_key_store_name"], store["custom_key_store_id"], store["custom_key_store_type"])
    needs = (wait_connected(*place),) if connecting else ()
    retry = (*_SAFE_TO_REPEAT, *(_RACE if needs else ()))
    return Step("create_key", arguments, binds, needs, retry, f"create {KIND} {name}")


def _aws_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """AWS KMS has names of its own for the parts of a tag."""
    return [{"TagKey": name, "TagValue": value} for name, value in sorted(tags.items())]


def _shown(key: Mapping[str, Any]) -> View:
    """What a diff shows of a key; aliases are changes of their own."""
    shown = {
        name: key[name]
        for name in ("key_id", "key_state", "description", "custom_key_store_id", "xks_key_id", "tags")
    }
    return {**shown, "policy": tidy(parse(key["policy"]))} if key["policy"] else shown


def _plan_existing(params: Params, current: Mapping[str, Any], facts: View, problems: Sequence[Any]) -> Plan:
    before = current["key"]
    name, key_id = _name(params, before), before["key_id"]
    found = [*problems, *checks.doomed(params, before), *checks.moves(params, current)]
    after = {**before, "key_state": _state_after(params, current), "aliases": _aliases_after(params, before)}
    steps = _state_steps(params, before, name)
    if before["key_state"] == PENDING_DELETION:
        after["deletion_date"] = None
    if params["description"] is not None and params["description"] != before["description"]:
        after["description"] = params["description"]
        arguments = {"KeyId": key_id, "Description": params["description"]}
        steps.append(Step("kms.update_key_description", arguments, say=f"describe {KIND} {name}"))
    steps += _tag_steps(params, before, after, name)
    if params["policy"] and not same(parse(params["policy"]), parse(before["policy"])):
        after["policy"] = text(parse(params["policy"]))
        # The last step, since it can take rights away from whoever takes the others.
        arguments = {"KeyId": key_id, "Policy": after["policy"]}
        steps.append(Step("put_policy", arguments, say=f"set the policy of {KIND} {name}"))
    if before["key_state"] == PENDING_DELETION:
        # Not every part of AWS KMS knows at once that the deletion is cancelled.
        steps = [steps[0], *(replace(step, retry=_CANCELLED) for step in steps[1:])]
    changes = [
        Change(KIND, name, _shown(before), _shown(after), tuple(steps), key_id),
        *_alias_changes(params, current, key_id, after),
    ]
    targets = {**current["alias_targets"], **dict.fromkeys(aliases_of(params) or [], key_id)}
    settle = (_wait_usable(name, key_id),) if any(change.steps for change in changes) else ()
    state = {**current, "key": after, "alias_targets": targets}
    return Plan(tuple(changes), state, tuple(found), settle, _warnings(params, current, name), facts)


def _state_steps(params: Params, before: Mapping[str, Any], name: str) -> list[Step]:
    """Cancel, enable, disable."""
    arguments = {"KeyId": before["key_id"]}
    state, wanted = before["key_state"], params["enabled"]
    steps = []
    if state == PENDING_DELETION:
        steps.append(Step("cancel_deletion", arguments, say=f"cancel the deletion of {KIND} {name}"))
        state = DISABLED
    if wanted is True and state == DISABLED:
        steps.append(Step("kms.enable_key", arguments, say=f"enable {KIND} {name}"))
    if wanted is False and state == ENABLED:
        steps.append(Step("kms.disable_key", arguments, say=f"disable {KIND} {name}"))
    return steps


def _state_after(params: Params, current: Mapping[str, Any]) -> str:
    state = str(current["key"]["key_state"])
    if state == UNAVAILABLE:
        return state
    if state == PENDING_DELETION:
        store = current["store"]
        if store and store["connection_state"] != CONNECTED:
            return UNAVAILABLE
        return ENABLED if params["enabled"] else DISABLED
    if params["enabled"] is None or state not in (ENABLED, DISABLED):
        return state
    return ENABLED if params["enabled"] else DISABLED


def _warnings(params: Params, current: Mapping[str, Any], name: str) -> tuple[str, ...]:
    state = current["key"]["key_state"]
    if state == UNAVAILABLE and params["enabled"] is not None:
        return (
            f"{KIND} {name} is Unavailable because its key store is disconnected, so nobody can see whether it is "
            "enabled: enabled was not compared. Run again when the store is connected.",
        )
    if state == PENDING_DELETION and params["enabled"] is None:
        return (f"The deletion of {KIND} {name} is cancelled, and the key is disabled: enabled: true makes it usable.",)
    return ()


def _wanted_tags(params: Params) -> dict[str, str] | None:
    """A tag's value is a text, whatever YAML makes of it."""
    given = params["tags"]
    return None if given is None else {str(name): str(value) for name, value in given.items()}


def _tag_steps(params: Params, before: Mapping[str, Any], after: View, name: str) -> list[Step]:
    current = before["tags"] or {}
    wanted = _wanted_tags(params)
    to_set, surplus = tag_changes(current, wanted, params["purge_tags"])
    if before["tags"] is not None or wanted is not None:
        after["tags"] = tags_after(current, wanted, params["purge_tags"])
    steps = []
    key_id = before["key_id"]
    if to_set:
        arguments = {"KeyId": key_id, "Tags": _aws_tags(to_set)}
        steps.append(Step("kms.tag_resource", arguments, say=f"tag {KIND} {name}"))
    if surplus:
        arguments = {"KeyId": key_id, "TagKeys": surplus}
        steps.append(Step("kms.untag_resource", arguments, say=f"take tags off {KIND} {name}"))
    return steps


def _aliases_after(params: Params, before: Mapping[str, Any]) -> list[str]:
    wanted = aliases_of(params)
    if wanted is None:
        return list(before["aliases"])
    return sorted(set(wanted) if params["purge_alias"] else {*wanted, *before["aliases"]})


def _alias_changes(
    params: Params, current: Mapping[str, Any], key_id: str, after: Mapping[str, Any]
) -> list[Change]:
    """Each alias is a thing of its own: made, moved here from another key, or taken away."""
    held = current["key"]["aliases"] if current["key"] else []
    here = {"target_key_id": key_id}
    changes = [Change(_ALIAS, alias, here, here, (), alias) for alias in aliases_of(params) or () if alias in held]
    for alias in missing(after["aliases"], held):
        target = current["alias_targets"].get(alias)
        verb = "kms.update_alias" if target else "create_alias"
        arguments = {"AliasName": alias, "TargetKeyId": key_id}
        step = Step(verb, arguments, say=f"{'move' if target else 'create'} {alias}")
        before = {"target_key_id": target} if target else None
        changes.append(Change(_ALIAS, alias, before, here, (step,), alias))
    for alias in missing(held, after["aliases"]):
        step = Step("kms.delete_alias", {"AliasName": alias}, say=f"delete {alias}")
        changes.append(Change(_ALIAS, alias, here, None, (step,), alias))
    return changes


def _plan_absent(params: Params, current: Mapping[str, Any], facts: View, problems: Sequence[Any]) -> Plan:
    before = current["key"]
    if before is None:
        return Plan((), current, tuple(problems), facts=facts)
    name, key_id = _name(params, before), before["key_id"]
    if before["key_state"] == PENDING_DELETION:
        return Plan((Change(KIND, name, _shown(before), _shown(before), (), key_id),), current, facts=facts)
    found = [*problems, *checks.deletion(params, current)]
    days = params["pending_window_in_days"]
    after = {**before, "key_state": PENDING_DELETION, "deletion_date": _announce(name, "deletion_date")}
    arguments = {"KeyId": key_id, "PendingWindowInDays": days}
    step = Step("schedule_deletion", arguments, say=f"schedule the deletion of {KIND} {name}")
    warning = (
        f"{KIND} {name} ({key_id}) is deleted in {days} days unless that is cancelled (state: present, "
        f"cancel_deletion: true). Then {checks.loss(before, current['last_usage'])}."
    )
    return Plan(
        (Change(KIND, name, _shown(before), {**_shown(after), "deleted_after_days": days}, (step,), key_id),),
        {**current, "key": after},
        tuple(found),
        (_wait_doomed(name, key_id),),
        (warning,),
        facts,
    )


def _wait_usable(name: str, key_id: str) -> Wait:
    return Wait(f"{KIND} {name}", "key", {"key_id": key_id}, judge_usable, "a few seconds")


def _wait_doomed(name: str, key_id: str) -> Wait:
    return Wait(f"{KIND} {name}", "key", {"key_id": key_id}, judge_doomed, "a few seconds")


def judge_usable(key: Mapping[str, Any] | None) -> Verdict:
    """Whether a key is in a state in which it stays."""
    state = str(key.get("KeyState")) if key else "not visible yet"
    return Verdict(DONE if state in (ENABLED, DISABLED, UNAVAILABLE) else WAITING, state)


def judge_doomed(key: Mapping[str, Any] | None) -> Verdict:
    """Whether a key waits for its deletion."""
    state = str(key.get("KeyState")) if key else "gone"
    return Verdict(DONE if state in (PENDING_DELETION, "gone") else WAITING, state)
