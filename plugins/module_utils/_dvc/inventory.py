# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What refs need of a remote and what it has: what is missing, corrupt, or needed by nobody."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import USUAL_SCOPES, Clone, Reference
from ansible_collections.repro.stack.plugins.module_utils._dvc.needs import Directories, Needs, needs_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import md5_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.progress import Progress
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import find_remote
from ansible_collections.repro.stack.plugins.module_utils._dvc.sources import Cache, StoredCopy
from ansible_collections.repro.stack.plugins.module_utils._dvc.store import Held, Store
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

Record = dict[str, t.Any]


def take(given: t.Mapping[str, t.Any]) -> Record:
    """All that dvc_remote_info returns."""
    progress = Progress(given["progress_file"])
    progress.begin("reading refs")
    clone = Clone(given["path"])
    remote = find_remote(clone, given["remote"], given)
    references = list(clone.references(given["refs"], scopes_of(given["refs"], given["scopes"]), remote.name))
    store = Store(remote, read_only=True, jobs=given["jobs"], progress=progress)
    own = Directories([Cache(clone.cache_directory), StoredCopy(store)])
    progress.begin("reading directories")
    needs = needs_of(references, own)
    held = store.all(old=True) if given["gc"] else store.some(needs.objects)
    stored = {key: held[key] for key in needs.objects if key in held}
    corrupt = store.verify(stored) if given["verify"] else {}
    found = compare(references, own, held, corrupt)
    found["remote"] = {
        "name": remote.name,
        "url": remote.address,
        "endpoint": remote.connection.endpoint,
        "objects": len(stored),
        "bytes": sum(each.size for each in stored.values()),
    }
    if given["gc"]:
        _refuse_shallow(clone)
        kept = {clone.path: needs_of(references, own, elsewhere=True)}
        for path in given["repositories"]:
            kept[path] = _needs_of_another(path, given["scopes"] or USUAL_SCOPES, store)
        found["gc"] = garbage(held, kept)
    return found


def scopes_of(refs: t.Sequence[str], scopes: t.Sequence[str] | None) -> t.Sequence[str]:
    """Refs that are named are meant alone, unless scopes are named too."""
    if scopes is None:
        return () if refs else USUAL_SCOPES
    return scopes


def compare(
    references: t.Iterable[Reference],
    directories: Directories,
    held: t.Mapping[str, Held],
    corrupt: t.Mapping[str, str],
) -> Record:
    """For each ref how much it needs, and of what is wrong who needs it. Only one ref at a time is held in memory."""
    told: list[Record] = []
    wrong: dict[str, dict[str, Record]] = {"missing": {}, "corrupt": {}, "unknown": {}}
    for reference in references:
        needs = needs_of([reference], directories)
        fine = [key for key in needs.objects if key in held]
        at_fault = {
            "missing": {key: path for key, path in needs.objects.items() if key not in held},
            "corrupt": {key: needs.objects[key] for key in fine if key in corrupt},
            "unknown": needs.unknown,
        }
        for kind, keys in at_fault.items():
            for key, path in keys.items():
                record = wrong[kind].setdefault(key, {"md5": md5_of(key), "path": path, "refs": []})
                record["refs"] += reference.labels
        told.append(
            {
                "names": list(reference.names),
                "commit": reference.commit,
                "objects": len(needs.objects),
                "bytes": sum(held[key].size for key in fine),
                "without_hash": list(reference.without_hash),
                **{kind: len(keys) for kind, keys in at_fault.items()},
            }
        )
    for key, record in wrong["corrupt"].items():
        record["found"] = corrupt[key]
    in_order = {
        kind: sorted(found.values(), key=lambda record: (record["path"], record["md5"]))
        for kind, found in wrong.items()
    }
    return {"refs": told, **in_order}


def garbage(held: t.Mapping[str, Held], kept: t.Mapping[str, Needs]) -> Record:
    """What no ref of any repository needs; nothing where it is not known what all of them need."""
    blocked = [
        f"{repository}: nobody has the list of {path} (MD5 {md5_of(key)})"
        for repository, needs in kept.items()
        for key, path in needs.unknown.items()
    ]
    needed = [needs.objects for needs in kept.values()]
    free = [] if blocked else sorted(key for key in held if not any(key in objects for objects in needed))
    return {
        "objects": len(free),
        "bytes": sum(held[key].size for key in free),
        "md5": [md5_of(key) for key in free],
        "blocked_by": blocked,
    }


def _needs_of_another(path: str, scopes: t.Collection[str], store: Store) -> Needs:
    clone = Clone(path)
    _refuse_shallow(clone)
    directories = Directories([Cache(clone.cache_directory), StoredCopy(store)])
    return needs_of(clone.references((), scopes), directories, elsewhere=True)


def _refuse_shallow(clone: Clone) -> None:
    if clone.shallow:
        raise InvalidInputError(
            f"{clone.path} is a shallow clone and does not know all that its repository needs: git fetch --unshallow"
        )
