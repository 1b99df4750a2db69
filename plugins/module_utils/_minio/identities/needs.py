# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Why an identity cannot be removed, given what else is declared to come and go."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identities, record
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.exported import attached
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import (
    GROUPS,
    POLICIES,
    SERVICE_ACCOUNTS,
    USERS,
    Declared,
    Fields,
    label,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity_resources import KINDS

Reasons = dict[str, str]

BUILT_IN_POLICIES = ("consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly")
BUILT_IN = "it is built in"
RECORD = "it records what is managed"
CALLER = "it makes this call"
SOME = 5


def after(stored: Identities, declared: Declared, kind: str) -> dict[str, Fields]:
    """What there is of a kind once the declared state has been reached, with the fields that are declared of it."""
    there: dict[str, Fields] = {name: {} for name in stored.of(KINDS[kind].file)}
    for name, fields in declared[kind].items():
        if fields is None:
            there.pop(name, None)
        else:
            there[name] = fields
    return there


def reasons_to_stay(stored: Identities, declared: Declared, kind: str) -> Reasons:
    """Names of a kind that cannot be removed, each with the reason."""
    reasons: dict[str, t.Callable[[Identities, Declared], Reasons]] = {
        POLICIES: _policies,
        USERS: _users,
        GROUPS: _groups,
        SERVICE_ACCOUNTS: lambda stored, declared: {stored.caller: CALLER},
    }
    return reasons[kind](stored, declared)


def caller_and_parent(stored: Identities) -> tuple[str, ...]:
    """Who makes this call, and whose rights bound it where that is a service account."""
    account = stored.of(identities.SERVICE_ACCOUNTS).get(stored.caller)
    return (stored.caller,) if account is None else (stored.caller, account["parent"])


def _policies(stored: Identities, declared: Declared) -> Reasons:
    records = {name: RECORD for name in stored.of(identities.POLICIES) if name.startswith(record.PREFIX)}
    used: Reasons = {}
    for kind, mappings in ((USERS, identities.USER_POLICIES), (GROUPS, identities.GROUP_POLICIES)):
        for holder, fields in after(stored, declared, kind).items():
            wanted = fields.get("policies")
            for name in attached(stored, mappings, holder) if wanted is None else wanted:
                used.setdefault(name, f"it is attached to the {label(kind, holder)}")
    return {**used, **records, **dict.fromkeys(BUILT_IN_POLICIES, BUILT_IN)}


def _users(stored: Identities, declared: Declared) -> Reasons:
    there, children = stored.of(identities.SERVICE_ACCOUNTS), {}
    for name, fields in sorted(after(stored, declared, SERVICE_ACCOUNTS).items()):
        parent = fields.get("parent") or there.get(name, {}).get("parent")
        children.setdefault(parent, []).append(name)
    reasons = {parent: f"MinIO would remove its service accounts {_some(names)}" for parent, names in children.items()}
    return {**reasons, **dict.fromkeys(caller_and_parent(stored), CALLER)}


def _some(names: list[str]) -> str:
    more = len(names) - SOME
    return ", ".join(names[:SOME]) + (f" and {more} more" if more > 0 else "")


def _groups(stored: Identities, declared: Declared) -> Reasons:
    """Who makes the call may have the right to do so from a group."""
    used = {
        group: f"the {label(USERS, name)} is declared to be in it"
        for name, fields in declared[USERS].items()
        for group in (fields and fields["groups"]) or ()
    }
    callers = {
        group: "who makes this call is a member of it"
        for name in caller_and_parent(stored)
        for group in stored.groups_of(name)
    }
    return {**used, **callers}
