# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Declarations that would do harm or fail half-way, refused before anything is written."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import record
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import (
    GROUPS,
    INHERITED,
    INHERITED_POLICY,
    POLICIES,
    ROOT_PARENT,
    SERVICE_ACCOUNTS,
    UNKNOWN_PARENT,
    USERS,
    WORDS,
    Declared,
    Fields,
    label,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity_resources import KINDS
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.needs import (
    after,
    caller_and_parent,
    reasons_to_stay,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.record import Records
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.service_account import has_policy, is_whole


def refuse(stored: Identities, declared: Declared, records: Records) -> None:
    """Raise InvalidInputError for the first thing in ``declared`` that cannot or must not be done."""
    _refuse_removals(stored, declared)
    policies, users, groups = (after(stored, declared, kind) for kind in (POLICIES, USERS, GROUPS))
    for name, fields in declared[POLICIES].items():
        if fields is not None and name.startswith(record.PREFIX):
            raise InvalidInputError(f"The {label(POLICIES, name)} has the name of a record of what is managed")
    for name, fields in declared[USERS].items():
        _refuse_foreign_key(stored, declared, name, USERS, SERVICE_ACCOUNTS)
        if fields is not None:
            _refuse_user(stored, name, fields)
            _refuse_unknown(label(USERS, name), "policy", fields["policies"], policies)
            _refuse_unknown(label(USERS, name), "group", fields["groups"], groups)
    for name, fields in declared[GROUPS].items():
        if fields is not None:
            _refuse_unknown(label(GROUPS, name), "member", fields["members"], users)
            _refuse_unknown(label(GROUPS, name), "policy", fields["policies"], policies)
            _refuse_lockout(stored, name, fields)
    for name, fields in declared[SERVICE_ACCOUNTS].items():
        _refuse_foreign_key(stored, declared, name, SERVICE_ACCOUNTS, USERS)
        if fields is not None:
            _refuse_service_account(stored, records, name, fields, users)


def _refuse_removals(stored: Identities, declared: Declared) -> None:
    for kind in WORDS:
        there = stored.of(KINDS[kind].file)
        gone = [name for name, fields in declared[kind].items() if fields is None and name in there]
        reasons = reasons_to_stay(stored, declared, kind) if gone else {}
        for name in gone:
            if name in reasons:
                raise InvalidInputError(f"The {label(kind, name)} cannot be removed: {reasons[name]}")


def _refuse_foreign_key(stored: Identities, declared: Declared, name: str, kind: str, other: str) -> None:
    where = label(kind, name)
    if name == _root(stored):
        raise InvalidInputError(f"The {where} has the name of the server's root, which is never touched")
    if name in stored.of(KINDS[other].file) or declared[other].get(name):
        raise InvalidInputError(f"The {where} cannot be: its access key belongs to the {label(other, name)}")


def _refuse_user(stored: Identities, name: str, fields: Fields) -> None:
    if name not in stored.of(KINDS[USERS].file) and fields["secret"] is None:
        raise InvalidInputError(f"The {label(USERS, name)} does not exist yet: give the secret that it shall have")


def _refuse_unknown(where: str, word: str, names: t.Iterable[str] | None, known: t.Collection[str]) -> None:
    for name in names or ():
        if name not in known:
            raise InvalidInputError(f"The {where} shall have the {word} {name}, which does not exist")


def _refuse_lockout(stored: Identities, name: str, fields: Fields) -> None:
    """A member of a disabled group is denied everything."""
    members = fields["members"]
    if members is None:
        members = stored.of(KINDS[GROUPS].file).get(name, {}).get("members") or ()
    if not fields["enabled"] and set(caller_and_parent(stored)) & set(members):
        raise InvalidInputError(f"The {label(GROUPS, name)} cannot be disabled: who makes this call is a member of it")


def _refuse_service_account(
    stored: Identities, records: Records, name: str, fields: Fields, users: t.Collection[str]
) -> None:
    where, current = label(SERVICE_ACCOUNTS, name), stored.of(KINDS[SERVICE_ACCOUNTS].file).get(name)
    if not is_whole(current) and fields["secret"] is None:
        raise InvalidInputError(f"The {where} does not exist yet: give its secret")
    if current is None and fields["parent"] is None:
        raise InvalidInputError(f"The {where} does not exist yet: give its parent")
    parent = fields["parent"] or t.cast(Fields, current)["parent"]
    if current is not None and parent != current["parent"] and not records.ours(SERVICE_ACCOUNTS, name):
        raise InvalidInputError(
            f"The {where} cannot be: its access key belongs to an account of {current['parent']} and not of {parent}; "
            "remove that one first, or choose another name"
        )
    inherits = fields["policy"] == INHERITED or (fields["policy"] is None and not (current and has_policy(current)))
    if inherits and INHERITED_POLICY not in fields["accept"]:
        raise InvalidInputError(
            f"The {where} would inherit all that its parent may do: give its policy or access, or accept "
            f"{INHERITED_POLICY}"
        )
    if parent not in users:
        _refuse_parent(stored, where, parent, fields["accept"])


def _refuse_parent(stored: Identities, where: str, parent: str, accepted: t.Collection[str]) -> None:
    """Root is no user in an export: only the server knows whether a name is root's or nobody's."""
    is_root = bool({ROOT_PARENT, UNKNOWN_PARENT} & set(accepted)) and stored.exists(parent)
    if (ROOT_PARENT if is_root else UNKNOWN_PARENT) in accepted:
        return
    raise InvalidInputError(
        f"The {where} has the parent {parent}, which is not a user: an account of root is an administrator, and one of "
        "nobody is of no use; create that user, or remove the account first, or accept "
        f"{ROOT_PARENT if is_root else f'{ROOT_PARENT} or {UNKNOWN_PARENT}'}"
    )


def _root(stored: Identities) -> str | None:
    """Root is in no export: it is the caller where the caller is nobody else."""
    known = (stored.of(KINDS[kind].file) for kind in (USERS, SERVICE_ACCOUNTS))
    return None if any(stored.caller in names for names in known) else stored.caller
