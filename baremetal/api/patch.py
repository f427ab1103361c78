"""JSON PATCH (RFC 6902) on resources, with the rules that the Bare Metal API adds."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from baremetal.api.body import MAX_DEPTH, is_deeper, read_json
from baremetal.api.call import Call
from baremetal.api.types.base import Type, checked, fields_of, writable_names
from baremetal.domain.errors import (
    InvalidInput,
    NotAcceptable,
    PatchFailed,
    ReadOnlyField,
    UnknownField,
)

_OPERATIONS = ("add", "replace", "remove")
_MOST_OPERATIONS = 500


def read_patch(call: Call) -> list[dict[str, Any]]:
    """The patch in a request's body.

    :raises InvalidInput: it is none.
    """
    patch = read_json(call.raw)
    if not isinstance(patch, list):
        raise InvalidInput("Schema error for patch: it must be a JSON array of operations.")
    if len(patch) > _MOST_OPERATIONS:
        raise InvalidInput(f"A patch has at most {_MOST_OPERATIONS} operations.")
    for number, step in enumerate(patch):
        _check_step(step, f"patch[{number}]")
    return patch


def _check_step(step: Any, where: str) -> None:
    if not isinstance(step, dict):
        raise InvalidInput(f"Schema error for patch: {where} must be an object.")
    unknown = sorted(set(step) - {"op", "path", "value"})
    if unknown:
        raise UnknownField(unknown[0], where, ("op", "path", "value"))
    if step.get("op") not in _OPERATIONS:
        raise InvalidInput(
            f"Schema error for patch: {where}/op {step.get('op')!r} is not one of "
            f"{', '.join(_OPERATIONS)}."
        )
    path = step.get("path")
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise InvalidInput(
            f"Schema error for patch: {where}/path must be a string such as /extra/rack."
        )
    if step["op"] != "remove" and "value" not in step:
        raise InvalidInput(f"Schema error for patch: {where} has no value to {step['op']}.")


def changed(
    cls: type[Type], row: Mapping[str, Any], patch: Sequence[Mapping[str, Any]], version: int
) -> dict[str, Any]:
    """The columns that a patch changes, with their new values.

    :raises ReadOnlyField: it touches what a caller may not write.
    :raises PatchFailed: it does not fit the resource.
    :raises InvalidInput: what comes out has an invalid field.
    """
    known = fields_of(cls)
    allowed = writable_names(cls, version, "patch")
    touched = dict.fromkeys(_root_of(step["path"]) for step in patch)
    for name in touched:
        field = known.get(name)
        if field is not None and name not in allowed and field.since > version:
            raise NotAcceptable(f"Field {name} needs API version 1.{field.since} or newer.")
        if name not in allowed:
            raise ReadOnlyField(f"/{name}", allowed)
    document = {name: deepcopy(row[known[name].source or name]) for name in touched}
    for step in patch:
        document = _apply(document, step)
    values: dict[str, Any] = {}
    for name in touched:
        field = known[name]
        new = checked(field, name, document.get(name), cls.__resource__.singular)
        column = field.source or name
        if new != row[column]:
            values[column] = new
        if is_deeper(new, MAX_DEPTH):
            raise PatchFailed(f"With this patch, /{name} is nested deeper than {MAX_DEPTH} levels.")
    return values


def _apply(document: dict[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """One operation; a whole field that is removed becomes null, its default."""
    name = _root_of(step["path"])
    if step["op"] == "remove" and step["path"] == f"/{name}":
        return {**document, name: None}
    if document.get(name) is None and step["path"] != f"/{name}":
        document = {**document, name: {}}
    try:
        result: dict[str, Any] = jsonpatch.JsonPatch([dict(step)]).apply(document)
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, KeyError) as error:
        reason = str(error)
        if "<class" in reason or isinstance(error, TypeError | KeyError):
            reason = "the path leads through what is neither an object nor an array"
        raise PatchFailed(
            f"Couldn't apply patch operation {step['op']} {step['path']}. Reason: {reason}"
        ) from error
    return result


def _root_of(path: str) -> str:
    return path.split("/", 2)[1].replace("~1", "/").replace("~0", "~")
