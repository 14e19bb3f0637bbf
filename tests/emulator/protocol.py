# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From HTTP to an operation with its parameters, and from a result or an error back to HTTP."""

from __future__ import annotations

import functools
import json
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.routing import MethodNotAllowed, NotFound, get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from .errors import AwsError

# Signing name -> name in botocore's data, where they differ.
SERVICES = {
    "elasticloadbalancing": "elbv2", "cloudhsm": "cloudhsmv2", "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
}
VERSIONS = {"2016-11-15": "ec2", "2015-12-01": "elbv2", "2012-06-01": "elb", "2011-06-15": "sts"}
TARGETS = {
    "TrentService": "kms",
    "BaldrApiService": "cloudhsmv2",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail": "cloudtrail",
    "Logs": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
}
PATHS = {"/2013-04-01/": "route53"}

_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass
class HttpRequest:
    """One request as the listener read it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HttpResponse:
    """What the listener sends, or how it breaks the connection."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds to wait before the answer.
    delay: float = 0.0
    # Close the connection with a reset instead of an answer.
    reset: bool = False


@dataclass
class Identified:
    """Who asks for what."""

    service: str
    operation: str
    region: str
    access_key: str
    model: ServiceModel | None
    form: dict[str, str]
    uri_params: Mapping[str, Any]

    @property
    def protocol(self) -> str:
        if self.model is None:
            return "query"
        # CloudHSM lists CBOR first; its clients here speak JSON.
        return "json" if self.model.protocol.startswith("smithy") else str(self.model.protocol)

    @property
    def operation_model(self) -> OperationModel | None:
        if self.model is None or self.operation not in self.model.operation_names:
            return None
        return self.model.operation_model(self.operation)


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def new_request_id() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def identify(request: HttpRequest, default_region: str) -> Identified:
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    access_key, region, signing_name = scope.groups() if scope else ("", default_region, "")
    form: dict[str, str] = {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif request.query and request.path == "/":
        form = dict(parse_qsl(request.query, keep_blank_values=True))
    prefix, dummy, target = request.headers.get("x-amz-target", "").rpartition(".")
    service = VERSIONS.get(form.get("Version", "")) or TARGETS.get(prefix.split("_")[0]) or ""
    if not service and signing_name:
        service = SERVICES.get(signing_name, signing_name)
    if not service:
        service = next((name for start, name in PATHS.items() if request.path.startswith(start)), "")
    model = service_model(service) if service else None
    operation = form.get("Action") or target
    uri_params: Mapping[str, Any] = {}
    if model is not None and not operation and str(model.protocol).startswith("rest"):
        operation, uri_params = _route(service, request)
    return Identified(service, operation, region, access_key, model, form, uri_params)


def moto_request(service: str, region: str, request: HttpRequest) -> MotoRequest:
    """The request as moto would have received it from AWS's own host name."""
    host = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}.get(service, service)
    url = f"http://{host}.{region}.amazonaws.com{request.path}{'?' + request.query if request.query else ''}"
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    made = MotoRequest.from_primitives(request.method, url, headers, request.body)
    made.from_wsgi_server = True
    return made


def parse(identified: Identified, request: HttpRequest) -> dict[str, Any]:
    model = identified.operation_model
    if model is None:
        raise unknown_operation(identified)
    source: Any = {
        "method": request.method,
        "values": identified.form,
        "headers": request.headers,
        "body": request.body,
        "url_path": request.path,
        "url_params": identified.uri_params,
    }
    if identified.protocol.startswith("rest"):
        source["values"] = moto_request(identified.service, identified.region, request).values
    try:
        parsed = PROTOCOL_PARSERS[identified.protocol](model).parse(source)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        code = {"json": "SerializationException", "ec2": "InvalidParameterValue"}.get(
            identified.protocol, "MalformedInput"
        )
        raise AwsError(code, f"The request could not be read: {error}") from error
    return dict(parsed or {})


def unknown_operation(identified: Identified) -> AwsError:
    name = identified.operation or "(none)"
    if identified.protocol == "json":
        return AwsError("UnknownOperationException", f"Operation {name} is not known.")
    return AwsError("InvalidAction", f"The action {name} is not valid for this web service.")


def render(identified: Identified, result: dict[str, Any], request_id: str) -> HttpResponse:
    model = identified.operation_model
    if model is None:
        return render_error(identified, unknown_operation(identified), request_id)
    serializer = get_serializer_class(identified.service, identified.protocol)
    made = serializer(model, SerializationContext(request_id)).serialize(result)
    headers = {name: str(value) for name, value in made["headers"].items()}
    headers["x-amzn-RequestId"] = request_id
    body = made["body"]
    return HttpResponse(int(made["status_code"]), body.encode() if isinstance(body, str) else body, headers)


def render_error(identified: Identified, error: AwsError, request_id: str) -> HttpResponse:
    code, message = escape(error.code), escape(error.message)
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    if identified.protocol in ("json", "rest-json"):
        headers |= {"Content-Type": "application/x-amz-json-1.1", "X-Amzn-ErrorType": error.code}
        body = json.dumps({"__type": error.code, "message": error.message})
    elif identified.protocol == "ec2":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        namespace = identified.model.metadata.get("xmlNamespace", "") if identified.model is not None else ""
        attribute = f' xmlns="{namespace}"' if isinstance(namespace, str) and namespace else ""
        fault = "Sender" if error.status < 500 else "Receiver"
        body = (
            f'<?xml version="1.0"?>\n<ErrorResponse{attribute}><Error><Type>{fault}</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return HttpResponse(error.status, body.encode(), headers)


def _route(service: str, request: HttpRequest) -> tuple[str, Mapping[str, Any]]:
    try:
        matched, uri_params = get_service_router(service).match(moto_request(service, "us-east-1", request))
    except (NotFound, MethodNotAllowed):
        return "", {}
    return str(matched.name), uri_params
