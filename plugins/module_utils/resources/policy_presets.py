# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies that AWS's pages describe, as documents to review and to combine (R96, R100, R102, R106, R107).

A restriction is always a Deny: it holds whatever else is combined with it, and for grants too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import (
    FULL_ACCESS,
    VERSION,
    PolicyError,
    canonical,
    listed,
    parse,
    statements,
)

Document = dict[str, Any]

# Beginning of a Region's name -> its partition; all others are in "aws".
_PARTITIONS = {
    "cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc",
}
USE = (
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Sign", "kms:Verify",
    "kms:GenerateMac", "kms:VerifyMac", "kms:DeriveSharedSecret",
)
READ = ("kms:Describe*", "kms:List*", "kms:Get*")
_ACCOUNT = re.compile(r"\d{12}")
_KEY_ID = re.compile(r"[0-9a-f-]{36}|mrk-[0-9a-f]{32}")
_NAMED = re.compile(r"(user|role|root)(/.+)?")


def partition_of(region: str) -> str:
    """The partition of a Region."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def endpoint_policy(preset: str, **options: Any) -> Document:
    """A policy for an interface endpoint of AWS KMS. Raises PolicyError."""
    return _make("endpoint policy", ENDPOINT_PRESETS, preset, options)


def key_policy(preset: str, **options: Any) -> Document:
    """A policy for a KMS key. Raises PolicyError."""
    return _make("key policy", KEY_PRESETS, preset, options)


def _make(
    kind: str, presets: Mapping[str, Callable[..., Document]], preset: str, options: Mapping[str, Any]
) -> Document:
    if preset not in presets:
        raise PolicyError(f"there is no {kind} {preset!r}; there are {listing(sorted(presets))}")
    takes = inspect.signature(presets[preset]).parameters
    given = {name: value for name, value in options.items() if value is not None}
    surplus = sorted(set(given) - set(takes))
    if surplus:
        raise PolicyError(f"the {kind} {preset} does not take {listing(surplus)}; it takes {listing(list(takes))}")
    lacking = [name for name, one in takes.items() if one.default is one.empty and not given.get(name)]
    if lacking:
        raise PolicyError(f"the {kind} {preset} needs {listing(lacking)}")
    return presets[preset](**given)


class _Place:
    """Where ARNs belong: partition, Region and account, as far as they are given."""

    def __init__(self, partition: str | None, region: str | None, account: Any) -> None:
        self.region = region
        self.account = None if account is None else account_id(account)
        self.partition = partition or (partition_of(region) if region else None)
        if region and partition and partition != partition_of(region):
            raise PolicyError(f"the Region {region} is not in the partition {partition}")

    def arn(self, service: str, region: str | None, resource: str, what: str) -> str:
        where = "region" if region is None else "region or partition"
        needs = {where: None if region is None else self.partition, "account": self.account}
        lacking = [name for name, value in needs.items() if value is None]
        if lacking:
            raise PolicyError(f"{what} is no ARN: give the ARN, or {listing(lacking)} beside it")
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def own(self, arn: str) -> str:
        given = arn.split(":")[1]
        if self.partition and given != self.partition:
            raise PolicyError(f"{arn} is in the partition {given}, not in {self.partition}")
        return arn

    def principal(self, name: Any) -> str:
        """An ARN, an account, everybody, or a user or role of the account: "role/deploy"."""
        text = str(name)
        if text == "*" or is_pending(text):
            return text
        if text.startswith("arn:"):
            return self.own(text)
        if _ACCOUNT.fullmatch(text):
            return text
        if not _NAMED.fullmatch(text):
            raise PolicyError(f"{text} is no principal: give an ARN, an account of 12 digits, or role/name, user/name")
        return self.arn("iam", "", text, text)

    def key(self, name: str) -> str:
        """An ARN, or an id in the Region and account."""
        if name == "*" or is_pending(name):
            return name
        if ":alias/" in name or name.startswith("alias/"):
            raise PolicyError(
                f"{name} is an alias, but AWS KMS compares the ARN of the key with Resource: give the key's id or ARN"
            )
        if name.startswith("arn:"):
            return self.own(name)
        if not _KEY_ID.fullmatch(name):
            raise PolicyError(f"{name} is no key: give its ARN or its id")
        return self.arn("kms", self.region, f"key/{name}", name)


def account_id(value: Any) -> str:
    """YAML takes the leading zero of an unquoted account away."""
    text = str(value)
    if not _ACCOUNT.fullmatch(text) and not is_pending(text):
        raise PolicyError(f"{text} is no account id: give 12 digits, quoted in YAML")
    return text


def _ids(kind: str, prefix: str, given: Any) -> list[str]:
    values = [str(item) for item in listed(given)]
    wrong = [item for item in values if not item.startswith(prefix) and not is_pending(item)]
    if wrong or not values:
        raise PolicyError(f"{listing(wrong) or 'nothing'} is no {kind}: give ids that begin with {prefix}")
    return values


def _some(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _document(*found: Mapping[str, Any]) -> Document:
    return {"Version": VERSION, "Statement": [dict(item) for item in found]}


def _default_endpoint() -> Document:
    return {"Statement": [dict(item) for item in FULL_ACCESS["Statement"]]}


def _decrypt_and_view(
    principals: Any, keys: Any, region: str | None = None, partition: str | None = None, account: Any = None
) -> Document:
    """ListKeys and ListAliases have no key: a statement that names one can never allow them."""
    place = _Place(partition, region, account)
    who = {"AWS": _some([place.principal(item) for item in listed(principals)])}
    allow = {"Effect": "Allow", "Principal": who}
    return _document(
        {
            "Sid": "AllowDecryptAndView", **allow, "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": _some([place.key(str(item)) for item in listed(keys)]),
        },
        {"Sid": "AllowListing", **allow, "Action": ["kms:ListAliases", "kms:ListKeys"], "Resource": "*"},
    )


def _this_account(account: Any, exempt_services: bool = False) -> Document:
    """AWS's example has no Allow, and alone it would let nobody in (R100)."""
    deny = {"StringNotEquals": {"aws:PrincipalAccount": _some([account_id(item) for item in listed(account)])}}
    return _document(
        {"Sid": "AllowAll", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {
            "Sid": "DenyOtherAccounts", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
            "Condition": {**deny, **_unless_service(exempt_services)},
        },
    )


def _unless_service(exempt: bool) -> dict[str, Any]:
    """R103: a Deny that does not meet AWS services, whether they act for somebody or for themselves."""
    return {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}} if exempt else {}


