# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says, as plain data: the JSON form, and what the page and the Markdown form are made from.

Only what is named here gets into it, so an input that carries more than it should (arguments of a task, say) leaves
nothing behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, EXTERNAL, remedy
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import chain as chains
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import changes, history, proxy, secrets, todo
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.verdict import JOBS, of_report, of_store
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import GRAVITY, MET, REQUIREMENT, UNMET

View = Mapping[str, Any]

_REQUIREMENT = (
    "number", "sentence", "job", "severity", "kind", "status", "what", "found", "needed", "fix", "link", "blocking",
)
_STATUSES = tuple(REQUIREMENT)
# What is taken of a key store. The inventory of key stores gives it among all variables of a host.
_STORE = (
    "region", "account", "account_id", "custom_key_store_id", "custom_key_store_name", "custom_key_store_type",
    "cloud_hsm_cluster_id", "connection_state", "connection_error_code", "creation_date", "xks_proxy_configuration",
    "remedy", "endpoint_service", "cluster", "certificate_days_to_expire", "certificate_name", "credential_age_days",
    "kms_keys", "unmet_requirements", "unknown",
)
# What each thing that is given has to have.
_NEEDED: Mapping[str, frozenset[str]] = {
    "key_stores": frozenset((
        "region", "custom_key_store_id", "custom_key_store_name", "custom_key_store_type", "connection_state",
        "endpoint_service", "cluster", "kms_keys",
    )),
    "preflight": frozenset(("requirements", "chain", "ready")),
    "regions": frozenset(("region", "status")),
    "texts": frozenset(("title", "lines")),
}


def wrong(given: View) -> list[str]:
    """What is given as something that it is not, in words."""
    return [
        f"{option}: number {number} has no {listing(sorted(needed - set(item)))}"
        for option, needed in _NEEDED.items() for number, item in enumerate(given[option], 1) if needed - set(item)
    ]


def build(given: View) -> dict[str, Any]:
    """The report of what is given: key_stores and regions of key_store_info, preflight results, results of modules,
    events of CloudTrail."""
    given = secrets.hidden(given)
    planned = bool(given["planned"] and given["results"])
    stores = [_store(looks, given, planned) for looks in _subjects(given, planned)]
    stores.sort(key=_place)
    for number, store in enumerate(stores, 1):
        store["anchor"] = f"store-{number}"
    changed = changes.of_results(given["results"])
    return {
        "title": given["title"],
        "generated_at": given["time"],
        "planned": planned,
        "verdict": of_report(stores, changed if planned else None),
        "connection_states": dict(sorted(Counter(str(store["connection_state"]) for store in stores).items())),
        "key_stores": stores,
        "changes": changed,
        "regions": [{key: item.get(key) for key in ("region", "status", "message", "iam_action")}
                    for item in given["regions"]],
        "texts": [{"title": item["title"], "lines": list(item["lines"])} for item in given["texts"]],
    }


def _place(store: Mapping[str, Any]) -> tuple[Any, ...]:
    """The worst comes first."""
    gravity = GRAVITY.index(store["verdict"]["state"])
    return gravity, store["account"] or "", store["region"] or "", store["name"]


def _subjects(given: View, planned: bool) -> list[dict[str, Any]]:
    """What was found of each key store: by key_store_info, by the gate, and by the modules that make it."""
    stores = [{key: store[key] for key in _STORE if key in store} for store in given["key_stores"]]
    found: list[dict[str, Any]] = [{"store": store, "gates": []} for store in stores]
    for gate in given["preflight"]:
        place = next((item for item in found
                      if gate.get("job") not in JOBS and _same(item["store"], gate["chain"])), None)
        if place is None:
            found.append({"store": None, "gates": [gate]})
        else:
            place["gates"].append(gate)
    made = chains.of_results(given["results"])
    if planned and made["key_store"]:
        # What the module returns is what would be; how it is now is what was before the run.
        made["key_store"]["connection_state"] = _previous(given["results"], made["key_store"])
    if not any(chains.known(made[piece]) for piece in chains.PIECES if piece != "region"):
        return found
    place = next((item for item in found if _named(item) == _name_of(made) or len(found) == 1), None)
    if place is None:
        found.append({"store": None, "gates": [], "made": made})
    else:
        place["made"] = made
    return found


def _same(store: View | None, chain: View) -> bool:
    other = chain.get("key_store") or {}
    if store is None or chain.get("region") not in (None, store["region"]):
        return False
    keys = ("custom_key_store_id", "custom_key_store_name")
    return any(other.get(key) is not None and other.get(key) == store[key] for key in keys)


def _named(item: View) -> str:
    return str(item["store"]["custom_key_store_name"]) if item["store"] else _name_of(item["gates"][0]["chain"])


def _name_of(chain: View) -> str:
    store, dns = chain.get("key_store") or {}, chain.get("private_dns") or {}
    return str(store.get("custom_key_store_name") or dns.get("name") or "")


