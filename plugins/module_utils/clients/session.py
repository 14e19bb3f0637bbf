# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way to AWS: clients, calls, pages, and calls side by side."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock

try:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.loaders import create_loader

    HAS_BOTO3 = True
except ImportError:
    HAS_BOTO3 = False

# IAM's name of a service where it is not boto3's.
_IAM_PREFIX = {"elbv2": "elasticloadbalancing", "cloudhsmv2": "cloudhsm", "service-quotas": "servicequotas"}
_SERVICES = ("ec2", "elbv2", "kms", "route53")

# Calls side by side, which keep their connections.
_CONNECTIONS = 16
# How often botocore sends a call at most.
_ATTEMPTS = 8

_lock = threading.Lock()
# With each client what it was made from: a key that shows a Config by its address needs that Config alive.
_clients: dict[tuple[str, str], tuple[Any, Any]] = {}
_sessions: dict[tuple[str | None, str], Any] = {}
_loader: Any = None
# How services say that an identity may not do something.
DENIED = (
    "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthorizationError",
    "CloudHsmAccessDeniedException",
)
# Calls that are sent less often: what makes a second one when it is repeated after a lost answer and takes no token
# against that, and what only asks whether something works.
_FEWER = {("ec2", "create_vpc"): 1, ("kms", "create_key"): 1, ("kms", "generate_random"): 2}


def warm() -> None:
    """Pay once per process for most of what a first client costs: the models, the session, the names of the calls."""
    if not HAS_BOTO3:
        return
    dummy = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "endpoint_url": "http://127.0.0.1"}
    try:
        for service in _SERVICES:
            _session(None).create_client(service, region_name="us-east-1", **dummy)
            _shared_loader().load_service_model(service, "paginators-1")
    except BotoCoreError:
        # Such as a profile that does not exist: the first call says it better.
        return


def _environment() -> str:
    return repr(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))


def _session(profile: str | None) -> Any:
    """A botocore session holds what it read from the environment and the configuration files."""
    key = (profile, _environment())
    if key not in _sessions:
        _sessions[key] = botocore.session.Session(profile=profile)
        _sessions[key].register_component("data_loader", _shared_loader())
    return _sessions[key]


def _shared_loader() -> Any:
    global _loader
    if _loader is None:
        _loader = create_loader()
    return _loader


def iam_action(service: str, operation: str) -> str:
    """The IAM action of an operation: ("elbv2", "SetSubnets") -> "elasticloadbalancing:SetSubnets"."""
    return f"{_IAM_PREFIX.get(service, service)}:{operation}"


