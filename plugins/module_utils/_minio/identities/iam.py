# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The engine of minio_iam and of its single-item modules: read once, decide, write once."""

from __future__ import annotations

import datetime
import secrets
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identity
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.exported import Identity
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import (
    ALWAYS,
    SERVICE_ACCOUNTS,
    USERS,
    Declared,
    label,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity_resources import KINDS, Group
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.needs import caller_and_parent
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.purge import Purge, Purged, purged
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.record import Records
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.recovery import exported
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.refusals import refuse
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.service_account import is_whole
from ansible_collections.repro.stack.plugins.module_utils._minio.names import NEVER
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, State, reconcile

# The server's own bounds for the expiry of a service account.
EXPIRY_AT_LEAST, EXPIRY_AT_MOST = datetime.timedelta(minutes=15), datetime.timedelta(days=365)
# 40 characters, the most that the server takes.
GENERATED_BYTES = 30


def apply_all(
    admin: Admin, declare: t.Callable[[], tuple[Declared, Purge]], *, update_secret: str, check_mode: bool
) -> tuple[Outcome, Purged]:
    """Bring every declared identity to its state and remove what is to go; the outcome names only what differed."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        reading = pool.submit(Identities, admin)  # the server takes as long to export as this to look at a long list
        declared, purge = declare()
    stored = exported(admin, declared[SERVICE_ACCOUNTS], purge.manager, read=reading.result)
    records = Records(stored, purge.manager)
    whole = purged(stored, records, declared, purge)
    refuse(stored, whole.declared, records)
    resources, desired = _resources(stored, whole.declared, update_secret)
    outcome = _reconciled(resources, desired)
    written = outcome.after or {}
    _check(stored, written)
    outcome = records.shown(outcome, whole.recorded)
    if outcome.changed and not check_mode:
        records.grow(whole.recorded)
        stored.send()
        records.write(whole.recorded)
        _prove(stored, resources, written)
    return outcome, whole


def apply_one(admin: Admin, declared: Declared, *, check_mode: bool) -> Outcome:
    """The same for a single identity, whose whole state is told."""
    return _apply_one(exported(admin, declared[SERVICE_ACCOUNTS]), declared, check_mode=check_mode)


def apply_account(admin: Admin, declared: Declared, *, rotate: bool, check_mode: bool) -> tuple[Outcome, str | None]:
    """The same for a service account, with the secret that was generated where one is needed and none is given."""
    stored = exported(admin, declared[SERVICE_ACCOUNTS])
    name, fields = next(iter(declared[SERVICE_ACCOUNTS].items()))
    generated = None
    if fields is not None and (rotate or not _known(stored, SERVICE_ACCOUNTS, name)):
        generated = secrets.token_urlsafe(GENERATED_BYTES) if fields["secret"] is None else None
        fields = {**fields, "secret": generated or fields["secret"], "update_secret": ALWAYS}
    outcome = _apply_one(stored, {**declared, SERVICE_ACCOUNTS: {name: fields}}, check_mode=check_mode)
    return outcome, None if check_mode else generated


def _apply_one(stored: Identities, declared: Declared, *, check_mode: bool) -> Outcome:
    refuse(stored, declared, Records(stored, None))
    resources, desired = _resources(stored, declared, ALWAYS)
    where, resource = next(iter(resources.items()))
    outcome = _collected(resource, desired[where])
    if outcome.changed:
        _check(stored, {where: outcome.after})
    if outcome.changed and not check_mode:
        stored.send()
        _prove(stored, resources, {where: outcome.after})
    return outcome


def _resources(
    stored: Identities, declared: Declared, update_secret: str
) -> tuple[dict[str, Identity], dict[str, State | None]]:
    resources: dict[str, Identity] = {}
    desired: dict[str, State | None] = {}
    for kind, items in declared.items():
        for name, fields in items.items():
            where, given = identity.label(kind, name), fields or {}
            secret = given.get("secret")
            if (given.get("update_secret") or update_secret) != ALWAYS and _known(stored, kind, name):
                secret = None
            resources[where] = KINDS[kind](where, stored, name, secret)
            desired[where] = None if fields is None else identity.state(fields, secret)
    return resources, desired


def _collected(resource: Identity, wanted: State | None) -> Outcome:
    """Also in check mode: nothing is written before it is sent, and what one changes another may have to see."""
    return reconcile(resource, wanted, check_mode=False)


def _reconciled(resources: t.Mapping[str, Identity], desired: t.Mapping[str, State | None]) -> Outcome:
    """One after the other, groups before the users in them; what does not differ is forgotten at once."""
    before: dict[str, State | None] = {}
    for where in sorted(desired, key=lambda where: not isinstance(resources[where], Group)):
        outcome = _collected(resources[where], desired[where])
        if outcome.changed:
            before[where] = outcome.before
    # Read when all is collected: users enter and leave groups.
    found = {where: before[where] for where in desired if where in before}
    return Outcome(found, {where: resources[where].read() for where in found}, changed=bool(found))


def _known(stored: Identities, kind: str, name: str) -> bool:
    """Whether it is there, with a secret of its own if it has one."""
    entry = stored.of(KINDS[kind].file).get(name)
    return is_whole(entry) if kind == SERVICE_ACCOUNTS else entry is not None


def _check(stored: Identities, written: t.Mapping[str, State | None]) -> None:
    """Look at what is about to be written."""
    callers = {label(kind, name) for name in caller_and_parent(stored) for kind in (USERS, SERVICE_ACCOUNTS)}
    for where, wanted in written.items():
        if where in callers:
            raise InvalidInputError(f"The {where} would change, but it makes this call: change it as somebody else")
        _check_expiry(where, (wanted or {}).get("expires", NEVER))


def _check_expiry(where: str, expires: str) -> None:
    if expires == NEVER:
        return
    left = datetime.datetime.fromisoformat(expires) - datetime.datetime.now(datetime.UTC)
    if not EXPIRY_AT_LEAST < left < EXPIRY_AT_MOST:
        raise InvalidInputError(f"The {where} expires at {expires}: MinIO takes 15 minutes to 365 days from now")


def _prove(stored: Identities, resources: t.Mapping[str, Identity], written: t.Mapping[str, State | None]) -> None:
    """Read again: an import is silent about much of what it does not keep."""
    stored.load()
    for where, wanted in written.items():
        if resources[where].read() != wanted:
            raise ServiceError(f"The {where} was written, but MinIO did not keep it as it was written")
