# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A list of buckets, and what becomes of those that are not on it."""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import (
    bucket,
    bucket_documents,
    notification,
    tags,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket import Bucket
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import Store
from ansible_collections.repro.stack.plugins.module_utils._minio.ownership import MANAGED, NONE, check_manager
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, State, reconcile, reconcile_each

Declared = dict[str, "State | None"]


def declared(items: t.Iterable[t.Mapping[str, t.Any]], flavour: str, manager: str | None) -> Declared:
    """The desired state of each bucket by name; a manager is written on those that shall be."""
    if manager is not None:
        check_manager(manager)
    made: Declared = {}
    for item in items:
        if item["name"] in made:
            raise InvalidInputError(f"The bucket {item['name']} is declared twice")
        state = bucket.declared(item, flavour)
        made[item["name"]] = state if state is None or manager is None else {**state, "manager": manager}
    return made


def apply_all(
    store: Store,
    wanted: Declared,
    *,
    forced: t.Collection[str],
    purge: str,
    manager: str | None,
    force: bool,
    check_mode: bool,
) -> Outcome:
    """Bring every declared bucket to its state and remove what ``purge`` finds; the outcome names what differed."""
    _refuse_unknown_targets(store, wanted)
    resources = {name: Bucket(store, name, state, force=name in forced) for name, state in wanted.items()}
    for name in _undeclared(store, wanted, purge, manager, force=force):
        resources[name], wanted = Bucket(store, name, None, force=force), {**wanted, name: None}
    return reconcile_each(resources, wanted, check_mode=check_mode)


def apply_one(store: Store, name: str, wanted: State | None, *, force: bool, check_mode: bool) -> Outcome:
    """The same for a single bucket, whose whole state is told."""
    _refuse_unknown_targets(store, {name: wanted})
    return reconcile(Bucket(store, name, wanted, force=force), wanted, check_mode=check_mode)


def _undeclared(store: Store, wanted: Declared, purge: str, manager: str | None, *, force: bool) -> list[str]:
    """What ``purge`` removes: nothing at all where a bucket still holds something, unless it is forced."""
    if purge == NONE:
        return []
    ours = {manager} if purge == MANAGED else {manager, None}
    tagging = store.documents.every(bucket_documents.TAGGING)
    marks = {name: tags.found(document).get(tags.MANAGER) for name, document in sorted(tagging.items())}
    gone = [name for name, mark in marks.items() if name not in wanted and mark in ours]
    if not force:
        with ThreadPoolExecutor(max_workers=8) as pool:
            empty = pool.map(lambda name: Bucket(store, name, None).is_empty(), gone)
        full = [name for name, is_empty in zip(gone, empty, strict=True) if not is_empty]
        if full:
            raise InvalidInputError(
                f"These buckets are to be purged and are not empty: {', '.join(full)}; declare them, empty them, "
                "or purge with force, until then nothing is changed"
            )
    return gone


def _refuse_unknown_targets(store: Store, wanted: Declared) -> None:
    declared_targets = {
        name: state["notification"] for name, state in wanted.items() if state and state.get("notification")
    }
    if store.admin is None or not declared_targets:
        return
    known = json.loads(store.admin.call("GET", "info")).get("sqsARN") or ()
    for name, notifications in declared_targets.items():
        notification.refuse_unknown(notifications, known, f"bucket {name}")
