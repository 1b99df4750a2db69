# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What a statement may say; the rest MinIO refuses half-way, never matches or reads as more."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy_values
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy_words as words

PARTS = ("Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition")
ARN = "arn:aws:s3:::"
KMS_ARN = "arn:minio:kms:::"
EVERYTHING = {"*", f"{ARN}*"}
# The only keys of a condition that have only these.
KEYS_OF_OPERATOR: dict[str, t.Collection[str]] = {
    **dict.fromkeys(words.NETWORK, ("aws:SourceIp",)),
    **dict.fromkeys(words.DATE, ("aws:CurrentTime", "s3:object-lock-retain-until-date")),
    "Bool": ("aws:SecureTransport",),
}


def check(statement: t.Any, where: str, *, bucket_policy: bool) -> None:
    """Raise InvalidInputError, which begins with ``where``, for the first thing that cannot work."""
    if not isinstance(statement, dict):
        raise InvalidInputError(f"{where} is not a mapping")
    for part in statement:
        if part not in PARTS:
            near = words.nearest(str(part), PARTS)
            raise InvalidInputError(f"{where} has an unknown part {part}; the nearest is {near}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise InvalidInputError(f"{where} needs the Effect Allow or Deny, not {statement.get('Effect')}")
    _check_principal(statement.get("Principal"), where, bucket_policy=bucket_policy)
    if statement.get("NotAction"):
        raise InvalidInputError(
            f"{where} has NotAction, after which MinIO can tell nobody its policies any more: name the actions"
        )
    actions = _texts(statement, "Action", where)
    if not actions:
        raise InvalidInputError(f"{where} needs an Action")
    service = _service(actions, where)
    _check_resources(statement, service, actions, where, bucket_policy=bucket_policy)
    _check_conditions(statement.get("Condition") or {}, service, actions, where)


def _texts(statement: t.Mapping[str, t.Any], part: str, where: str) -> list[str]:
    value = statement.get(part) or []
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        raise InvalidInputError(f"{where}: {part} is a text or a list of texts")
    return values


def _check_principal(principal: t.Any, where: str, *, bucket_policy: bool) -> None:
    if bucket_policy and principal != "*":
        if not isinstance(principal, dict) or set(principal) != {"AWS"} or not _texts(principal, "AWS", where):
            raise InvalidInputError(f'{where} needs a Principal: "*", or a mapping of AWS to a list of names')
    elif principal and not bucket_policy:
        raise InvalidInputError(f"{where} has a Principal, which only the policy of a bucket can have")


def _service(actions: list[str], where: str) -> str:
    """The one service whose actions these are."""
    services: dict[str, str] = {}
    for action in actions:
        service, _colon, name = action.partition(":")
        if action == "*":
            raise InvalidInputError(f"{where}: MinIO ignores the Resource of the action *: write s3:* or admin:*")
        if service not in words.ACTIONS:
            raise InvalidInputError(f"{where}: the action {action} does not start with s3:, admin:, kms: or sts:")
        if not words.matched(service, name):
            near = words.nearest(name, words.ACTIONS[service])
            raise InvalidInputError(f"{where}: there is no action {action}; the nearest is {service}:{near}")
        services[service] = action
    if len(services) > 1:
        raise InvalidInputError(
            f"{where} has {' and '.join(sorted(services.values()))}: MinIO would ignore its Resource, "
            "write a statement for each"
        )
    return next(iter(services))


def _check_resources(
    statement: t.Mapping[str, t.Any], service: str, actions: list[str], where: str, *, bucket_policy: bool
) -> None:
    resources, excluded = _texts(statement, "Resource", where), _texts(statement, "NotResource", where)
    named = resources + excluded
    if resources and excluded:
        raise InvalidInputError(f"{where} has both Resource and NotResource")
    if service in ("admin", "sts"):
        if not EVERYTHING.issuperset(named):
            raise InvalidInputError(f"{where}: MinIO ignores the Resource of {actions[0]}, leave it out")
        return
    if service == "s3" and not named:
        raise InvalidInputError(f"{where} names no Resource")
    arn, impossible = (ARN, r"^/|^$") if service == "s3" else (KMS_ARN, r"[/\\.]|^$")
    for resource in named:
        if resource != "*" and not resource.startswith(arn):
            raise InvalidInputError(f"{where}: the resource {resource} does not start with {arn}")
        if re.search(impossible, resource.removeprefix(arn)):
            raise InvalidInputError(f"{where}: the resource {resource} matches nothing")
    if service == "s3" and resources:
        _check_reach(actions, resources, where, bucket_policy=bucket_policy)


def _check_reach(actions: list[str], resources: list[str], where: str, *, bucket_policy: bool) -> None:
    """An object is matched as bucket/key; a bucket as bucket/, but in the policy of a bucket without the slash."""
    patterns = [resource.removeprefix(ARN).partition("/") for resource in resources]
    objects = any(key or "*" in bucket or "?" in bucket for bucket, _slash, key in patterns)
    buckets = any(not slash or not (key.strip("*") or bucket_policy) for _bucket, slash, key in patterns)
    if objects and buckets:
        return
    reached = words.OBJECT_ACTIONS if objects else words.BUCKET_ACTIONS if buckets else frozenset()
    for action in actions:
        if reached.isdisjoint(words.matched("s3", action.removeprefix("s3:"))):
            wanted = f"the bucket, such as {ARN}bucket" if objects else f"objects, such as {ARN}bucket/*"
            raise InvalidInputError(f"{where}: {action} never matches {', '.join(resources)}: name {wanted}")


def _check_conditions(conditions: t.Any, service: str, actions: list[str], where: str) -> None:
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise InvalidInputError(f"{where}: Condition is a mapping of operators to mappings of keys to values")
    for operator, keys in conditions.items():
        if operator not in words.OPERATORS:
            near = words.nearest(str(operator), words.OPERATORS)
            raise InvalidInputError(f"{where}: there is no condition operator {operator}; the nearest is {near}")
        for key, value in keys.items():
            _check_key(str(key), operator, service, actions, where)
            fault = policy_values.fault(operator, key, value if isinstance(value, list) else [value])
            if fault:
                raise InvalidInputError(f"{where}: the condition {operator} of {key} {fault}")


def _check_key(key: str, operator: str, service: str, actions: list[str], where: str) -> None:
    name, slash, tag = key.partition("/")
    known = words.KEYS[service]
    if name not in known:
        near = words.nearest(name, known)
        raise InvalidInputError(f"{where}: there is no condition key {key} for {service}; the nearest is {near}")
    if bool(tag) != (name in words.TAG_KEYS) or bool(slash) != bool(tag):
        wanted = f"{name}/ with the name of a tag" if name in words.TAG_KEYS else name
        raise InvalidInputError(f"{where}: the condition key {key} never matches, it must be {wanted}")
    if name not in KEYS_OF_OPERATOR.get(operator, known):
        only = " or ".join(KEYS_OF_OPERATOR[operator])
        raise InvalidInputError(f"{where}: the condition {operator} can only be about {only}, not {key}")
    for action in actions if name in words.OF_ACTIONS else ():
        if not words.matched("s3", action.removeprefix("s3:")) & words.ACTIONS_OF_KEY[name]:
            raise InvalidInputError(
                f"{where}: {action} knows no condition key {key} and would never match: write a statement of its own"
            )
