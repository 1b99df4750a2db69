# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The engine of minio_iam and of its single-item modules: read once, decide, write once."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identity import ALWAYS, Declared, Fields, label
from ansible_collections.repro.stack.plugins.module_utils._minio.identity_resources import KINDS, Identity
from ansible_collections.repro.stack.plugins.module_utils._minio.names import NEVER
from ansible_collections.repro.stack.plugins.module_utils._minio.refusals import protected, refuse
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    Outcome,
    State,
    reconcile,
    reconcile_each,
)

# The server's own bounds for the expiry of a service account.
EXPIRY_AT_LEAST, EXPIRY_AT_MOST = datetime.timedelta(minutes=15), datetime.timedelta(days=365)


def apply_all(admin: Admin, declared: Declared, *, update_secret: str, check_mode: bool) -> Outcome:
    """Bring every declared identity to its state; the outcome names only what differed."""
    stored = Identities(admin)
    refuse(stored, declared)
    resources, desired = _resources(stored, declared, update_secret)
    outcome = reconcile_each(resources, desired, check_mode=check_mode)
    return _finish(stored, resources, outcome, outcome.after or {}, check_mode=check_mode)


def apply_one(admin: Admin, declared: Declared, *, update_secret: str, check_mode: bool) -> Outcome:
    """The same for a single identity, whose whole state is told."""
    stored = Identities(admin)
    refuse(stored, declared)
    resources, desired = _resources(stored, declared, update_secret)
    name = next(iter(resources))
    outcome = reconcile(resources[name], desired[name], check_mode=check_mode)
    return _finish(stored, resources, outcome, {name: outcome.after} if outcome.changed else {}, check_mode=check_mode)


def _resources(
    stored: Identities, declared: Declared, update_secret: str
) -> tuple[dict[str, Identity], dict[str, State | None]]:
    resources: dict[str, Identity] = {}
    desired: dict[str, State | None] = {}
    for kind, items in declared.items():
        for name, fields in items.items():
            known, where = name in stored.of(KINDS[kind].file), label(kind, name)
            secret = (fields or {}).get("secret") if update_secret == ALWAYS or not known else None
            resources[where] = KINDS[kind](where, stored, name, secret)
            desired[where] = None if fields is None else _in_words(fields, secret)
    return resources, desired


def _in_words(fields: Fields, secret: str | None) -> State:
    """A declared state as reconcile() may see and show it."""
    return {**fields, "secret": SECRET_AS_DECLARED} if secret is not None else {**fields, "secret": None}


def _finish(
    stored: Identities,
    resources: t.Mapping[str, Identity],
    outcome: Outcome,
    written: t.Mapping[str, State | None],
    *,
    check_mode: bool,
) -> Outcome:
    """Look at what is about to be written, write it, and prove that the server kept it."""
    untouchable = protected(stored)
    for where, after in written.items():
        if where in untouchable:
            raise InvalidInputError(f"The {where} would change, but it makes this call: change it as somebody else")
        _check_expiry(where, (after or {}).get("expires", NEVER))
    if check_mode:
        return outcome
    stored.send()
    for where, after in written.items():
        if resources[where].read() != after:
            raise ServiceError(f"The {where} was written, but MinIO did not keep it as it was written")
    return outcome


def _check_expiry(where: str, expires: str) -> None:
    if expires == NEVER:
        return
    left = datetime.datetime.fromisoformat(expires) - datetime.datetime.now(datetime.UTC)
    if not EXPIRY_AT_LEAST < left < EXPIRY_AT_MOST:
        raise InvalidInputError(f"The {where} expires at {expires}: MinIO takes 15 minutes to 365 days from now")
