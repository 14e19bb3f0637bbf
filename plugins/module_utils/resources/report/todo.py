# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody has to do about a key store, the most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    BAD,
    CONNECTED,
    UNMET,
    WARN,
    days,
    expiry,
    number,
)

View = Mapping[str, Any]

_HSMS = 2
_HEALTHY = "healthy"


def of_store(store: View, chain: View, facts: Sequence[View] = ()) -> list[dict[str, Any]]:
    """What to do: what is wrong, why, in which steps, where to read on. facts: what does not hold, each once."""
    rows = [item for item in store["requirements"] if item["status"] == UNMET]
    links = {item["number"]: item["link"] for item in rows}
    # One fact can break several requirements: where the gate tells the facts, each is told once.
    unmet = [{**item, "link": links.get(item["number"])} for item in facts] or rows
    unmet = _together(unmet)
    found = [_requirement(item) for item in unmet if item["blocking"]]
    told = {item["number"] for item in unmet}
    found = [*_code(store), *found]
    found += [] if "R13" in told else _certificate(store)
    found += [] if "N11" in told else _cluster(store, chain)
    found += [] if told & {"R26", "R30"} else _targets(chain)
    found += [_requirement(item) for item in unmet if not item["blocking"]]
    if store["connection_state"] == "DISCONNECTED" and not found:
        found.append(_item(WARN, "The key store is not connected", "No key of it can be used.",
                           ["Connect it (state: connected)."]))
    return found


def _together(unmet: Sequence[View]) -> list[View]:
    """What is mended in one go as one."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for item in unmet:
        key = tuple(str(item[name]) for name in ("number", "what", "fix", "blocking"))
        if key in found:
            found[key]["found"] = f"{found[key]['found']}; {item['found']}"
        else:
            found[key] = dict(item)
    return list(found.values())


def _item(
    state: str, what: str, found: str, steps: list[str], rule: str | None = None, link: str | None = None
) -> dict[str, Any]:
    return {"state": state, "what": what, "found": found, "steps": steps, "number": rule, "link": link}


def _code(store: View) -> list[dict[str, Any]]:
    advice = store["remedy"]
    if not advice:
        return []
    state = store["connection_state"]
    code = advice["code"]
    if code == store["connection_error_code"]:
        what = f"The last connect failed with {code}"
    elif state == CONNECTED:
        what = f"The next connect would fail with {code}"
    else:
        what = f"A connect would fail with {code}"
    return [_item(BAD, what, str(advice["cause"]), list(advice["steps"]), link=advice["documentation"])]


def _requirement(item: View) -> dict[str, Any]:
    return _item(BAD if item["blocking"] else WARN, str(item["what"]), f"{item['found']}. {item['needed']}",
                 [str(item["fix"])] if item["fix"] else [], str(item["number"]), item["link"])


def _certificate(store: View) -> list[dict[str, Any]]:
    first: View = next(iter(store["certificates"]), {})
    state = expiry(first.get("days"))
    if first.get("days") is None or state not in (BAD, WARN):
        return []
    what = f"The certificate {first['name']} {days(first['days'])}"
    return [_item(state, what, "No key of the store can be used once it has ended.",
                  ["Renew it, and let the proxy load the new one."])]


def _targets(chain: View) -> list[dict[str, Any]]:
    targets = [item for item in chain["targets"] or () if item.get("state")]
    ill = [item for item in targets if item["state"] not in (_HEALTHY, "initial", "unavailable")]
    if not ill:
        return []
    state = WARN if any(item["state"] == _HEALTHY for item in targets) else BAD
    reasons = dict.fromkeys(str(item.get("explanation") or item.get("reason") or item["state"]) for item in ill)
    names = listing([str(item["id"]) for item in ill[:3]] + ([f"{len(ill) - 3} more"] if len(ill) > 3 else []))
    what = f"{len(ill)} of {number(len(targets), 'target')} {'is' if len(ill) == 1 else 'are'} not healthy"
    return [_item(state, what, f"{names}: {' '.join(reasons)}", ["Bring the proxy on them back, or take them out."])]


def _cluster(store: View, chain: View) -> list[dict[str, Any]]:
    cluster = chain["cluster"]
    if not cluster or int(cluster.get("active_hsms") or 0) >= _HSMS:
        return []
    return [_item(WARN, f"The cluster has {cluster.get('active_hsms') or 0} active HSMs",
                  "New keys need two, in different Availability Zones.", ["Add HSMs to the cluster."], "N11")]
