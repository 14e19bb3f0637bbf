# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending

DOCUMENTATION = r"""
name: pending
version_added: 0.2.0
short_description: Whether a value is known only after a real run
description:
  - >-
    In check mode, what AWS has yet to assign is a placeholder, C((known after apply: KIND.NAME.ATTRIBUTE)).
    This test tells one from a value, also inside lists and dictionaries.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  _input:
    description: Any value.
    type: raw
    required: true
seealso:
  - plugin: keylink.aws.known
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Something that needs the real id
  ansible.builtin.command: ./tell-the-others {{ store.custom_key_store_id }}
  changed_when: true
  when: store.custom_key_store_id is not keylink.aws.pending
"""

RETURN = r"""
_value:
  description: Whether the value is, or holds, a placeholder.
  type: bool
"""


class TestModule:
    """The test of this file's name."""

    def tests(self) -> dict[str, Callable[[object], bool]]:
        return {"pending": is_pending}
