# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module of the collection against the embedded AWS, as the action plugin runs it."""

from __future__ import annotations

import importlib
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.plugin_utils import converge

CONNECTION = {
    "region": "eu-central-1",
    "access_key": "AKIAEXAMPLEEXAMPLE01",
    "secret_key": "exampleSecretExampleSecretExampleSecret0",
}


def run_module(
    endpoint_url: str, module: str, /, *, check: bool = False, context: runner.Context | None = None, **options: Any
) -> dict[str, Any]:
    """The result of MODULE with OPTIONS; a failure is a result with failed: true."""
    spec = importlib.import_module(f"ansible_collections.keylink.aws.plugins.modules.{module}").SPEC
    arguments = {
        **CONNECTION,
        "endpoint_url": endpoint_url,
        **options,
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_module_name": module,
    }
    return converge.outcome(spec, arguments, context or runner.Context())
