# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request from arrival to answer: who, whether, what, and the line in the log."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

from . import access, calllog, faults, moto_base, protocol, stale, validation
from .cloudtrail import observe
from .ec2 import endpoint_routes
from .ec2.endpoint_state import Endpoint
from .errors import AwsError
from .protocol import HttpRequest, HttpResponse, Identified
from .registry import OPERATIONS, Call
from .world import World

# What EC2 answers to DryRun when the caller may and the parameters are well formed.
_DRY_RUN = AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


class Front:
    """Answers AWS requests, one at a time."""

    def __init__(self, world: World, log: calllog.CallLog) -> None:
        self.world = world
        self.log = log
        self.faults = faults.Faults()
        self.lock = threading.RLock()
        self.memory = stale.Memory()

    def handle(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        identified = protocol.identify(request, self.world.settings.region)
        request_id = protocol.new_request_id()
        entry: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": identified.service,
            "action": identified.operation,
            "mutating": calllog.is_mutating(identified.operation),
            "region": identified.region,
            "access_key": identified.access_key,
            "params": {},
            "status": 200,
            "error": None,
            "fault": None,
            "request_id": request_id,
            "vpc_endpoint_id": None,
        }
        endpoint: Endpoint | None = None
        refusal: AwsError | None = None
        with self.lock:
            try:
                self.world.clock.run_due()
                endpoint = endpoint_routes.through(self.world, identified, request)
                response = self._answer(identified, request, request_id, entry, endpoint)
            except AwsError as error:
                refusal = error
                response = protocol.render_error(identified, error, request_id)
                entry["error"] = error.code
            except Exception as error:
                # Nothing may reach a client as HTML or a traceback, whatever moto stumbles over.
                text = f"The emulator failed at {identified.operation}: {type(error).__name__}: {error}"
                response = protocol.render_error(identified, AwsError("InternalFailure", text, 500), request_id)
                entry["error"] = "InternalFailure"
            entry["status"] = response.status
            entry["ms"] = round((time.monotonic() - started) * 1000, 2)
            entry["vpc_endpoint_id"] = endpoint.id if endpoint is not None else None
            self.log.add(entry)
            observe.call(self.world, identified, request, entry, response, refusal, endpoint)
        return response

    def reset(self) -> None:
        with self.lock:
            self.world.clear()
            self.faults.clear()
            self.log.clear()
            self.memory = stale.Memory()
            moto_base.reset()

    def _answer(
        self,
        identified: Identified,
        request: HttpRequest,
        request_id: str,
        entry: dict[str, Any],
        endpoint: Endpoint | None,
    ) -> HttpResponse:
        account = self.world.account_of(identified.access_key)
        params = protocol.parse(identified, request) if identified.operation_model is not None else {}
        entry["params"] = calllog.redact(params)
        access.check(identified, account, self.world.settings)
        if endpoint is not None:
            observe.check_endpoint_policy(self.world, identified, params, endpoint)
        text = json.dumps(params, default=str, sort_keys=True)
        fault = self.faults.pick(identified, text)
        if fault is not None:
            entry["fault"] = fault.kind
            broken = self._break(fault, identified, text, request_id)
            if broken is not None:
                return broken
        response = self._perform(identified, request, params, account, request_id, endpoint)
        if entry["mutating"]:
            self.memory.wrote(time.monotonic(), response.body)
        else:
            self.memory.read(identified, text, response)
        if fault is not None and fault.kind == "latency":
            response.delay = fault.seconds
        if fault is not None and fault.kind == "reset_after":
            response.reset = True
        return response

    def _break(self, fault: faults.Fault, identified: Identified, text: str, request_id: str) -> HttpResponse | None:
        if fault.kind == "throttle":
            raise faults.throttled(identified.protocol)
        if fault.kind == "error":
            raise AwsError(fault.code, fault.message, fault.status)
        if fault.kind == "http":
            return HttpResponse(fault.status, b"<html>emulated fault</html>", {"Content-Type": "text/html"})
        if fault.kind == "reset_before":
            return HttpResponse(reset=True)
        if fault.kind == "timeout":
            return HttpResponse(delay=fault.seconds, reset=True)
        if fault.kind == "stale":
            return self.memory.before_last_write(identified, text, fault.seconds, request_id)
        return None

    def _perform(
        self,
        identified: Identified,
        request: HttpRequest,
        params: dict[str, Any],
        account: str,
        request_id: str,
        endpoint: Endpoint | None,
    ) -> HttpResponse:
        model = identified.operation_model
        if model is None:
            if identified.model is not None:
                raise protocol.unknown_operation(identified)
            return moto_base.passthrough(identified, account, request)
        if identified.form:
            validation.check_names(identified.protocol, model, identified.form)
        elif identified.protocol == "json":
            validation.check_document(model, request.body)
        validation.check(identified.protocol, model, params)
        if identified.protocol == "ec2" and params.pop("DryRun", False):
            raise _DRY_RUN
        handler = OPERATIONS.get((identified.service, identified.operation))
        if handler is None:
            handler = OPERATIONS.get((identified.service, "*"))
        if handler is None:
            return moto_base.passthrough(identified, account, request)

        def by_moto(name: str, wanted: dict[str, Any]) -> dict[str, Any]:
            return moto_base.perform(identified, account, name, wanted)

        source = {} if endpoint is None else {"aws:sourcevpce": endpoint.id, "aws:sourcevpc": endpoint.vpc_id}
        call = Call(
            self.world, identified.service, identified.operation, params, identified.region, account,
            identified.access_key, by_moto, source,
        )
        return protocol.render(identified, handler(call), request_id)
