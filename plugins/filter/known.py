# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder

DOCUMENTATION = r"""
name: known
version_added: 0.2.0
short_description: A value of a task's result, or a placeholder where check mode does not know it yet
description:
  - Takes a value out of the result of any module and gives it to a module of this collection, in check mode too.
  - >-
    Modules of other collections return no ids for what they would create. Those of this collection take a placeholder
    for such an id, C((known after apply: KIND.NAME.ATTRIBUTE)), and plan on with it.
author:
  - keylink.aws contributors (@keylink-aws)
positional: path, kind, name
options:
  _input:
    description: What a task registered.
    type: dict
    required: true
  path:
    description: Where the value is in it, such as V(vpc.id) or V(subnets.0.id).
    type: str
    required: true
  kind:
    description: What the placeholder says that the value belongs to.
    type: str
    default: resource
  name:
    description: The name of that resource, for the placeholder.
    type: str
    default: new
seealso:
  - plugin: keylink.aws.pending
    plugin_type: test
"""

EXAMPLES = r"""
- name: A security group, by a module that returns no id for it in check mode
  amazon.aws.ec2_security_group:
    name: endpoints
    description: Clients of the endpoints
    vpc_id: "{{ vpc_id }}"
  register: group

- name: An endpoint that is planned with it all the same
  keylink.aws.kms_vpc_endpoint:
    vpc_id: "{{ vpc_id }}"
    subnet_ids: "{{ subnet_ids }}"
    security_group_ids: ["{{ group | keylink.aws.known('group_id', 'security_group', 'endpoints') }}"]
"""

RETURN = r"""
_value:
  description: The value, or the placeholder.
  type: raw
"""


def known(result: Any, path: str, kind: str = "resource", name: str = "new") -> Any:
    """The value at PATH of a task's RESULT; a placeholder where the task would have made it."""
    if not isinstance(result, Mapping):
        raise AnsibleFilterError(f"keylink.aws.known takes the result of a task, not {type(result).__name__}.")
    value: Any = result
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
    if value not in (None, ""):
        return value
    if result.get("changed") or result.get("skipped"):
        return placeholder(kind, name, path.rpartition(".")[2])
    found = ", ".join(sorted(result)) or "nothing"
    raise AnsibleFilterError(f"The result has no {path}, and its task would not have made one: it has {found}.")


class FilterModule:
    """The filter of this file's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"known": known}
