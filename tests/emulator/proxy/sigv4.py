# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this request signed by somebody whose secret we share? AWS Signature Version 4, computed by botocore."""

from __future__ import annotations

import dataclasses
import datetime
import hmac
import re
from collections.abc import Mapping

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from emulator.proxy.errors import XksError

SERVICE = "kms-xks-proxy"
# The API: a request more than five minutes old, or that far in the future, should not authenticate.
MAXIMUM_SKEW = datetime.timedelta(minutes=5)
# The least that a caller has to sign over HTTP/1.1.
REQUIRED_HEADERS = frozenset({"host", "x-amz-date"})

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<id>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclasses.dataclass(frozen=True)
class SignedRequest:
    """What of an HTTP request enters its signature; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class _Recomputation(SigV4Auth):
    """botocore's signer, told to sign exactly the headers that the caller says it signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name.lower()] = value
        return headers


def authenticate(
    request: SignedRequest,
    credentials: Mapping[str, str],
    region: str | None = None,
    now: datetime.datetime | None = None,
) -> str:
    """The access key id of a correctly signed request; raises AuthenticationFailedException otherwise."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    if match is None:
        raise _refused("the Authorization header is missing or is not AWS Signature Version 4")
    secret = credentials.get(match["id"])
    if secret is None:
        raise _refused("unknown access key id")
    if match["service"] != SERVICE:
        raise _refused(f"the signature is for another service than {SERVICE}")
    if region is not None and match["region"] != region:
        raise _refused(f"the signature is for another region than {region}")
    signed = match["headers"].split(";")
    if not REQUIRED_HEADERS.issubset(signed):
        raise _refused("host and x-amz-date must be signed")
    timestamp = request.headers.get("x-amz-date", "")
    _check_time(timestamp, match["date"], now or datetime.datetime.now(datetime.UTC))
    if not hmac.compare_digest(_signature(request, match, secret, signed, timestamp), match["signature"]):
        raise _refused("the signature does not match")
    return match["id"]


def _signature(request: SignedRequest, match: re.Match[str], secret: str, signed: list[str], timestamp: str) -> str:
    absent = [name for name in signed if name not in request.headers]
    if absent:
        raise _refused("a signed header is not in the request")
    copy = AWSRequest(
        method=request.method,
        url=f"https://{request.headers['host']}{request.path}",
        headers={name: request.headers[name] for name in signed},
        data=request.body,
    )
    copy.context["timestamp"] = timestamp
    signer = _Recomputation(Credentials(match["id"], secret), match["service"], match["region"])
    return signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy)


def _check_time(timestamp: str, scope_date: str, now: datetime.datetime) -> None:
    try:
        moment = datetime.datetime.strptime(timestamp, SIGV4_TIMESTAMP).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise _refused("x-amz-date is missing or malformed") from None
    if timestamp[:8] != scope_date:
        raise _refused("x-amz-date and the credential's date differ")
    if abs(now - moment) > MAXIMUM_SKEW:
        raise _refused("the request was signed more than five minutes away from now")


def _refused(message: str) -> XksError:
    return XksError("AuthenticationFailedException", message)
