# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at a connecting, disconnecting or vanishing key store says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    FAILED,
    WAITING,
    Again,
    Verdict,
    Wait,
    never,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import (
    CLOUDHSM,
    EXTERNAL,
    in_words,
    remedy,
)

# The client function that reads one store, or None where AWS KMS says that there is none.
_READ = "key_store"
_CONNECT = {EXTERNAL: "about 5 minutes", CLOUDHSM: "up to 20 minutes"}
# For a CloudHSM key store AWS does not say how long it takes.
_DISCONNECT = {EXTERNAL: "about 5 minutes"}

Store = Mapping[str, Any]


def wait_connected(
    name: str, store_id: str, store_type: str, again: Callable[[Mapping[str, Any], int], Again | None] = never
) -> Wait:
    what = f"connection of key store {name}"
    return Wait(what, _READ, {"store_id": store_id}, judge_connected, _CONNECT[store_type], again)


def wait_disconnected(name: str, store_id: str, store_type: str) -> Wait:
    usual = _DISCONNECT.get(store_type, "")
    return Wait(f"disconnection of key store {name}", _READ, {"store_id": store_id}, judge_disconnected, usual)


def wait_made(name: str, store_id: str) -> Wait:
    return Wait(f"key store {name}", _READ, {"store_id": store_id}, judge_made, "a few seconds")


def wait_gone(name: str, store_id: str) -> Wait:
    return Wait(f"deletion of key store {name}", _READ, {"store_id": store_id}, judge_gone, "a few seconds")


def wait_in_use(name: str, store_id: str, access_key: str | None, key_id: str | None, hold: float) -> Wait:
    """Until a credential is in effect, which AWS KMS does not show; KEY_ID is used all the while, if there is one."""
    return Wait(
        f"credential of key store {name}",
        "key_store_in_use",
        {"store_id": store_id, "key_id": key_id},
        lambda answer: judge_in_use(answer, access_key),
        "up to 5 minutes until it is in effect",
        hold=hold,
    )


def wait_answers(name: str, store_id: str) -> Wait:
    return Wait(f"HSMs of key store {name}", "key_store_answers", {"store_id": store_id}, judge_answers)


def judge_connected(store: Store | None) -> Verdict:
    """AWS KMS answers 200 to a connect that fails later, so only the state counts."""
    state = _state(store)
    if store is None or state not in ("CONNECTED", "FAILED"):
        return Verdict(WAITING, state)
    if state == "CONNECTED":
        return Verdict(DONE, state)
    code = store.get("ConnectionErrorCode")
    advice = remedy(code, store.get("CustomKeyStoreType", CLOUDHSM))
    text = f"{state} with {code}. {in_words(advice)}" if advice else state
    details = {
        "connection_state": state,
        "connection_error_code": code,
        "remedy": advice,
        "custom_key_store_id": store.get("CustomKeyStoreId"),
    }
    return Verdict(FAILED, text, details)


def judge_in_use(answer: Mapping[str, Any], access_key: str | None) -> Verdict:
    """Whether a store is connected with a credential, and its key could be used. answer: store, and what refused."""
    store = answer["store"] or {}
    shown = (store.get("XksProxyConfiguration") or {}).get("AccessKeyId")
    if answer["refused"]:
        return Verdict(
            FAILED,
            f"an encrypt with a KMS key of the store was refused: {answer['refused']} For 5 minutes after a change, "
            f"AWS KMS uses the old credential as well as {shown}: let the proxy accept both, then run again.",
        )
    state = _state(answer["store"])
    if state != "CONNECTED" or shown != access_key:
        return Verdict(WAITING, f"{state} with {shown}")
    used = ", and a KMS key of the store encrypts" if answer["used"] else ""
    return Verdict(DONE, f"AWS KMS has {shown}{used}")


def judge_answers(answer: Mapping[str, Any]) -> Verdict:
    """R123: CONNECTED says only that a connect succeeded once; an answer of the HSMs says that it works now."""
    state = _state(answer["store"])
    if answer["refused"] is None:
        return Verdict(WAITING, f"not asked while it is {state}")
    if not answer["refused"]:
        return Verdict(DONE, "they answer")
    advice = "Check that the cluster works and has an active HSM (R123)."
    text = f"the key store is {state}, but they do not answer. AWS KMS says {answer['refused']} {advice}"
    return Verdict(FAILED, text, {"connection_state": state})


def judge_disconnected(store: Store | None) -> Verdict:
    """Whether a store is disconnected."""
    state = _state(store)
    return Verdict(DONE if state == "DISCONNECTED" else WAITING, state)


def judge_made(store: Store | None) -> Verdict:
    """Whether a new store can be seen."""
    return Verdict(DONE if store else WAITING, _state(store))


def judge_gone(store: Store | None) -> Verdict:
    """Whether AWS KMS says that the store does not exist."""
    return Verdict(WAITING, f"still there, {_state(store)}") if store else Verdict(DONE, "gone")


def _state(store: Store | None) -> str:
    return str(store.get("ConnectionState")) if store else "not visible yet"
