# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of CloudHSM key stores: what does not hold of a cluster and of the store in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import hsm_cluster
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTING,
    FAILED,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, in_words, remedy
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

View = Mapping[str, Any]


def cluster(view: View) -> list[Unmet]:
    """The cluster, as before a connect, or before a store is made."""
    seen, store = view["cluster"], view["store"]
    if seen is None:
        return []
    if store and store["connection_state"] == CONNECTED:
        return hsm_cluster.health(seen)
    # What was not permitted comes first, and is told as unknown.
    return hsm_cluster.preflight(seen, two=store is None)[len(seen["denied"]):]


def working(view: View) -> list[Unmet]:
    """R123: what is wrong behind a connected store."""
    store = view["store"]
    if not store or store["connection_state"] != CONNECTED:
        return []
    return [unmet("R123", item.what, item.found, item.fix, blocking=False) for item in cluster(view)]


def key_store(view: View) -> list[Unmet]:
    """R132, R133, R143: the store itself."""
    store = view["store"]
    if not store:
        return []
    what = f"key store {store['custom_key_store_name']}"
    if store["custom_key_store_type"] != CLOUDHSM:
        fix = "Run it with job: xks, or name a CloudHSM key store."
        return [unmet("R143", what, "it is an external key store", fix)]
    if store["connection_state"] == DISCONNECTING:
        return [unmet("R132", what, "it is DISCONNECTING", "Wait until it is DISCONNECTED.", blocking=False)]
    if store["connection_state"] != FAILED:
        return []
    code = store["connection_error_code"]
    advice = remedy(code, CLOUDHSM)
    fix = in_words(advice) if advice else "Disconnect it, repair what is wrong, and connect it again."
    return [unmet("R133", what, f"it is FAILED with {code}", fix, blocking=False)]
