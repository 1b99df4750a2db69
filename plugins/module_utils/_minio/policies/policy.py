# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Policy documents: one canonical form, so that equal meaning compares equal."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import (
    policy_rules,
    policy_values,
    policy_words,
)

Document = dict[str, t.Any]

VERSION = "2012-10-17"
ARN = policy_rules.ARN
ACTIONS, RESOURCES = ("Action", "NotAction"), ("Resource", "NotResource")
PARTS = ("Version", "Statement", "Id", "ID")


def canonical(document: t.Mapping[str, t.Any]) -> Document:
    """The same policy with sorted lists and statements, without what has no meaning (Id, Sid, order, duplicates)."""
    statements = {str(made): made for made in map(_statement, _list(document.get("Statement")))}
    return {
        "Version": document.get("Version") or VERSION,
        "Statement": [statements[key] for key in sorted(statements)],
    }


def parsed(document: t.Any, where: str, *, bucket_policy: bool = False) -> Document:
    """A declared document (mapping or JSON text), or a sentence that begins with ``where`` and says what is wrong."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise InvalidInputError(f"{where}: the policy is not JSON: {error}") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise InvalidInputError(f"{where}: a policy is a mapping with at least one Statement")
    for part in document:
        if part not in PARTS:
            near = policy_words.nearest(str(part), PARTS)
            raise InvalidInputError(f"{where}: the policy has an unknown part {part}; the nearest is {near}")
    if str(document.get("Version", VERSION)) != VERSION:  # YAML reads it as a date
        raise InvalidInputError(f"{where}: the policy's Version must be {VERSION}, not {document['Version']}")
    for number, statement in enumerate(_list(document["Statement"]), start=1):
        policy_rules.check(statement, f"{where}: statement {number} of the policy", bucket_policy=bucket_policy)
    return canonical({**document, "Version": VERSION})


def grants_everything(document: t.Mapping[str, t.Any]) -> bool:
    """Whether this is an administrator's policy: every admin action, every S3 action everywhere, and nothing denied."""
    statements = canonical(document)["Statement"]
    whole = [each for each in statements if "Condition" not in each]
    everywhere = [each for each in whole if {"*", ARN + "*"} & set(each.get("Resource", ()))]
    denied = any(each.get("Effect") == "Deny" for each in statements)
    return _allow(whole, "admin:*") and _allow(everywhere, "s3:*") and not denied


def _allow(statements: t.Iterable[Document], action: str) -> bool:
    return any(action in each.get("Action", ()) for each in statements)


def size(document: Document) -> int:
    """The bytes of a canonical document as the server counts them, or a few more where it has numbers for texts."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    stars = text.count('"*"')  # which it writes as **, where it is a resource
    return len(text.encode()) + stars + 5 * sum(map(text.count, "<>&")) + 3 * sum(map(text.count, "\u2028\u2029"))


def _statement(statement: t.Mapping[str, t.Any]) -> Document:
    made = {}
    for part in sorted(statement):
        value = statement[part]
        if not value or part == "Sid":
            continue
        if part in ACTIONS:
            value = sorted(set(_list(value)))
        elif part in RESOURCES:
            value = sorted({"*" if resource == "**" else resource for resource in _list(value)})
        elif part == "Principal":
            names = {"AWS": "*"} if value == "*" else value
            value = {kind: sorted(set(_list(names[kind]))) for kind in sorted(names)}
        elif part == "Condition":
            value = _conditions(value)
        if value:
            made[part] = value
    return made


def _conditions(conditions: t.Mapping[str, t.Mapping[str, t.Any]]) -> Document:
    return {
        operator: {key: policy_values.canonical(operator, _list(keys[key])) for key in sorted(keys)}
        for operator, keys in sorted(conditions.items())
        if keys
    }


def _list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