def _delegating(place: _Place) -> dict[str, Any]:
    return {
        "Sid": "EnableIAMPolicies", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": place.arn("iam", "", "root", "the account")},
    }


def _default_key(account: Any, region: str | None = None, partition: str | None = None) -> Document:
    """What AWS gives a key that is made without a policy."""
    enable = {**_delegating(_Place(partition, region, account)), "Sid": "Enable IAM User Permissions"}
    return {"Id": "key-default-1", **_document(enable)}


def _through_endpoint(
    account: Any,
    endpoints: Any,
    region: str | None = None,
    partition: str | None = None,
    exempt_services: bool = False,
) -> Document:
    """Use only through the endpoints; whoever administers the key needs none (R106)."""
    place = _Place(partition, region, account)
    ids = _ids("VPC endpoint", "vpce-", endpoints)
    outside = _outside(place, {"aws:sourceVpce": _some(ids)}, [], exempt_services)
    return _document(_delegating(place), {"Sid": "DenyUseElsewhere", **outside, "Action": list(USE)})


def _split_by_vpc(
    account: Any,
    administer_from: Any,
    use_from: Any,
    administrators: Any = None,
    region: str | None = None,
    partition: str | None = None,
    exempt_services: bool = False,
) -> Document:
    """Whatever is neither use nor reading is administration: what AWS adds later, and CreateGrant too (R107)."""
    place = _Place(partition, region, account)
    who = [place.principal(item) for item in listed(administrators)]
    unnamed = [item for item in who if not (item.startswith("arn:") or is_pending(item)) or item.endswith(":root")]
    if unnamed:
        raise PolicyError(f"{listing(unnamed)} does not name one user or role: administrators are users and roles")
    administer = {"aws:sourceVpc": _some(_ids("VPC", "vpc-", administer_from))}
    use = {"aws:sourceVpc": _some(_ids("VPC", "vpc-", use_from))}
    return _document(
        _delegating(place),
        {
            "Sid": "DenyAdministrationElsewhere", **_outside(place, administer, who, exempt_services),
            "NotAction": [*USE, *READ],
        },
        {"Sid": "DenyUseInOtherVpcs", **_outside(place, use, [], exempt_services), "Action": list(USE)},
    )


def _outside(place: _Place, where: Mapping[str, Any], exempt: Sequence[str], services: bool) -> dict[str, Any]:
    """A Deny for requests that come from elsewhere."""
    condition: dict[str, Any] = {"StringNotEquals": dict(where), **_unless_service(services)}
    # With this role EC2 opens encrypted volumes for an instance; it comes from no VPC.
    ec2 = [f"arn:{place.partition}:iam::*:role/aws:ec2-infrastructure"] if services else []
    if exempt or ec2:
        condition["ArnNotLike"] = {"aws:PrincipalArn": _some([*exempt, *ec2])}
    return {"Effect": "Deny", "Principal": "*", "Resource": "*", "Condition": condition}


ENDPOINT_PRESETS: Mapping[str, Callable[..., Document]] = {
    "default": _default_endpoint,
    "decrypt_and_view": _decrypt_and_view,
    "this_account": _this_account,
}
KEY_PRESETS: Mapping[str, Callable[..., Document]] = {
    "default": _default_key,
    "through_endpoint": _through_endpoint,
    "split_by_vpc": _split_by_vpc,
}


def combined(policies: Iterable[Any]) -> Document:
    """One document of several. Each Deny holds, and full access for everybody gives way to narrower Allows: so what
    is combined never allows more than the narrowest of them meant. Raises PolicyError."""
    found: list[dict[str, Any]] = []
    for document in policies:
        found += [dict(item) for item in statements(parse(document))]
    if not found:
        raise PolicyError("there is nothing to combine: give a list of policies")
    narrow = [item for item in found if item.get("Effect") == "Allow" and not _for_everybody(item)]
    kept = [item for item in found if not narrow or not _for_everybody(item)]
    return _document(*_named_apart(_once(kept)))


def _for_everybody(statement: Mapping[str, Any]) -> bool:
    plain = {name: value for name, value in statement.items() if name != "Sid"}
    full = {**FULL_ACCESS["Statement"][0]}
    return any(_same(plain, {**full, "Action": action}) for action in ("*", "kms:*"))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return canonical({"Statement": one}) == canonical({"Statement": other})


def _once(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for item in found:
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return kept


def _named_apart(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """AWS takes each Sid once."""
    used: set[str] = set()
    result = []
    for item in found:
        sid, number = str(item.get("Sid") or ""), 2
        while sid and sid in used:
            sid, number = f"{item['Sid']}{number}", number + 1
        used.add(sid)
        result.append({**item, "Sid": sid} if sid else item)
    return result
