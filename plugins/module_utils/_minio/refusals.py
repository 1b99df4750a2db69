# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Declarations that would do harm or fail half-way, refused before anything is written."""

from __future__ import annotations

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio import identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identity import (
    POLICIES,
    SERVICE_ACCOUNTS,
    USERS,
    Declared,
    Fields,
    label,
)

BUILT_IN = ("consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly")


def protected(stored: Identities) -> set[str]:
    """Who makes this call, and its parent."""
    account = stored.of(identities.SERVICE_ACCOUNTS).get(stored.caller)
    if account is None:
        return {label(USERS, stored.caller)}
    return {label(SERVICE_ACCOUNTS, stored.caller), label(USERS, account["parent"])}


def refuse(stored: Identities, declared: Declared) -> None:
    """Raise InvalidInputError for the first thing in ``declared`` that cannot or must not be done."""
    policies = _after(stored, declared, identities.POLICIES, POLICIES)
    users = _after(stored, declared, identities.USERS, USERS)
    for name, fields in declared[POLICIES].items():
        if fields is None:
            _refuse_loss_of_policy(stored, declared, name)
    for name, fields in declared[USERS].items():
        _refuse_foreign_key(stored, declared, name, USERS, identities.SERVICE_ACCOUNTS, SERVICE_ACCOUNTS)
        if fields is None:
            _refuse_loss_of_parent(stored, declared, name)
        else:
            _refuse_user(stored, name, fields, policies)
    for name, fields in declared[SERVICE_ACCOUNTS].items():
        _refuse_foreign_key(stored, declared, name, SERVICE_ACCOUNTS, identities.USERS, USERS)
        if fields is not None:
            _refuse_service_account(stored, name, fields, users)


def _refuse_foreign_key(
    stored: Identities, declared: Declared, name: str, kind: str, other_file: str, other_kind: str
) -> None:
    where = label(kind, name)
    if name == _root(stored):
        raise InvalidInputError(f"The {where} has the name of the server's root, which is never touched")
    if name in stored.of(other_file) or declared[other_kind].get(name):
        raise InvalidInputError(f"The {where} cannot be: its access key belongs to the {label(other_kind, name)}")


def _refuse_user(stored: Identities, name: str, fields: Fields, policies: set[str]) -> None:
    if name not in stored.of(identities.USERS) and fields["secret"] is None:
        raise InvalidInputError(f"The {label(USERS, name)} does not exist yet: give the secret that it shall have")
    for attached in fields["policies"] or ():
        if attached not in policies:
            raise InvalidInputError(f"The {label(USERS, name)} shall have the policy {attached}, which does not exist")


def _refuse_service_account(stored: Identities, name: str, fields: Fields, users: set[str]) -> None:
    where, current = label(SERVICE_ACCOUNTS, name), stored.of(identities.SERVICE_ACCOUNTS).get(name)
    if current is None and (fields["secret"] is None or fields["parent"] is None):
        missing = "parent" if fields["parent"] is None else "secret"
        raise InvalidInputError(f"The {where} does not exist yet: give its {missing}")
    if fields["policy"] is None and not ((current or {}).get("sessionPolicy") or {}).get("Statement"):
        raise InvalidInputError(f"The {where} would inherit all that its parent may do: give its policy or access")
    parent = current["parent"] if current else fields["parent"]
    if parent not in users:
        raise InvalidInputError(
            f"The {where} has the parent {parent}, which is not a user: an account of root is an administrator, "
            "and one of nobody is of no use; create that user, or remove the account first"
        )


def _refuse_loss_of_policy(stored: Identities, declared: Declared, name: str) -> None:
    if name in BUILT_IN:
        raise InvalidInputError(f"The {label(POLICIES, name)} is built in and cannot be removed")
    for user, mapping in stored.of(identities.USER_POLICIES).items():
        fields = declared[USERS].get(user, {})
        attached = (fields or {}).get("policies")
        if fields is not None and name in (mapping["policy"].split(",") if attached is None else attached):
            raise InvalidInputError(f"The {label(POLICIES, name)} is attached to the user {user}: it cannot be removed")
    for group, mapping in stored.of(identities.GROUP_POLICIES).items():
        if name in mapping["policy"].split(","):
            raise InvalidInputError(
                f"The {label(POLICIES, name)} is attached to the group {group}: it cannot be removed"
            )


def _refuse_loss_of_parent(stored: Identities, declared: Declared, name: str) -> None:
    left = _after(stored, declared, identities.SERVICE_ACCOUNTS, SERVICE_ACCOUNTS)
    entries = stored.of(identities.SERVICE_ACCOUNTS)
    children = sorted(key for key in left if (entries.get(key) or {}).get("parent") == name)
    if children:
        raise InvalidInputError(
            f"The {label(USERS, name)} cannot be removed: MinIO would remove its service accounts {', '.join(children)}"
        )


def _after(stored: Identities, declared: Declared, file: str, kind: str) -> set[str]:
    """The names of a kind when the declared state has been reached."""
    gone = {name for name, fields in declared[kind].items() if fields is None}
    return (set(stored.of(file)) | set(declared[kind])) - gone


def _root(stored: Identities) -> str | None:
    """Root is in no export: it is the caller where the caller is nobody else."""
    known = stored.caller in stored.of(identities.USERS) or stored.caller in stored.of(identities.SERVICE_ACCOUNTS)
    return None if known else stored.caller
