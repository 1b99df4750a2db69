# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A DVC repository on this machine: what its refs refer to, read with DVC's own library."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import ALGORITHM, OLD_ALGORITHM, key_of
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._module import library

WORKSPACE = "workspace"
# A fresh clone has one branch of its own and knows the others as those of its remote.
REFS = {
    "branches": ("refs/heads/", "refs/remotes/"),
    "tags": ("refs/tags/",),
    "experiments": ("refs/exps/",),
}
SCOPES = (WORKSPACE, *REFS, "commits")
USUAL_SCOPES = (WORKSPACE, "branches", "tags")


@contextlib.contextmanager
def _given_to_its_owner(directory: Path) -> t.Iterator[None]:
    """What DVC makes on its first look, or its owner could not use DVC there after root did."""
    made = [path for path in (directory / "tmp", directory / "tmp" / "btime") if not path.exists()]
    yield
    owner = directory.stat()
    for path in made:
        if path.exists() and path.stat().st_uid != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@dataclass(frozen=True)
class Output:
    """One output of a stage or of dvc add; ``elsewhere`` says that dvc push never brings it to the remote."""

    path: str
    key: str
    elsewhere: bool = False


@dataclass(frozen=True)
class Reference:
    """The workspace or a commit: under which names it goes and what it refers to."""

    names: tuple[str, ...]
    commit: str
    outputs: tuple[Output, ...]
    without_hash: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names or (self.commit,)


class Clone:
    """A repository at ``path``. DVC keeps its own temporary files there and nothing else is written."""

    def __init__(self, path: str) -> None:
        self.path = path
        if not Path(path, ".dvc").is_dir():
            raise InvalidInputError(f"{path} is not a DVC repository: there is no directory .dvc in it")
        package = library("dvc.repo", "dvc")
        # A repository is often somebody else's than the user's that Ansible runs as; nothing of it is started.
        library("pygit2", "dvc").settings.owner_validation = False
        with self._told("cannot be opened by DVC"), _given_to_its_owner(Path(path, ".dvc")):
            self._repo = package.Repo(path)
            # DVC forgets it with every ref that it looks at, and an old commit knows nothing of today's remotes.
            self.config: t.Mapping[str, t.Any] = self._repo.config
            self.cache_directory: str = self._repo.cache.local_cache_dir

    @property
    def remotes(self) -> list[str]:
        return sorted(self.config["remote"])

    @property
    def shallow(self) -> bool:
        """Whether commits are missing here that the repository has."""
        with self._told("is not a Git repository"):
            return bool(self._repo.scm.dulwich.repo.get_shallow())

    def references(
        self, names: t.Sequence[str], scopes: t.Collection[str], remote: str | None = None
    ) -> t.Iterator[Reference]:
        """What is named, each commit once; ``remote`` is where outputs are that name no remote of their own."""
        if WORKSPACE in scopes or WORKSPACE in names:
            with self._told(f"cannot be read in its {WORKSPACE}"), self._repo.switch(WORKSPACE):
                yield self._reference((WORKSPACE,), "", remote)
        without_dvc = library("dvc.exceptions", "dvc").NotDvcRepoError
        for commit, called in self._commits(names, scopes).items():
            with self._told(f"cannot be read at {' '.join(called) or commit}"):
                try:
                    with self._repo.switch(commit):
                        reference = self._reference(tuple(called), commit, remote)
                except without_dvc:
                    # a scope may reach back to before the folder of the repository was made
                    if {*called} & {*names}:
                        raise
                    reference = Reference(tuple(called), commit, ())
            yield reference

    def _reference(self, names: tuple[str, ...], commit: str, remote: str | None) -> Reference:
        outputs: list[Output] = []
        without_hash: list[str] = []
        for each in self._repo.index.outs:
            if not each.use_cache or each.stage.is_repo_import:
                continue
            path = "/".join(each.index_key[1])
            if not each.hash_info:
                without_hash.append(path)
            elif each.hash_info.name in (ALGORITHM, OLD_ALGORITHM):
                elsewhere = not each.can_push or (each.remote or remote) != remote
                outputs.append(Output(path, key_of(each.hash_info.name, each.hash_info.value), elsewhere))
        outputs.sort(key=lambda each: each.path)
        return Reference(names, commit, tuple(outputs), tuple(sorted(without_hash)))

    def _commits(self, names: t.Sequence[str], scopes: t.Collection[str]) -> dict[str, list[str]]:
        """The commits that are meant, each with the names that mean it."""
        found: dict[str, list[str]] = {}
        for name in names:
            if name != WORKSPACE:
                found.setdefault(self._commit(name), []).append(name)
        for base in (base for scope in scopes for base in REFS.get(scope, ())):
            with self._told("is not a Git repository"):
                refs = sorted(self._repo.scm.iter_refs(base))
            for ref in refs:
                name = ref.removeprefix(base)
                if not name.endswith("/HEAD"):
                    called = found.setdefault(self._commit(ref), [])
                    called.extend([] if name in called else [name])
        if "commits" in scopes:
            with self._told("cannot be read as a Git repository"):
                for commit in self._repo.scm.list_all_commits():
                    found.setdefault(commit, [])
        return found

    def _commit(self, name: str) -> str:
        scm, exceptions = library("dvc.scm", "dvc"), library("scmrepo.exceptions", "dvc")
        with self._told("is not a Git repository"):
            git = self._repo.scm
            try:
                return t.cast(str, scm.resolve_rev(git, name))
            except (scm.RevError, exceptions.RevError) as error:
                raise InvalidInputError(f"{self.path} has no commit, branch or tag {name}") from error

    @contextlib.contextmanager
    def _told(self, what: str) -> t.Iterator[None]:
        """Says in one sentence what DVC or Git says."""
        dvc, git = library("dvc.exceptions", "dvc"), library("scmrepo.exceptions", "dvc")
        try:
            yield
        except (dvc.DvcException, git.SCMError, PermissionError) as error:
            reason = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
            raise StackError(f"{self.path} {what}: {reason}") from error
