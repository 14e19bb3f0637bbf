# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Predicts what a run would do, without changing anything. Values that AWS assigns are placeholders.
  diff_mode:
    support: full
    description: Returns before and after for each AWS resource that changes.
  idempotent:
    support: full
    description: A second run with the same options changes nothing and makes no call that writes.
  action_group:
    support: full
    description: Use C(group/keylink.aws.aws) in C(module_defaults); it reaches the modules of amazon.aws too.
    membership:
      - keylink.aws.aws
notes:
  - On the controller (connection V(local), no C(become), no C(async)) the module's code runs in Ansible's own process,
    which is faster and lets a long wait say how it is going. Set the variable C(keylink_in_process) to V(false) to run
    it as an ordinary module.
"""
