# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module of the collection against the embedded AWS: in this process as the action plugin runs it, or with
KEYLINK_IN_PROCESS=false the ordinary way."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.plugin_utils import converge

from scenarios import ordinary

CONNECTION = {
    "region": "eu-central-1",
    "access_key": "AKIAEXAMPLEEXAMPLE01",
    "secret_key": "exampleSecretExampleSecretExampleSecret0",
}


def run_module(
    endpoint_url: str, module: str, /, *, check: bool = False, context: runner.Context | None = None, **options: Any
) -> dict[str, Any]:
    """The result of MODULE with OPTIONS; a failure is a result with failed: true. With a CONTEXT always in this
    process."""
    arguments = {
        **CONNECTION,
        "endpoint_url": endpoint_url,
        **options,
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_module_name": module,
    }
    if "inject_invocation" in PASS_VARS:
        # What core 2.21 shows of a task's arguments only on request is looked through for secrets, too.
        arguments["_ansible_inject_invocation"] = True
    if context is None and os.environ.get("KEYLINK_IN_PROCESS") == "false":
        return ordinary.run(module, arguments)
    spec = importlib.import_module(f"ansible_collections.keylink.aws.plugins.modules.{module}").SPEC
    return converge.outcome(spec, arguments, context or runner.Context())