class Aws:
    """AWS as one set of credentials sees one Region.

    connection: what amazon.aws's get_aws_connection_info returns: (region, endpoint_url, client parameters).
    """

    def __init__(
        self, connection: tuple[str | None, str | None, Mapping[str, Any]], attempts: int = _ATTEMPTS
    ) -> None:
        if not HAS_BOTO3:
            raise Failure("boto3 and botocore are needed: pip install boto3")
        region, self._endpoint, self._parameters = connection
        if not region:
            raise Failure(
                "No Region: set the option region, the environment variable AWS_REGION, "
                "or a region in the profile that is used."
            )
        self.region: str = region
        self._attempts = attempts
        # Where a long read tells how it is going.
        self.say: Callable[[str], None] = lambda text: None
        # What paces calls that AWS takes only so often.
        self.clock = Clock(time.monotonic, time.sleep, random.random)

    def elsewhere(self, region: str, attempts: int | None = None) -> Aws:
        """The same credentials in another Region. attempts: how often a call is sent there at most."""
        if region == self.region and attempts is None:
            return self
        found = Aws((region, self._endpoint, self._parameters), attempts or self._attempts)
        found.say = lambda text: self.say(f"{region}: {text}")
        found.clock = self.clock
        return found

    def client(self, service: str, attempts: int | None = None) -> Any:
        """The boto3 client of SERVICE; made once per credentials, Region, endpoint and environment."""
        attempts = attempts or self._attempts
        parameters = sorted(self._parameters.items(), key=lambda item: item[0])
        key = (service, repr((self.region, self._endpoint, parameters, _environment(), attempts)))
        with _lock:
            if key not in _clients:
                _clients[key] = (self._parameters, self._new_client(service, attempts))
            return _clients[key][1]

    def _new_client(self, service: str, attempts: int) -> Any:
        parameters = dict(self._parameters)
        # AWS's throttling and 5xx answers are botocore's to repeat; a user's aws_config has the last word.
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, max_pool_connections=_CONNECTIONS)
        own = parameters.pop("aws_config", None)
        try:
            session: Any = boto3.session.Session(botocore_session=_session(parameters.pop("profile_name", None)))
            return session.client(
                service,
                region_name=self.region,
                endpoint_url=self._endpoint,
                config=config.merge(own) if own and attempts > 1 else config,
                **parameters,
            )
        except (ValueError, BotoCoreError) as error:
            raise Failure(f"Cannot make a client for {service}: {error}") from error

    def call(self, service: str, operation: str, attempts: int | None = None, **arguments: Any) -> dict[str, Any]:
        """One call. operation: boto3's name of it, such as "create_vpc"."""
        client = self.client(service, _FEWER.get((service, operation), attempts))
        return self._refusals(service, client, operation, lambda: getattr(client, operation)(**arguments))

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        """All items under KEY of a call that answers in pages."""
        client = self.client(service)
        if not client.can_paginate(operation):
            return self.call(service, operation, **arguments).get(key, [])
        paginator = client.get_paginator(operation)
        result = self._refusals(
            service, client, operation, lambda: paginator.paginate(**arguments).build_full_result()
        )
        return result.get(key, [])

    def together(self, **reads: Callable[[], Any]) -> dict[str, Any]:
        """Independent reads at the same time: {name: answer}. The first error is raised."""
        return together(reads)

    def _refusals(self, service: str, client: Any, operation: str, call: Callable[[], Any]) -> dict[str, Any]:
        action = iam_action(service, client.meta.method_to_api_mapping[operation])
        try:
            result = call()
        except ClientError as error:
            answer = error.response.get("Error", {})
            raise AwsError(
                action,
                answer.get("Code", "Unknown"),
                answer.get("Message", str(error)),
                error.response.get("ResponseMetadata", {}).get("RequestId", ""),
            ) from error
        except NoCredentialsError as error:
            raise Failure(
                f"No AWS credentials were found, so {action} was not called. Give the options profile, or access_key "
                "and secret_key, set the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "or attach an AWS credential to the job template."
            ) from error
        except BotoCoreError as error:
            raise Failure(
                f"{action} got no answer from AWS: {error}. The next run looks what has become of it, and goes on."
            ) from error
        result.pop("ResponseMetadata", None)
        return result


def together(reads: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Independent reads at the same time, of different credentials or Regions too. The first error is raised."""
    with ThreadPoolExecutor(max_workers=min(max(len(reads), 1), _CONNECTIONS)) as pool:
        futures = {name: pool.submit(read) for name, read in reads.items()}
        return {name: future.result() for name, future in futures.items()}


class NoAws(Aws):
    """In place of AWS for a module that calls something else: needs neither boto3 nor credentials nor a Region."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.say = lambda text: None

    def client(self, service: str, attempts: int | None = None) -> Any:
        raise Failure(f"This module makes no calls to AWS, so none to {service} either.")


def missing_is(default: Any, codes: tuple[str, ...], read: Callable[[], Any]) -> Any:
    """The answer of READ, or DEFAULT where AWS says with one of CODES that the thing does not exist."""
    try:
        return read()
    except AwsError as error:
        if error.code in codes:
            return default
        raise


def no_refusals(action: str, answer: Mapping[str, Any], gone: tuple[str, ...]) -> dict[str, Any]:
    """The answer of a call that reports refusals in Unsuccessful, with HTTP 200 (N12); the first one is raised.
    gone: the codes with which AWS says that there was nothing left to do."""
    for item in answer.get("Unsuccessful", []):
        error = item.get("Error", {})
        if error.get("Code") not in gone:
            text = f"{item.get('ResourceId', '')}: {error.get('Message', '')}"
            raise AwsError(action, error.get("Code", "Unknown"), text)
    return dict(answer)
