# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The two ways to keep a remote whole: a ref's objects promoted to it, and its own repaired."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import Clone
from ansible_collections.repro.stack.plugins.module_utils._dvc.inventory import scopes_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.needs import Directories, Needs, needs_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import md5_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.progress import Progress
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import find_remote
from ansible_collections.repro.stack.plugins.module_utils._dvc.replica import NAMED, WHOLE, Replica
from ansible_collections.repro.stack.plugins.module_utils._dvc.sources import CACHE, Cache, Source, StoredCopy
from ansible_collections.repro.stack.plugins.module_utils._dvc.store import Store
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, reconcile

Given = t.Mapping[str, t.Any]
Told = list[dict[str, t.Any]]


def promote(given: Given, copied: Told, *, check_mode: bool) -> Outcome:
    """Bring to the destination what the ref needs; ``copied`` gets what that is."""
    clone, progress = Clone(given["path"]), Progress(given["progress_file"])
    source = _store(clone, given["source"], given, progress, read_only=True)
    destination = _store(clone, given["destination"], given, progress, read_only=check_mode)
    if source.remote.same_place(destination.remote):
        raise InvalidInputError(f"{given['source']} and {given['destination']} are both {source.remote.address}")
    [reference] = clone.references([given["ref"]], (), given["source"])
    what = f"{clone.path} at {given['ref']}"
    if reference.without_hash:
        paths = ", ".join(reference.without_hash)
        raise StackError(
            f"{what} has outputs without a hash ({paths}): commit what dvc repro or dvc commit writes first"
        )
    origin = StoredCopy(source)
    needs = needs_of([reference], Directories([origin, Cache(clone.cache_directory)]))
    if not needs.objects:
        raise StackError(f"{what} needs no object of {source.remote.address}: there is nothing to promote")
    for key, path in needs.unknown.items():
        raise StackError(
            f"The list of the directory {path} (MD5 {md5_of(key)}) is missing or corrupt on {source.remote.address}: "
            "nothing was copied"
        )
    return _kept_whole(destination, needs, [origin], given, progress, copied, whole=True, check_mode=check_mode)


def repair(given: Given, restored: Told, *, check_mode: bool) -> Outcome:
    """Bring back what refs need from where else it is; ``restored`` gets what that is."""
    clone, progress = Clone(given["path"]), Progress(given["progress_file"])
    damaged = _store(clone, given["remote"], given, progress, read_only=check_mode)
    sources: list[Source] = []
    for name in given["sources"]:
        if name == CACHE:
            sources.append(Cache(clone.cache_directory))
            continue
        store = _store(clone, name, given, progress, read_only=True)
        if store.remote.same_place(damaged.remote):
            raise InvalidInputError(f"{name} is {store.remote.address} itself, which is to be repaired")
        sources.append(StoredCopy(store))
    scopes = scopes_of(given["refs"], given["scopes"])
    references = clone.references(given["refs"], scopes, damaged.remote.name)
    needs = needs_of(references, Directories([*sources, StoredCopy(damaged)]))
    return _kept_whole(damaged, needs, sources, given, progress, restored, whole=False, check_mode=check_mode)


def _store(clone: Clone, name: str | None, given: Given, progress: Progress, *, read_only: bool) -> Store:
    return Store(find_remote(clone, name, given), read_only=read_only, jobs=given["jobs"], progress=progress)


def _kept_whole(
    store: Store,
    needs: Needs,
    sources: t.Sequence[Source],
    given: Given,
    progress: Progress,
    told: Told,
    *,
    whole: bool,
    check_mode: bool,
) -> Outcome:
    replica = Replica(store, needs, sources, whole=whole, verify=given["verify"], jobs=given["jobs"], progress=progress)
    outcome = reconcile(replica, WHOLE, check_mode=check_mode)
    left = [path for kind in WHOLE for path in (outcome.after or {})[kind].values()]
    if left:
        raise StackError(f"{store.remote.address} changed meanwhile and lacks {', '.join(left[:NAMED])}")
    told += replica.restored
    return outcome
