# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What is declared about policies, users and service accounts: kind -> name -> fields.

A declared state keeps the secrets, which never leave the module. None instead of fields means absent.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio import access, policy
from ansible_collections.repro.stack.plugins.module_utils._minio.names import (
    NEVER,
    check_service_account,
    check_user,
    moment,
)
from ansible_collections.repro.stack.plugins.module_utils._module import STATE

Fields = dict[str, t.Any]
Declared = dict[str, dict[str, "Fields | None"]]

POLICIES, USERS, SERVICE_ACCOUNTS = "policies", "users", "service_accounts"
# What errors and differences call one of a kind.
WORDS = {POLICIES: "policy", USERS: "user", SERVICE_ACCOUNTS: "service account"}

INLINE_POLICY_LIMIT = 4096
DISPLAY_NAME_LIMIT = 32
DESCRIPTION_LIMIT = 256

ALWAYS, ON_CREATE = "always", "on_create"
UPDATE_SECRET: dict[str, t.Any] = {
    "type": "str",
    "choices": [ALWAYS, ON_CREATE],
    "default": ALWAYS,
    "no_log": False,
}


def arguments(kind: str) -> dict[str, t.Any]:
    """The options of one item of a kind, the same in minio_iam and in the module for one item."""
    own: dict[str, dict[str, t.Any]] = {
        POLICIES: {"document": {"type": "raw"}, "access": access.ARGUMENTS},
        USERS: {
            "secret": {"type": "str", "no_log": True},
            "enabled": {"type": "bool", "default": True},
            "policies": {"type": "list", "elements": "str"},
        },
        SERVICE_ACCOUNTS: {
            "parent": {"type": "str"},
            "secret": {"type": "str", "no_log": True},
            "policy": {"type": "raw"},
            "access": access.ARGUMENTS,
            "display_name": {"type": "str"},
            "description": {"type": "str"},
            "expires": {"type": "str", "default": NEVER},
            "enabled": {"type": "bool", "default": True},
        },
    }
    return {"name": {"type": "str", "required": True}, **own[kind], "state": STATE}


def declared(kinds: t.Mapping[str, t.Iterable[Fields] | None]) -> Declared:
    """Items of each kind by name, checked as far as that is possible without a server."""
    made: Declared = {POLICIES: {}, USERS: {}, SERVICE_ACCOUNTS: {}}
    for kind, items in kinds.items():
        for item in items or ():
            name, where = item["name"], f"{WORDS[kind]} {item['name']}"
            if name in made[kind]:
                raise InvalidInputError(f"The {where} is declared twice")
            made[kind][name] = None if item["state"] == "absent" else READERS[kind](item, where)
    return made


def label(kind: str, name: str) -> str:
    return f"{WORDS[kind]} {name}"


def _policy(item: Fields, where: str) -> Fields:
    if not item["name"].strip() or item["name"] != item["name"].strip() or "," in item["name"]:
        raise InvalidInputError(f"{where}: the name of a policy has no comma and no space at its ends")
    document = _document(item, "document", where)
    if document is None:
        raise InvalidInputError(f"{where}: give its document or the access that it grants")
    return {"document": document}


def _user(item: Fields, where: str) -> Fields:
    check_user(item["name"], item["secret"], where)
    policies = item["policies"]
    return {
        "secret": item["secret"],
        "enabled": item["enabled"],
        "policies": None if policies is None else sorted(set(policies)),
    }


def _service_account(item: Fields, where: str) -> Fields | None:
    check_service_account(item["name"], item["secret"], where)
    expires = moment(item["expires"], where)
    if expires != NEVER and expires <= datetime.datetime.now(datetime.UTC).isoformat():
        return None  # the server itself removes an account that has expired
    document = _document(item, "policy", where)
    if document is not None and policy.size(document) > INLINE_POLICY_LIMIT:
        raise InvalidInputError(
            f"{where}: its policy has {policy.size(document)} bytes; the server takes {INLINE_POLICY_LIMIT}"
        )
    for field, limit in (("display_name", DISPLAY_NAME_LIMIT), ("description", DESCRIPTION_LIMIT)):
        if len((item[field] or "").encode()) > limit:
            raise InvalidInputError(f"{where}: its {field} is longer than {limit} bytes")
    return {
        "parent": item["parent"],
        "secret": item["secret"],
        "policy": document,
        "display_name": item["display_name"],
        "description": item["description"],
        "expires": expires,
        "enabled": item["enabled"],
    }


def _document(item: Fields, field: str, where: str) -> policy.Document | None:
    if item[field] is not None and item["access"] is not None:
        raise InvalidInputError(f"{where}: give either {field} or access")
    if item["access"] is not None:
        return policy.parsed(access.document(item["access"], where), where)
    return None if item[field] is None else policy.parsed(item[field], where)


READERS: dict[str, t.Callable[[Fields, str], Fields | None]] = {
    POLICIES: _policy,
    USERS: _user,
    SERVICE_ACCOUNTS: _service_account,
}
