# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What does not hold outside of the account: of public DNS, and of the proxy itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import txt_lookup
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import UNKNOWN

View = Mapping[str, Any]

# What else the finding on the certificate's names covers.
_NAMES = {"R53": "R14", "R54": "R14"}


def public_dns(view: View) -> list[Unmet]:
    """The domain and its TXT record in public DNS."""
    seen, asked = view["readings"]["dns"].or_else(None), view["dns_question"]
    if not seen or not asked or seen["silent"]:
        return []
    host = view["private_dns_name"]
    verified = (view["seen_service"] or {}).get("private_dns_state") == "verified"
    if seen["answers"] and all(answer["trouble"] in ("no zone", "refused") for answer in seen["answers"]):
        text = f"no zone of public DNS holds {host} or a parent of it"
        if verified:
            # AWS has seen the domain: this host sees another DNS, or none.
            fix = "AWS verified it, so ask resolvers of public DNS (resolvers), or look from another host."
            return [unmet("N9", host, f"{text}, as this host sees it", fix, False)]
        return [unmet("R11", host, text, "Register and delegate the domain, or take a name below a public one.")]
    if not asked["value"] or txt_lookup.published(asked, seen) or not txt_lookup.known(seen):
        return []
    text = txt_lookup.explain(asked, seen, None)
    fix = f"Publish {asked['names'][0]} TXT {asked['value']} (keylink.aws.private_dns_verify does it in Route 53)."
    if verified:
        return [unmet("N9", host, text, f"{fix} AWS looks again at each change, and at the next connect.", False)]
    return [unmet("R58", host, text, fix)]


def proxy(view: View) -> list[Unmet]:
    """What the proxy itself said."""
    return [Unmet(**item) for item in (view["readings"]["proxy"].or_else(None) or {}).get("unmet_requirements", [])]


def _findings(view: View, number: str) -> list[View]:
    told = (view["readings"]["proxy"].or_else(None) or {}).get("findings", [])
    own = [finding for finding in told if finding["number"] == number]
    # Of a certificate that is right in every way, one finding says so.
    return own or [finding for finding in told if finding["number"] == _NAMES.get(number)]


def unclear(view: View, number: str) -> str:
    """Why a look at the proxy could not tell; empty where it could."""
    told = _findings(view, number)
    if not told:
        return "the look at the proxy did not get so far"
    clear = any(finding["severity"] != UNKNOWN for finding in told)
    return "" if clear else str(told[0]["found"])


def seen_of_proxy(view: View, number: str) -> str:
    """What a look at the proxy found to be right."""
    return "; ".join(dict.fromkeys(str(finding["found"]) for finding in _findings(view, number)))
