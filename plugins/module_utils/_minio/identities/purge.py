# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What goes although nobody declares it absent, and what is kept in spite of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import (
    GROUPS,
    POLICIES,
    SERVICE_ACCOUNTS,
    USERS,
    Declared,
    label,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity_resources import KINDS
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.needs import (
    BUILT_IN,
    RECORD,
    after,
    reasons_to_stay,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.record import Names, Records
from ansible_collections.repro.stack.plugins.module_utils._minio.ownership import MANAGED, NONE, check_manager

# What uses something is decided before what it uses.
ORDER = (SERVICE_ACCOUNTS, GROUPS, USERS, POLICIES)
# What can never go: no news for a run that purges all.
BY_NATURE = {RECORD, BUILT_IN}


@dataclass(frozen=True)
class Purge:
    """What is asked for. Only the kinds whose list was given are looked at: a list that is left out is left alone."""

    mode: str = NONE
    manager: str | None = None
    kinds: t.Collection[str] = ()


def asked(options: t.Mapping[str, t.Any], kinds: t.Collection[str]) -> Purge:
    """What the options of ownership ask for, where lists of these kinds were given."""
    if options["manager"] is not None:
        check_manager(options["manager"])
    return Purge(options["purge"], options["manager"], kinds)


@dataclass(frozen=True)
class Purged:
    """The declaration with what goes as absent; what is kept and why; what the record will be."""

    declared: Declared
    kept: dict[str, str]
    surprises: dict[str, str]
    recorded: Names


def purged(stored: Identities, records: Records, declared: Declared, purge: Purge) -> Purged:
    """Decide what goes. The manager's record holds what is declared and what of it is still there, purged or not."""
    whole = {kind: dict(items) for kind, items in declared.items()}
    kept: dict[str, str] = {}
    surprises: dict[str, str] = {}
    recorded: Names = {}
    for kind in ORDER:
        there, shared = stored.of(KINDS[kind].file), set()
        candidates = _candidates(there, records, declared, purge, kind)
        reasons = reasons_to_stay(stored, whole, kind) if candidates else {}
        for name in candidates:
            where, manager = label(kind, name), records.other_manager(kind, name)
            if manager is not None:
                shared.add(name)
                kept[where] = f"the manager {manager} keeps it"
            elif name not in reasons:
                whole[kind][name] = None
            else:
                kept[where] = reasons[name]
                if reasons[name] not in BY_NATURE:
                    surprises[where] = reasons[name]
        present = {name for name, fields in declared[kind].items() if fields is not None}
        recorded[kind] = present | (records.names[kind] & after(stored, whole, kind).keys()) - shared
    return Purged(whole, kept, surprises, recorded)


def _candidates(there: t.Collection[str], records: Records, declared: Declared, purge: Purge, kind: str) -> list[str]:
    if purge.mode == NONE or kind not in purge.kinds:
        return []
    names = records.names[kind] if purge.mode == MANAGED else there
    return sorted(name for name in names if name in there and name not in declared[kind])
