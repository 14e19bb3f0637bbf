# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a fleet: one profile or assumed role each, looked at side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import key_store_survey
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, together
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure

_SESSION = "keylink-aws-inventory"

Account = Mapping[str, Any]


def look(accounts: Sequence[Account], count_keys: bool) -> list[dict[str, Any]]:
    """Each account with its id and its Regions, or with why it could not be read.

    account: profile or access_key, secret_key and session_token; endpoint_url, assume_role_arn,
    assume_role_external_id, regions.
    """
    found = together({str(number): partial(_account, item, count_keys) for number, item in enumerate(accounts)})
    return [found[str(number)] for number in range(len(accounts))]


def _account(account: Account, count_keys: bool) -> dict[str, Any]:
    try:
        aws = _aws(account)
        regions = account["regions"] or [aws.region]
        found = aws.together(
            id=partial(_id, aws), regions=partial(key_store_survey.look, aws, regions, {}, count_keys)
        )
        return {"error": "", **found}
    except (AwsError, Failure) as error:
        return {"error": str(error), "id": None, "regions": []}


def _aws(account: Account) -> Aws:
    region = account["region"] or next(iter(account["regions"] or ()), None)
    keys = {
        "aws_access_key_id": account["access_key"],
        "aws_secret_access_key": account["secret_key"],
        "aws_session_token": account["session_token"],
    }
    given = {"profile_name": account["profile"]} if account["profile"] else keys
    aws = Aws((region, account["endpoint_url"], given))
    if not account["assume_role_arn"]:
        return aws
    external = {"ExternalId": account["assume_role_external_id"]} if account["assume_role_external_id"] else {}
    role = aws.call(
        "sts", "assume_role", RoleArn=account["assume_role_arn"], RoleSessionName=_SESSION, **external
    )["Credentials"]
    keys = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }
    return Aws((region, account["endpoint_url"], keys))


def _id(aws: Aws) -> str | None:
    try:
        return str(aws.call("sts", "get_caller_identity")["Account"])
    except AwsError:
        return None
