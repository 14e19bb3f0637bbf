# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking an external key store proxy for an external key, as CreateKey will."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import xks_proxy
from ansible_collections.keylink.aws.plugins.module_utils.clients.xks_tls import Place

_PORT = 443
_TIMEOUT = 5.0


def metadata(region: str, proxy: Mapping[str, Any], key_id: str) -> dict[str, Any]:
    """The answer to GetKeyMetadata. proxy: address, server_name, uri_path, credential."""
    host, _colon, port = proxy["address"].partition(":")
    place = Place(host, int(port or _PORT), proxy["server_name"], _TIMEOUT)
    asked = xks_proxy.Proxy(place, proxy["uri_path"], region, **proxy["credential"])
    return xks_proxy.get_key_metadata(asked, key_id)