def _to_be(chain: View) -> str:
    """What to call a key store that has no name yet."""
    name = _name_of(chain)
    return f"The key store for {name}" if name else "The key store"


def _known(looks: View, job: str, planned: bool) -> chains.Chain:
    """What all of them tell of the chain. A run ends later than the gate in it began, and comes before a look at the
    key store; what is only planned is told last."""
    seen = [chains.of_key_store(looks["store"])] if looks["store"] else []
    made = [looks["made"]] if "made" in looks else []
    about = [item["chain"] for item in looks["gates"]]
    known = chains.merged([*about, *seen, *made])
    if not planned:
        known["key_store"] = chains.merged([*seen, *made, *about])["key_store"]
    # What AWS KMS measured is only in key_store_info's look at the store.
    if seen and known["key_store"]:
        told = {key: item for key, item in known["key_store"].items() if item is not None}
        known["key_store"] = {**looks["store"], **told}
    if job == "cloudhsm":
        known["key_store"] = {"custom_key_store_type": CLOUDHSM, **(known["key_store"] or {"exists": False})}
    return known


def _store(looks: View, given: View, planned: bool) -> dict[str, Any]:
    """One key store, or the one that is to be."""
    seen: View = looks["store"] or {}
    gates: Sequence[View] = looks["gates"]
    job = next((item.get("job") for item in gates), None) or "xks"
    known = _known(looks, job, planned)
    store: View = known["key_store"] or {}
    requirements = _requirements(gates, seen)
    state = store.get("connection_state") if chains.exists(known["key_store"]) else None
    code = store.get("connection_error_code")
    predicted = next((item["predicted_connection_error_code"] for item in gates
                      if item.get("predicted_connection_error_code")), None)
    kind = store.get("custom_key_store_type") or EXTERNAL
    made: dict[str, Any] = {
        "name": JOBS.get(job) or str(store.get("custom_key_store_name") or _to_be(known)),
        "job": job,
        "id": None if is_pending(store.get("custom_key_store_id")) else store.get("custom_key_store_id"),
        "region": known["region"],
        "account": str(store.get("account") or store.get("account_id") or "") or None,
        "kind": "endpoints" if job in JOBS else "external" if kind == EXTERNAL else "CloudHSM",
        "words": "judged" if job in JOBS else str(state or "not made yet"),
        "exists": chains.known(known["key_store"]) and chains.exists(known["key_store"]),
        "connection_state": state,
        "previous_connection_state": _previous(given["results"], store),
        "connection_error_code": code,
        "predicted_connection_error_code": predicted if predicted != code else None,
        "remedy": store.get("remedy") or (remedy(code, kind) if code else _predicted(gates)),
        "ready": next((item["ready"] for item in gates), None),
        "certificates": proxy.certificates(known),
        "credential_age_days": store.get("credential_age_days"),
        "requirements": requirements,
        "counts": {status: sum(item["status"] == status for item in requirements) for status in _STATUSES},
        "history": history.of_events(given["events"], store),
        "unknown": [dict(item) for item in seen.get("unknown", ())],
        "chain": _without(known),
    }
    made["to_do"] = todo.of_store(made, known, [fact for gate in gates for fact in gate.get("unmet_requirements", ())])
    made["verdict"] = of_store(made)
    return made


def _predicted(gates: Iterable[View]) -> Any:
    return next((item["remedy"] for item in gates if item.get("remedy")), None)


def _previous(results: Iterable[View], store: View) -> Any:
    """The state before the run that these results are of."""
    return next((
        item["previous_connection_state"] for item in results
        if "previous_connection_state" in item
        and (item.get("custom_key_store") or {}).get("custom_key_store_name") == store.get("custom_key_store_name")
    ), None)


def _requirements(gates: Sequence[View], seen: View) -> list[dict[str, Any]]:
    """All that were looked at; without a gate those that key_store_info found broken. What is not met comes first."""
    found = [{key: item.get(key) for key in _REQUIREMENT} for gate in gates for item in gate["requirements"]]
    if not gates:
        found = [{**dict.fromkeys(_REQUIREMENT), **item, "sentence": item["needed"], "status": UNMET}
                 for item in seen.get("unmet_requirements", ())]
    return sorted(found, key=_rank)


def _rank(item: View) -> tuple[int, bool, bool, int, str]:
    number = str(item["number"])
    digits = int(number[1:]) if number[1:].isdigit() else 0
    rank = _STATUSES.index(item["status"])
    return rank, item["status"] != MET and not item["blocking"], number[:1] != "R", digits, str(item["what"])


def _without(known: View) -> dict[str, Any]:
    """The chain for the JSON form, without what stands elsewhere in it."""
    doubled = ("remedy", "unmet_requirements", "unknown", "endpoint_service", "cluster", "kms_keys")
    store = known["key_store"] or {}
    return {**known, "key_store": {key: item for key, item in store.items() if key not in doubled} or None}
