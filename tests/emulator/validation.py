# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The constraints of botocore's service models: required, unknown, length, range, pattern, enum."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from moto.core.model import OperationModel

from .errors import AwsError

# Query parameters that belong to the protocol and not to an operation.
_PROTOCOL_PARAMETERS = {"Action", "Version", "AWSAccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp"}
# Strings that one service model bounds and its service treats itself, with an error of its own.
_OWN_CHECKS = {"Marker", "NextToken", "NextMarker"}
# The same, of one operation.
_OWN_OF_OPERATION = {("LookupEvents", ".MaxResults")}


def check(protocol: str, model: OperationModel, params: dict[str, Any]) -> None:
    """Raise AWS's error, in the words of the protocol, for the first things that the model does not allow."""
    shape = model.input_shape
    if shape is None:
        return
    flaws = [flaw for flaw in _flaws(shape, params, "") if (model.name, flaw[1]) not in _OWN_OF_OPERATION]
    if not flaws:
        return
    if protocol == "ec2":
        raise _ec2_error(*flaws[0])
    code = {"json": "ValidationException", "rest-xml": "InvalidInput"}.get(protocol, "ValidationError")
    count = f"{len(flaws)} validation error{'s' if len(flaws) > 1 else ''} detected"
    raise AwsError(code, f"{count}: {'; '.join(flaw[3] for flaw in flaws)}")


def check_names(protocol: str, model: OperationModel, form: dict[str, str]) -> None:
    """Refuse query parameters that the operation does not have."""
    for name in form:
        if name in _PROTOCOL_PARAMETERS or name.startswith("X-Amz-"):
            continue
        if not _known(model.input_shape, name.split("."), protocol == "ec2"):
            if protocol == "ec2":
                raise AwsError("UnknownParameter", f"The parameter {name.split('.')[0]} is not recognized")
            raise AwsError("ValidationError", f"Unexpected parameter {name} for {model.name}")


def check_document(model: OperationModel, body: bytes) -> None:
    """Refuse a JSON request that is none, or that has members which the operation does not have."""
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The request is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "The request is not a JSON object")
    check_members(model.input_shape, document)


def check_members(shape: Shape | None, document: Any, path: str = "") -> None:
    """Refuse members of a JSON request that the operation does not have."""
    if isinstance(shape, StructureShape) and isinstance(document, dict):
        for name, value in document.items():
            if name not in shape.members:
                raise AwsError("ValidationException", f"Unexpected field {_lower(path + '.' + name)}")
            check_members(shape.members[name], value, f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(document, list):
        for value in document:
            check_members(shape.member, value, path)


Flaw = tuple[str, str, Any, str]


def _flaws(shape: Shape, value: Any, path: str) -> Iterator[Flaw]:
    """(kind, path, value, text) of everything that is wrong with a value."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _structure_flaws(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        yield from _out_of_bounds(shape, value, len(value), path)
        for index, member in enumerate(value, 1):
            yield from _flaws(shape.member, member, f"{path}.{index}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, member in value.items():
            yield from _flaws(shape.value, member, f"{path}.{key}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _string_flaws(shape, value, path)
    elif shape.type_name in ("integer", "long") and isinstance(value, int):
        yield from _number_flaws(shape, value, path)


def _structure_flaws(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[Flaw]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield "missing", f"{path}.{name}", None, _failed(None, f"{path}.{name}", "Member must not be null")
    for name, member in value.items():
        if name in shape.members and member is not None and name not in _OWN_CHECKS:
            yield from _flaws(shape.members[name], member, f"{path}.{name}")


def _string_flaws(shape: StringShape, value: str, path: str) -> Iterator[Flaw]:
    yield from _out_of_bounds(shape, value, len(value), path)
    if shape.enum and value not in shape.enum:
        wanted = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        yield "enum", path, value, _failed(_shown(shape, value), path, wanted)
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        wanted = f"Member must satisfy regular expression pattern: {pattern}"
        yield "pattern", path, value, _failed(_shown(shape, value), path, wanted)


def _number_flaws(shape: Shape, value: int, path: str) -> Iterator[Flaw]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield "range", path, value, _failed(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield "range", path, value, _failed(value, path, f"Member must have value less than or equal to {high}")


def _out_of_bounds(shape: Shape, value: Any, length: int, path: str) -> Iterator[Flaw]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        wanted = f"Member must have length greater than or equal to {low}"
        yield "length", path, value, _failed(_shown(shape, value), path, wanted)
    if high is not None and length > high:
        wanted = f"Member must have length less than or equal to {high}"
        yield "length", path, value, _failed(_shown(shape, value), path, wanted)


def _shown(shape: Shape, value: Any) -> Any:
    return "***Sensitive information***" if shape.metadata.get("sensitive") else value


def _failed(value: Any, path: str, wanted: str) -> str:
    shown = "Value null" if value is None else f"Value '{value}'"
    return f"{shown} at '{_lower(path)}' failed to satisfy constraint: {wanted}"


def _lower(path: str) -> str:
    return ".".join(part[:1].lower() + part[1:] for part in path.lstrip(".").split("."))


def _ec2_error(kind: str, path: str, value: Any, text: str) -> AwsError:
    name = ".".join(part for part in path.lstrip(".").split(".") if part != "member")
    if kind == "missing":
        return AwsError("MissingParameter", f"The request must contain the parameter {name}")
    wanted = text.rsplit("constraint: ", 1)[-1].replace("Member must", "It must")
    return AwsError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid. {wanted}.")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    # The models are written for Java; what only Java understands is left to the service itself.
    try:
        return None if r"\p" in pattern else re.compile(pattern)
    except re.error:
        return None


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


def _known(shape: Shape | None, parts: list[str], ec2: bool) -> bool:
    """Whether a dotted query parameter names something in a shape."""
    if not parts or (isinstance(shape, (ListShape, StructureShape)) and parts == [""]):
        return True
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if _query_name(name, member, ec2) == parts[0]:
                return _known(member, parts[1:], ec2)
            flat = isinstance(member, ListShape) and member.serialization.get("flattened")
            if flat and isinstance(member, ListShape) and member.member.serialization.get("name") == parts[0]:
                return _known(member, parts[1:], ec2)
        return False
    if isinstance(shape, ListShape):
        rest = parts if ec2 or shape.serialization.get("flattened") else parts[1:]
        return bool(rest) and rest[0].isdigit() and _known(shape.member, rest[1:], ec2)
    return isinstance(shape, MapShape)


def _query_name(name: str, shape: Shape, ec2: bool) -> str:
    wire = str(shape.serialization.get("name", name))
    if not ec2:
        return wire
    return str(shape.serialization.get("queryName") or wire[0].upper() + wire[1:])
