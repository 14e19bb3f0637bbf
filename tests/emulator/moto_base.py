# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto underneath: its backends hold what is not emulated here, its responses answer the rest."""

from __future__ import annotations

import functools
import importlib
import os
import warnings
from typing import Any, cast
from unittest import mock
from urllib.parse import urlencode

import boto3
import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.exceptions import ClientError
from moto import backends
from moto.core import base_backend
from moto.core import utils as core_utils
from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.core.loaders import create_loader
from moto.core.routing import get_service_router
from moto.utilities import utils as moto_utils
from werkzeug.exceptions import HTTPException

from .errors import AwsError
from .protocol import HttpRequest, HttpResponse, Identified, moto_request, service_model

# moto registers some thousand machine images per region unless told otherwise.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
warnings.filterwarnings("ignore", module="moto")
_load_resource = moto_utils.load_resource


def preload(region: str, account: str) -> None:
    """Import what the first calls would import, without what moto loads and nobody here asks for."""
    # moto makes a session for every list of regions, and each reads the models of the services again: share one, and
    # what it has read.
    loader = create_loader()
    inner = botocore.session.get_session()
    inner.register_component("data_loader", loader)
    session = boto3.session.Session(botocore_session=inner)
    with (
        mock.patch.object(boto3, "Session", return_value=session),
        mock.patch.object(base_backend, "Session", return_value=session),
        mock.patch.object(core_utils, "create_loader", return_value=loader),
        mock.patch.object(moto_utils, "load_resource", _needed_resource),
    ):
        for service in ("ec2", "kms"):
            backend(service, account, region)
        for service in ("ec2", "kms", "elbv2", "route53", "sts"):
            service_model(service)
    _spare_key_pairs()
    for service, action in (("ec2", "DescribeVpcs"), ("kms", "ListKeys")):
        asked = Identified(service, action, region, "", service_model(service), {}, {})
        perform(asked, account, action, {})
    get_service_router("route53")


def _spare_key_pairs() -> None:
    """moto makes an RSA key pair for symmetric keys too, which have no use for it; it takes most of the time."""
    models = importlib.import_module("moto.kms.models")
    pair = models.generate_private_key
    if getattr(pair, "__module__", "") != __name__:

        def generate_private_key(spec: str) -> Any:
            return None if spec == "SYMMETRIC_DEFAULT" else pair(spec)

        vars(models)["generate_private_key"] = generate_private_key


def _needed_resource(name: str) -> Any:
    # A hundred files say where which type of instance is offered, and one what each of them is.
    if "instance_type_offerings" in name:
        return []
    return {} if name.endswith("instance_types.json") else _load_resource(name)


def backend(service: str, account: str, region: str) -> Any:
    found: Any = backends.get_backend(cast(Any, service))
    return found[account][region]


def reset() -> None:
    BackendDict.reset()


@functools.cache
def response_class(service: str) -> Any:
    """The class that answers for a service in moto, or None where moto has none or one per URL."""
    module = __import__(f"moto.{service}.urls", fromlist=["url_paths"])
    handlers = set(module.url_paths.values())
    owners = {getattr(handler, "__self__", None) for handler in handlers}
    found = owners.pop() if len(owners) == 1 else None
    if found is None:
        return None
    # The front has said who may do what. moto goes by the name and module of the class, so they stay.
    members = {"__module__": found.__module__, "_authenticate_and_authorize_normal_action": _permit}
    return type(found.__name__, (found,), members)


def _permit(response: Any, resource: str = "*") -> None:
    """In place of moto's check of signatures and policies."""


def passthrough(identified: Identified, account: str, request: HttpRequest) -> HttpResponse:
    """Let moto answer a request that nothing here knows."""
    try:
        found = response_class(identified.service)
    except ImportError:
        found = None
    if found is None:
        raise AwsError("InvalidAction", f"The emulator does not serve {identified.service or 'this request'}.", 400)
    headers = {**request.headers, "x-moto-account-id": account}
    sent = HttpRequest(request.method, request.path, request.query, headers, request.body)
    made = moto_request(identified.service, identified.region, sent)
    try:
        status, answered, body = found.dispatch(made, made.raw_url, dict(made.headers))
    except (ServiceException, HTTPException, ClientError) as error:
        raise AwsError(getattr(error, "code", "InternalFailure"), str(error)) from error
    except NotImplementedError as error:
        raise AwsError("InvalidAction", f"The emulator does not answer {identified.operation}.", 400) from error
    content = body if isinstance(body, bytes) else str(body).encode()
    return HttpResponse(int(status), content, {name: str(value) for name, value in answered.items()})


def perform(identified: Identified, account: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """Carry an operation of the same service out by moto; parameters and result in botocore's shapes."""
    model = identified.model
    if model is None:
        raise AwsError("InvalidAction", f"The emulator does not serve {identified.service}.")
    operation_model = model.operation_model(operation)
    wire = _serializer(identified.protocol).serialize_to_request(params, operation_model)
    body = wire["body"]
    content = urlencode(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    headers = {name.lower(): str(value) for name, value in wire["headers"].items()}
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={'A' * 20}/20000101/{identified.region}/x/aws4_request"
    request = HttpRequest(wire["method"], str(wire["url_path"]), "", headers, content or b"")
    asked = Identified(identified.service, operation, identified.region, "", model, {}, {})
    answer = passthrough(asked, account, request)
    parsed = _parser(identified.protocol).parse(
        {"body": answer.body, "status_code": answer.status, "headers": answer.headers}, operation_model.output_shape
    )
    if answer.status >= 300:
        error = parsed.get("Error", {})
        raise AwsError(str(error.get("Code", "InternalFailure")), str(error.get("Message", "")), answer.status)
    parsed.pop("ResponseMetadata", None)
    return dict(parsed)


@functools.cache
def _serializer(protocol: str) -> Any:
    return botocore.serialize.create_serializer(protocol, include_validation=False)


@functools.cache
def _parser(protocol: str) -> Any:
    return botocore.parsers.create_parser(protocol)
