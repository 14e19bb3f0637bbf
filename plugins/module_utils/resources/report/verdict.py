# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one sentence that comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    BAD,
    CONNECTED,
    FAILED,
    OK,
    PLAN,
    UNKNOWN,
    WARN,
    gravest,
    number,
)

View = Mapping[str, Any]
Verdict = dict[str, str]

# Documented jobs that are no key stores, as they are called.
JOBS = {"kms_endpoint": "VPC endpoints for AWS KMS", "ssm": "VPC endpoints for Systems Manager"}
_MADE = ("create", "update", "delete")


def of_store(store: View) -> Verdict:
    """Whether it works, and if not why."""
    name, state, to_do = store["name"], store["connection_state"], store["to_do"]
    trouble = [item for item in to_do if item["state"] == BAD]
    first = trouble[0]["what"] if trouble else to_do[0]["what"] if to_do else ""
    if store["job"] in JOBS:
        return _judged(store, first)
    if not store["exists"]:
        return _not_yet(store, trouble, first)
    if state == FAILED:
        return _said(BAD, f"{name} is not connected", first)
    if state == CONNECTED:
        if trouble:
            return _said(BAD, f"{name} is connected, but would not connect again", first)
        detail = first or "Nothing is wrong as far as it was looked at."
        return _said(WARN if to_do else OK, f"{name} is connected", detail)
    if state == "DISCONNECTED":
        return _said(BAD if trouble else WARN, f"{name} is disconnected", first)
    return _said(UNKNOWN, f"{name} is {str(state or 'in an unknown state').lower()}", first)


def _judged(store: View, first: str) -> Verdict:
    """Of what is no key store there are only requirements."""
    states = [item["state"] for item in store["to_do"]]
    detail = first or "Nothing that was found speaks against it."
    return _said(gravest(states), f"{store['name']}: {number(store['counts']['unmet'], 'requirement')} not met", detail)


def _not_yet(store: View, trouble: Sequence[View], first: str) -> Verdict:
    facts = [item for item in trouble if item.get("number")]
    if trouble:
        detail = [_sentence(first)] if len(facts) < len(trouble) or len(facts) == 1 else []
        detail += [f"{facts[0]['found']}"] if len(facts) == len(trouble) == 1 else []
        detail += [f"{number(len(facts), 'thing has', 'things have')} to be put right first."] if facts else []
        return _said(BAD, f"{store['name']} cannot be made yet", " ".join(detail))
    return _said(PLAN, f"{store['name']} does not exist yet", first or "Nothing found speaks against making it.")


def _said(state: str, headline: str, detail: str) -> Verdict:
    return {"state": state, "headline": headline, "detail": detail}


def of_report(stores: Sequence[View], changed: Sequence[View] | None) -> Verdict:
    """Whether anybody is needed. changed: what the next run would do, where that is known."""
    plan = "" if changed is None else _plan(changed)
    if len(stores) == 1:
        only = stores[0]["verdict"]
        return _said(only["state"], only["headline"], " ".join(filter(None, [_sentence(only["detail"]), plan])))
    if not stores:
        return _said(PLAN if plan else UNKNOWN, "No key stores", plan or "None was found where this report looked.")
    states = [store["verdict"]["state"] for store in stores]
    worst = gravest(states)
    needed = sum(state in (BAD, WARN) for state in states)
    counted = Counter(store["words"] for store in stores)
    detail = listing([f"{count} {word}" for word, count in sorted(counted.items())])
    if worst == BAD:
        broken = sum(state == BAD for state in states)
        headline = f"{broken} of {len(stores)} key stores {'has' if broken == 1 else 'have'} a problem"
    elif needed:
        headline = f"{needed} of {len(stores)} key stores {'needs' if needed == 1 else 'need'} attention"
    else:
        headline = f"All {len(stores)} key stores are well" if worst == OK else f"{len(stores)} key stores"
    return _said(worst, headline, " ".join(filter(None, [f"{detail}.", plan])))


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _plan(changed: Sequence[View]) -> str:
    counts = Counter(item["action"] for item in changed)
    made = [f"{counts[verb]} to {verb}" for verb in _MADE if counts[verb]]
    return f"The next run: {listing(made)}." if made else "The next run would change nothing."
