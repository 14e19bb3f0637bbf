# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""params -> read -> plan -> apply -> settle -> result.

The only reader of check mode and the only caller of exit_json and fail_json.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common import warnings
from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import DENIED, Aws, NoAws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import find, substitute
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet, blocking, report
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import (
    REPORT_EVERY,
    Clock,
    WaitFailed,
    delays,
    wait_for,
)

Params = Mapping[str, Any]

# AWS answers NotFound for a while for what was just made (KMS guide: "usually a few seconds").
_EVENTUAL = 30.0
# More at once, and EC2 answers with RequestLimitExceeded.
_SIDE_BY_SIDE = 8
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_INVALID = (
    "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",
    "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignatureException",
)


def tag_arguments() -> dict[str, Any]:
    """The options of the documentation fragment amazon.aws.tags."""
    return {
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool", "default": True},
    }


def wait_arguments(timeout: int) -> dict[str, Any]:
    """The options of the documentation fragment keylink.aws.wait; TIMEOUT in seconds."""
    return {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int", "default": timeout}}


@dataclass(frozen=True)
class Spec:
    """A module, as data.

    check: requirements that the arguments alone break, before any call.
    read: the current state. again: the state after the steps, where what was read before does not all change; it gets
    that as its third argument. plan: what to do. returns: the module's keys from a state (predicted or read).
    calls: client functions that steps and waits name, besides "service.operation" of boto3.
    explain: error code of AWS -> what it means here and what to do, as a sentence.
    connection: false for a module that talks to something else than AWS; a Region is then what the options say.
    held_by: error code -> a look at what stands in the way, from the arguments of the refused call, in words.
    """

    argument_spec: Mapping[str, Any]
    read: Callable[[Aws, Params], Mapping[str, Any]]
    plan: Callable[[Params, Mapping[str, Any]], Plan]
    returns: Callable[[Params, Mapping[str, Any]], Mapping[str, Any]]
    check: Callable[[Params, str], list[Unmet]] = lambda params, region: []
    again: Callable[[Aws, Params, Mapping[str, Any]], Mapping[str, Any]] | None = None
    calls: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    constraints: Mapping[str, Any] = field(default_factory=dict)
    explain: Mapping[str, str] = field(default_factory=dict)
    connection: bool = True
    held_by: Mapping[str, Callable[[Aws, Mapping[str, Any]], str]] = field(default_factory=dict)

    @property
    def module_arguments(self) -> dict[str, Any]:
        return {"argument_spec": dict(self.argument_spec), "supports_check_mode": True, **self.constraints}


@dataclass(frozen=True)
class Context:
    """What a run needs of the world around it.

    options_only: end after the check of the options, before the first call. A chain checks all of its steps
    this way before the first one writes.
    """

    progress: Callable[[str], None] = lambda text: None
    clock: Clock = field(default_factory=lambda: Clock(time.monotonic, time.sleep, random.random))
    options_only: bool = False


class OrdinaryModule(AnsibleAWSModule):
    """amazon.aws hands warnings to exit_json too, which ansible-core deprecates."""

    def warn(self, warning: str, **kwargs: Any) -> None:
        warnings.warn(warning)


def run_module(spec: Spec) -> None:
    """The front of an ordinary module."""
    run(spec, OrdinaryModule(check_boto3=spec.connection, **spec.module_arguments), Context())


def run(spec: Spec, module: Any, context: Context) -> None:
    """Carry SPEC out; ends in MODULE's exit_json or fail_json."""
    this = _Run(spec, module, context)
    try:
        result = this.result()
    except Failure as failure:
        module.fail_json(msg=failure.message, **{"changed": this.written, **this.facts, **failure.details})
    except AwsError as error:
        advice = {**spec.explain, error.code: f"{this.held(error)}{spec.explain.get(error.code, '')}"}
        module.fail_json(**{"changed": this.written, **this.facts, **_explain(error, advice)})
    else:
        module.exit_json(**result)


class _Run:
    def __init__(self, spec: Spec, module: Any, context: Context) -> None:
        self.spec = spec
        self.module = module
        self.context = context
        self.params: Params = module.params
        self.check_mode: bool = module.check_mode
        self.bound: dict[str, str] = {}
        # Whether a step was carried out: a run that fails later has changed something all the same.
        self.written = False
        # What only the state before knew; a run that fails later tells it too.
        self.facts: Mapping[str, Any] = {}
        self.waited = 0.0

    def result(self) -> dict[str, Any]:
        if not self.context.options_only:
            self._refuse_placeholders()
        self.aws = self._aws()
        self.aws.say = self.context.progress
        self.aws.clock = self.context.clock
        self._refuse(self.spec.check(self.params, self.aws.region))
        if self.context.options_only:
            return {"changed": False}
        current = self.spec.read(self.aws, self.params)
        plan = self.spec.plan(self.params, current)
        self.facts = plan.facts
        self._refuse(plan.unmet)
        try:
            after = plan.after if self.check_mode else self._carried_out(plan, current)
        finally:
            # Told of a run that fails, too: they may say why.
            for warning in substitute(plan.warnings, self.bound):
                self.module.warn(warning)
        returned = {**self.spec.returns(self.params, after), **plan.facts}
        if "waited_seconds" in returned:
            returned["waited_seconds"] = round(self.waited)
        returned.setdefault("unmet_requirements", [item.as_dict() for item in plan.unmet])
        result = {
            **substitute(returned, self.bound),
            # Where nothing was planned, a wait that failed may have been tried again.
            "changed": plan.changed or self.written,
            "actions": substitute(plan.actions, self.bound),
        }
        if plan.changed:
            result["diff"] = substitute(plan.diff, self.bound)
        return result

    def _carried_out(self, plan: Plan, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The state after the steps of PLAN, and after what has to be waited for."""
        for batch in plan.batches:
            self._apply(batch)
        settled = self.params.get("wait") and plan.settle
        if settled:
            self._wait(plan.settle)
        return self._observed(plan, before) if plan.steps or settled else plan.after

    def _aws(self) -> Aws:
        if not self.spec.connection:
            return NoAws(self.params.get("region") or "")
        region, endpoint, parameters = get_aws_connection_info(self.module)
        # A module of several Regions needs no other one besides them.
        return Aws((region or next(iter(self.params.get("regions") or ()), None), endpoint, parameters))

    def held(self, error: AwsError) -> str:
        """What stands in the way of a refused call, as far as this identity may look."""
        look = self.spec.held_by.get(error.code)
        try:
            found = look(self.aws, error.arguments) if look else ""
        except (AwsError, Failure):
            found = ""
        return f"{found} " if found else ""

    def _observed(self, plan: Plan, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The state after the steps, read until it shows what they made: AWS's lists lag behind for a while."""
        made = {self.bound[pending] for pending in find(plan.after) if pending in self.bound}
        clock = self.context.clock
        start = clock.now()
        for delay in delays(clock.jitter):
            params = substitute(self.params, self.bound)
            after = self.spec.again(self.aws, params, before) if self.spec.again else self.spec.read(self.aws, params)
            hidden = sorted(made - set(_strings(after)))
            if not hidden:
                return after
            if clock.now() - start + delay > _EVENTUAL:
                raise Failure(
                    f"AWS made {', '.join(hidden)}, but does not show it after {_EVENTUAL:.0f} seconds. "
                    "Nothing is lost: the next run goes on from here."
                )
            clock.sleep(delay)
        raise Failure("no delays left")

    def _refuse_placeholders(self) -> None:
        pending = sorted(set(find(self.params)))
        if pending and not self.check_mode:
            raise Failure(
                f"{', '.join(pending)} is what check mode returns for a value that AWS has not assigned yet. "
                "A real run needs the real value: register the result of a real run."
            )

    def _refuse(self, unmet: Any) -> None:
        stopping = blocking(unmet)
        if stopping:
            count = "1 requirement is" if len(stopping) == 1 else f"{len(stopping)} requirements are"
            raise Failure(
                f"{count} not met, so nothing was changed:\n{report(stopping)}",
                unmet_requirements=[item.as_dict() for item in unmet],
            )

    def _apply(self, batch: Sequence[Step]) -> None:
        needs = {(wait.verb, repr(wait.args)): wait for step in batch for wait in step.needs}
        if needs:
            self._wait(tuple(needs.values()))
        if len(batch) == 1:
            self._carry_out(batch[0])
            return
        with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
            done = [pool.submit(self._carry_out, step) for step in batch]
        # Each of them has ended; the first error is told.
        for item in done:
            item.result()

    def _carry_out(self, step: Step) -> None:
        args = substitute(step.args, self.bound)
        try:
            answer = self._call_until_ready(step, args)
        except AwsError as error:
            if error.code in step.unless:
                self._do_instead(step, error)
                return
            if error.code not in step.moot:
                self._put_back(step, error)
                raise
            answer = {}
        self.written = True
        for pending, path in step.binds.items():
            self.bound[pending] = str(_dig(answer, path))

    def _call_until_ready(self, step: Step, args: Mapping[str, Any]) -> Any:
        """The call, repeated while AWS answers "not yet": what was just made is not visible everywhere at
        once, and what was just deleted is let go only after a while."""
        clock = self.context.clock
        start = clock.now()
        patience = float(self.params.get("wait_timeout") or 0)
        fresh = args != step.args
        told = 0.0
        for delay in delays(clock.jitter):
            try:
                return self._call(step.verb, args, step.say)
            except AwsError as error:
                elapsed = clock.now() - start + delay
                again = (error.code in step.retry and elapsed < patience) or (
                    fresh and "NotFound" in error.code and elapsed < _EVENTUAL
                )
                if not again:
                    raise
                if step.say and elapsed >= told + REPORT_EVERY:
                    told = elapsed
                    most = f"{elapsed:.0f} s of at most {patience:.0f} s"
                    self.context.progress(f"{step.say}: not yet, {error.code}. {self.held(error)}{most}")
            clock.sleep(delay)
        raise Failure(f"{step.say}: gave up")

    def _do_instead(self, step: Step, refusal: AwsError) -> None:
        """Another way to what the refused STEP should have done; its user is told that it was taken."""
        way = ", ".join(item.say for item in step.instead)
        self.module.warn(f"{step.say}: AWS refused {refusal.action} with {refusal.code}. Done instead: {way}.")
        for item in step.instead:
            self._apply((item,))

    def _put_back(self, step: Step, refusal: AwsError) -> None:
        """Undo what the refused STEP came after. Where that fails too, both are told, the refusal first."""
        try:
            for item in step.undo:
                if isinstance(item, Step):
                    self._apply((item,))
                else:
                    self._wait((item,))
        except (AwsError, Failure) as error:
            done = error.message if isinstance(error, Failure) else str(error)
            refusal.afterwards = f" After that, what was there before could not be brought back: {done}"
        else:
            done = ", ".join(item.say for item in step.undo if isinstance(item, Step))
            refusal.afterwards = f" After that, what was there before was brought back: {done}." if done else ""

    def _wait(self, waits: tuple[Wait, ...]) -> None:
        tried = 0
        start = self.context.clock.now()
        while True:
            try:
                self._wait_once(waits)
                self.waited += self.context.clock.now() - start
                return
            except WaitFailed as failure:
                again = failure.wait.again(failure.details, tried)
                if again is None:
                    raise
                tried += 1
                after = f" after {again.pause:.0f} s" if again.pause else ""
                steps = ", ".join(step.say for step in again.steps)
                self.context.progress(f"{failure.message} Trying again{after}: {steps}.")
                self.context.clock.sleep(again.pause)
                for step in again.steps:
                    self._apply((step,))

    def _wait_once(self, waits: tuple[Wait, ...]) -> None:
        wait_for(
            waits,
            lambda wait: self._call_until_ready(Step(wait.verb, wait.args), substitute(wait.args, self.bound)),
            float(self.params.get("wait_timeout") or 0),
            self.context.clock,
            self.context.progress,
        )

    def _call(self, verb: str, args: Mapping[str, Any], say: str = "") -> Any:
        try:
            if verb in self.spec.calls:
                return self.spec.calls[verb](self.aws, **args)
            service, operation = verb.split(".")
            return self.aws.call(service, operation, **args)
        except AwsError as error:
            error.tried, error.arguments = say, args
            raise


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _dig(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def _explain(error: AwsError, advice: Mapping[str, str]) -> dict[str, Any]:
    tried = error.tried or error.action
    what_to_do = ""
    if error.code in DENIED:
        what_to_do = f" The identity in use needs the permission {error.action}."
    elif error.code in _EXPIRED:
        what_to_do = " The credentials have expired: sign in again, or refresh the job template's credential."
    elif error.code in _INVALID:
        what_to_do = " AWS does not accept these credentials: check the access key, its secret and the session token."
    elif advice.get(error.code):
        what_to_do = f" {advice[error.code]}"
    request = f" (request {error.request_id})" if error.request_id else ""
    return {
        "msg": f"{tried}: AWS refused {error.action} with {error.code}: {error.message}{request}.{what_to_do}"
        f"{error.afterwards}",
        "error": camel_dict_to_snake_dict({"Code": error.code, "Message": error.message}),
        "iam_action": error.action,
        "request_id": error.request_id,
    }
