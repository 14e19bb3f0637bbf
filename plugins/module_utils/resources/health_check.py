# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the load balancer checks the health of its targets (R36)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

Params = Mapping[str, Any]
View = Mapping[str, Any]

# Key of the state -> parameter of CreateTargetGroup and ModifyTargetGroup.
API: dict[str, str] = {
    "health_check_protocol": "HealthCheckProtocol",
    "health_check_port": "HealthCheckPort",
    "health_check_path": "HealthCheckPath",
    "health_check_interval_seconds": "HealthCheckIntervalSeconds",
    "health_check_timeout_seconds": "HealthCheckTimeoutSeconds",
    "healthy_threshold_count": "HealthyThresholdCount",
    "unhealthy_threshold_count": "UnhealthyThresholdCount",
    "matcher": "Matcher",
}
# Option, where it does not have the name of the key.
_OPTION = {
    "health_check_interval_seconds": "health_check_interval",
    "health_check_timeout_seconds": "health_check_timeout",
    "matcher": "successful_response_codes",
}
# What AWS chooses for a Network Load Balancer.
_DEFAULTS: dict[str, Any] = {
    "health_check_protocol": "TCP",
    "health_check_port": "traffic-port",
    "health_check_interval_seconds": 30,
    "healthy_threshold_count": 5,
    "unhealthy_threshold_count": 2,
}
_TIMEOUTS = {"TCP": 10, "HTTP": 6, "HTTPS": 10}
_PATH = "/"
_CODES = "200-399"

_RANGES = {
    "health_check_interval": (5, 300),
    "health_check_timeout": (2, 120),
    "healthy_threshold_count": (2, 10),
    "unhealthy_threshold_count": (2, 10),
}
_CODES_FORM = re.compile(r"[2-5]\d\d([,-][2-5]\d\d)*")
_XKS_PATH = re.compile(r"/kms/xks/v\d{1,2}(/|$)")


def check(params: Params) -> list[Unmet]:
    """What is wrong with the options by themselves."""
    found = [
        unmet("R36", option, str(params[option]), f"Give a number from {low} to {high}.")
        for option, (low, high) in _RANGES.items()
        if params[option] is not None and not low <= params[option] <= high
    ]
    port, path, codes = params["health_check_port"], params["health_check_path"], params["successful_response_codes"]
    if port is not None and port != "traffic-port" and not (port.isdigit() and 1 <= int(port) <= 65535):
        found.append(unmet("R36", "health_check_port", port, "Give traffic-port, or a number from 1 to 65535."))
    if path is not None and not (path.startswith("/") and len(path) <= 1024):
        found.append(unmet("R36", "health_check_path", path, "Give a path that begins with a slash, such as /ping."))
    if codes is not None and not _CODES_FORM.fullmatch(codes):
        fix = "Give codes from 200 to 599 such as 200, 200,204 or 200-399."
        found.append(unmet("R36", "successful_response_codes", codes, fix))
    return found


def wanted(params: Params, before: View | None) -> dict[str, Any]:
    """The settings after the run: what is given, else what is there, else what AWS chooses."""
    current = before or {}

    def choose(key: str, default: Any) -> Any:
        given = params[_OPTION.get(key, key)]
        if given is None:
            there = current.get(key)
            return default if there is None else there
        return {"http_code": given} if key == "matcher" else given

    after = {key: choose(key, default) for key, default in _DEFAULTS.items()}
    protocol = after["health_check_protocol"]
    after["health_check_timeout_seconds"] = choose("health_check_timeout_seconds", _TIMEOUTS[protocol])
    http = protocol != "TCP"
    after["health_check_path"] = choose("health_check_path", _PATH) if http else None
    after["matcher"] = choose("matcher", {"http_code": _CODES}) if http else None
    return {key: after[key] for key in API}


def arguments(settings: View, before: View | None, params: Params) -> dict[str, Any]:
    """Those of SETTINGS that AWS must be told: on creation what is given, later what differs."""
    if before is None:
        told = [key for key in API if params[_OPTION.get(key, key)] is not None]
    else:
        told = [key for key in API if settings[key] is not None and settings[key] != before.get(key)]
    return {API[key]: _api_value(key, settings[key]) for key in told}


def _api_value(key: str, value: Any) -> Any:
    return {"HttpCode": value["http_code"]} if key == "matcher" else value


def problems(params: Params, settings: View) -> list[Unmet]:
    """What is wrong with the options together with what is there."""
    found = []
    if settings["health_check_protocol"] == "TCP":
        found += [
            unmet("R36", option, str(params[option]), "A TCP check has none. Set health_check_protocol: HTTP or HTTPS.")
            for option in ("health_check_path", "successful_response_codes")
            if params[option] is not None
        ]
    interval, timeout = settings["health_check_interval_seconds"], settings["health_check_timeout_seconds"]
    if timeout > interval:
        given = params["health_check_timeout"] is not None
        text = f"{timeout}{'' if given else ' (not given)'}, longer than health_check_interval, {interval}"
        found.append(unmet("R36", "health_check_timeout", text, f"Give at most {interval}."))
    path, matcher = settings["health_check_path"], settings["matcher"]
    if path and _XKS_PATH.search(path) and "405" not in matcher["http_code"]:
        fix = (
            "The XKS API takes signed POST requests and answers a health check's GET with 405. Give the URL that the "
            "proxy has for load balancers, or successful_response_codes: '405'."
        )
        found.append(unmet("R36", "health_check_path", path, fix, blocking=False))
    return found
