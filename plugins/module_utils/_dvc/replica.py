# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What refs need, kept whole on one remote from where else it is: a promotion or a repair."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._dvc.needs import Needs
from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import digest_of, is_directory, md5_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.progress import Progress, side_by_side
from ansible_collections.repro.stack.plugins.module_utils._dvc.sources import Source
from ansible_collections.repro.stack.plugins.module_utils._dvc.store import Held, Store
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

WHOLE: State = {"missing": {}, "corrupt": {}}
NAMED = 5


class Replica(Resource):
    """``whole`` says that nothing is written unless all that is wrong can be put right."""

    def __init__(
        self,
        store: Store,
        needs: Needs,
        sources: t.Sequence[Source],
        *,
        whole: bool,
        verify: bool,
        jobs: int,
        progress: Progress,
    ) -> None:
        self._store = store
        self._needed = needs.objects
        self._unreadable = needs.unknown
        self._sources = sources
        self._whole = whole
        self._verify = verify
        self._jobs = jobs
        self._progress = progress
        self._verified: set[str] = set()
        self._from: dict[str, tuple[Source, str]] = {}
        self._lost: list[str] = []
        self.restored: list[dict[str, t.Any]] = []

    def read(self) -> State:
        held = self._store.some(self._needed)
        missing = [key for key in self._needed if key not in held]
        corrupt = self._corrupt(held)
        self._look_for([*missing, *corrupt], corrupt)
        return {
            "objects": len(self._needed),
            "bytes": sum(each.size for each in held.values()),
            "missing": self._named(missing),
            "corrupt": self._named(corrupt),
        }

    def update(self, changes: State) -> None:
        wanted = [key for key in self._from if key not in self._verified]
        self._progress.begin(f"copying to {self._store.remote.address}", len(wanted))
        # DVC takes all files of a directory for stored where its list is, so the list comes last.
        for directories in (False, True):
            keys = [key for key in wanted if is_directory(key) is directories]
            for key, found in side_by_side(self._restore, keys, self._jobs):
                self._progress.advance()
                if found != digest_of(key):
                    raise StackError(f"{self._store.address(key)} was written and holds what has the MD5 {found}")
                self._verified.add(key)
        self._refuse(f"{self._store.remote.address} still needs it; all else was put right")

    def _corrupt(self, held: t.Mapping[str, Held]) -> list[str]:
        if not self._verify:
            return [key for key in self._unreadable if key in held and key not in self._verified]
        unread = {key: each for key, each in held.items() if key not in self._verified}
        wrong = self._store.verify(unread)
        self._verified |= unread.keys() - wrong.keys()
        return list(wrong)

    def _look_for(self, keys: t.Sequence[str], corrupt: t.Collection[str]) -> None:
        """Find for each object a source that has it and has it right."""
        if not keys:
            return
        for source in self._sources:
            source.expect(keys)
        self._progress.begin("checking sources", len(keys))
        for key, (found, faults) in side_by_side(self._found, keys, self._jobs):
            self._progress.advance()
            if found:
                self._from[key] = found
            else:
                self._lost.append(f"{self._needed[key]} (MD5 {md5_of(key)}) is {' and '.join(faults)}")
            self.restored.append(
                {
                    "md5": md5_of(key),
                    "path": self._needed[key],
                    "was": "corrupt" if key in corrupt else "missing",
                    "source": found[0].name if found else "",
                }
            )
        self.restored.sort(key=lambda record: (record["path"], record["md5"]))
        if self._whole:
            self._refuse("nothing was copied")

    def _found(self, key: str) -> tuple[tuple[Source, str] | None, list[str]]:
        """The first source that can be used, or what is wrong in each."""
        faults: list[str] = []
        for source in self._sources:
            there = source.has(key)
            proof = source.proof(key) if there else None
            if proof:
                return (source, proof), []
            faults.append(f"{'corrupt' if there else 'missing'} {source.place}")
        return None, faults

    def _restore(self, key: str) -> str:
        source, proof = self._from[key]
        source.give(key, proof, self._store)
        return self._store.md5(key)[0]

    def _refuse(self, effect: str) -> None:
        if self._lost:
            more = f" and {len(self._lost) - NAMED} more like it" if len(self._lost) > NAMED else ""
            raise StackError(f"{'; '.join(self._lost[:NAMED])}{more}: {effect}")

    def _named(self, keys: t.Iterable[str]) -> dict[str, str]:
        return {md5_of(key): self._needed[key] for key in keys}
