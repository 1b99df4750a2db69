# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What is declared about policies, users, groups and service accounts: kind -> name -> fields.

A declared state keeps the secrets, which never leave the module. None instead of fields means absent.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.names import (
    NEVER,
    check_name,
    check_service_account,
    check_user,
    moment,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access, policy
from ansible_collections.repro.stack.plugins.module_utils._module import STATE
from ansible_collections.repro.stack.plugins.module_utils._reconcile import SECRET_AS_DECLARED

Fields = dict[str, t.Any]
Declared = dict[str, dict[str, "Fields | None"]]

POLICIES, USERS, GROUPS, SERVICE_ACCOUNTS = "policies", "users", "groups", "service_accounts"
# What errors and differences call one of a kind.
WORDS = {POLICIES: "policy", USERS: "user", GROUPS: "group", SERVICE_ACCOUNTS: "service account"}

# The policy of an account that has none of its own.
INHERITED = "inherited from the parent"
# Refusals that an account may be declared to accept.
ROOT_PARENT, INHERITED_POLICY, UNKNOWN_PARENT = ACCEPT = ("root_parent", "inherited_policy", "unknown_parent")

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
# The same for one item of a list, where nothing means what is said for the list.
UPDATE_SECRET_OF_ONE = {key: value for key, value in UPDATE_SECRET.items() if key != "default"}


def arguments(kind: str) -> dict[str, t.Any]:
    """The options of one item of a kind, the same in minio_iam and in the module for one item."""
    own: dict[str, dict[str, t.Any]] = {
        POLICIES: {"document": {"type": "raw"}, "access": access.ARGUMENTS},
        USERS: {
            "secret": {"type": "str", "no_log": True},
            "enabled": {"type": "bool", "default": True},
            "policies": {"type": "list", "elements": "str"},
            "groups": {"type": "list", "elements": "str"},
            "update_secret": UPDATE_SECRET_OF_ONE,
        },
        GROUPS: {
            "members": {"type": "list", "elements": "str"},
            "policies": {"type": "list", "elements": "str"},
            "enabled": {"type": "bool", "default": True},
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
            "accept": {"type": "list", "elements": "str", "choices": list(ACCEPT), "default": []},
            "update_secret": UPDATE_SECRET_OF_ONE,
        },
    }
    return {"name": {"type": "str", "required": True}, **own[kind], "state": STATE}


def declared(kinds: t.Mapping[str, t.Iterable[Fields] | None]) -> Declared:
    """Items of each kind by name, checked as far as that is possible without a server."""
    made: Declared = {kind: {} for kind in WORDS}
    for kind, items in kinds.items():
        for item in items or ():
            name, where = item["name"], f"{WORDS[kind]} {item['name']}"
            if name in made[kind]:
                raise InvalidInputError(f"The {where} is declared twice")
            made[kind][name] = None if item["state"] == "absent" else READERS[kind](item, where)
    _refuse_contradictions(made)
    return made


def label(kind: str, name: str) -> str:
    return f"{WORDS[kind]} {name}"


def state(fields: Fields, secret: str | None) -> Fields:
    """Declared fields as reconcile() may see and show them, where ``secret`` is the one that is to be kept."""
    shown = {key: value for key, value in fields.items() if key not in ("accept", "update_secret")}
    return {**shown, "secret": None if secret is None else SECRET_AS_DECLARED}


def _policy(item: Fields, where: str) -> Fields:
    check_name(item["name"], where)
    document = _document(item, "document", where)
    if document is None:
        raise InvalidInputError(f"{where}: give its document or the access that it grants")
    return {"document": document}


def _user(item: Fields, where: str) -> Fields:
    check_user(item["name"], item["secret"], where)
    return {
        "secret": item["secret"],
        "enabled": item["enabled"],
        "policies": _names(item["policies"]),
        "groups": _names(item["groups"]),
        "update_secret": item["update_secret"],
    }


def _group(item: Fields, where: str) -> Fields:
    check_name(item["name"], where)
    return {
        "members": _names(item["members"]),
        "policies": _names(item["policies"]),
        "enabled": item["enabled"],
    }


def _service_account(item: Fields, where: str) -> Fields | None:
    check_service_account(item["name"], item["secret"], where)
    expires = moment(item["expires"], where)
    if expires != NEVER and expires <= datetime.datetime.now(datetime.UTC).isoformat():
        return None  # the server itself removes an account that has expired
    cleared = item["policy"] in ({}, "") and item["access"] is None
    document = None if cleared else _document(item, "policy", where)
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
        "policy": INHERITED if cleared else document,
        "display_name": item["display_name"],
        "description": item["description"],
        "expires": expires,
        "enabled": item["enabled"],
        "accept": item["accept"] or [],
        "update_secret": item["update_secret"],
    }


def _refuse_contradictions(made: Declared) -> None:
    """Who is in a group can be said of the group and of the user; said of both it must be the same."""
    users, groups = _given(made[USERS], "groups"), _given(made[GROUPS], "members")
    for name, named in users.items():
        for group in sorted(named & groups.keys()):
            if name not in groups[group]:
                raise InvalidInputError(f"The user {name} names the group {group}, whose members do not name it")
    for group, members in groups.items():
        for name in sorted(members & users.keys()):
            if group not in users[name]:
                raise InvalidInputError(f"The group {group} names the member {name}, whose groups do not name it")


def _given(items: t.Mapping[str, Fields | None], field: str) -> dict[str, set[str]]:
    """What the items name there, of those that say it."""
    return {name: set(fields[field]) for name, fields in items.items() if fields and fields[field] is not None}


def _names(names: list[str] | None) -> list[str] | None:
    return None if names is None else sorted(set(names))


def _document(item: Fields, field: str, where: str) -> policy.Document | None:
    if item[field] is not None and item["access"] is not None:
        raise InvalidInputError(f"{where}: give either {field} or access")
    if item["access"] == []:
        raise InvalidInputError(f"{where}: its access grants nothing")
    if item["access"] is not None:
        return access.document(item["access"], where)
    return None if item[field] is None else policy.parsed(item[field], where)


READERS: dict[str, t.Callable[[Fields, str], Fields | None]] = {
    POLICIES: _policy,
    USERS: _user,
    GROUPS: _group,
    SERVICE_ACCOUNTS: _service_account,
}
