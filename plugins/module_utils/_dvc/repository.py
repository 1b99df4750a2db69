# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A Git repository with DVC in it: what `dvc init` makes, and files that are replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._command import Command, CommandError
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError

CONFIG, LOCAL = "config", "config.local"
IGNORED = f"/{LOCAL}"
# What `dvc init` writes, to the byte.
GITIGNORE = f"{IGNORED}\n/tmp\n/cache\n"
DVCIGNORE = """\
# Add patterns of files dvc should ignore, which could improve
# the performance. Learn more at
# https://dvc.org/doc/user-guide/dvcignore
"""


class Repository:
    """Refuses anything but the top of a Git repository, or a folder in one that has a .dvc of its own."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.dvc = self.path / ".dvc"
        if not self.path.is_dir():
            raise InvalidInputError(f"{path} is not a directory")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        # A repository is often somebody else's than the user's that Ansible runs as; nothing of it may be started.
        settings = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
        self._git = Command(
            "git", *settings, "-C", path, read_only=True, environment=environment | {"LC_ALL": "C.UTF-8"}
        )
        try:
            top = os.fsdecode(self._git.read("rev-parse", "--show-toplevel")).rstrip("\n")
        except CommandError as error:
            if not error.words:
                raise
            raise InvalidInputError(f"{path} is not in a Git repository: {error.words}") from error
        if self.dvc.exists() and not self.dvc.is_dir():
            raise StackError(f"{self.dvc} is not a directory")
        for path in (self.dvc, *(self.dvc / name for name in (CONFIG, LOCAL, ".gitignore", "tmp"))):
            if path.is_symlink():
                # where Ansible is root, it could lead to what the owner of the repository may not read or write
                raise StackError(f"{path} is a symbolic link, which is not followed: put a file or folder in its place")
        if not self.initialised and self.path.resolve() != Path(top).resolve():
            raise InvalidInputError(
                f"{path} is inside the Git repository {top} and has no .dvc: give that path, or run "
                "`dvc init --subdir` there once"
            )
        if not self.initialised and self.ignores(CONFIG):
            raise StackError(f"Git ignores {self.dvc}, so that nobody would get it: take it out of .gitignore")
        self._refuse_tracked()

    @property
    def initialised(self) -> bool:
        return self.dvc.is_dir()

    def ignores(self, name: str) -> bool:
        """Whether Git ignores this file of .dvc."""
        try:
            return bool(self._git.read("check-ignore", "--", f".dvc/{name}"))
        except CommandError as error:
            if error.words:
                raise
            return False  # it ends with 1 and says nothing

    def private(self) -> bool:
        """Whether config.local is closed to others; one that does not exist is."""
        local = self.dvc / LOCAL
        return not local.exists() or local.stat().st_mode & 0o777 == 0o600

    def initialise(self) -> None:
        """What `dvc init` does; only nothing is staged, for the index is its user's."""
        self._make(self.dvc)
        self.write(self.dvc / ".gitignore", GITIGNORE)
        if not (self.path / ".dvcignore").exists():
            self.write(self.path / ".dvcignore", DVCIGNORE)
        if not (self.dvc / CONFIG).exists():
            self.write(self.dvc / CONFIG, "")

    def ignore_local(self) -> None:
        """Add the line to what people wrote there."""
        file = self.dvc / ".gitignore"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.write(file, "\n".join([*lines, IGNORED, ""]) if lines else GITIGNORE)

    def write(self, path: Path, text: str, mode: int | None = None) -> None:
        """Replace the file in one step. It is its folder's owner's, and keeps its mode where none is given."""
        try:
            self._write(path, text, mode)
        except OSError as error:
            raise StackError(f"{path} cannot be written: {error.strerror}") from error

    def _write(self, path: Path, text: str, mode: int | None) -> None:
        # in DVC's own folder for such files, which Git ignores: what a killed run leaves there is never committed
        scratch = self.dvc / "tmp" / f"repro.stack.{path.name}.new"
        self._make(scratch.parent)
        scratch.unlink(missing_ok=True)
        if mode is None:
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            _give(file.fileno(), path.parent)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    def _make(self, directory: Path) -> None:
        if directory.is_dir():
            return
        try:
            directory.mkdir()
            _give(directory, directory.parent)
        except OSError as error:
            raise StackError(f"{directory} cannot be made: {error.strerror}") from error

    def _refuse_tracked(self) -> None:
        if self._git.read("ls-files", "--", f".dvc/{LOCAL}"):
            raise StackError(
                f"{self.dvc / LOCAL} is in Git, with the secrets in it: `git rm --cached .dvc/{LOCAL}`, commit, and "
                "issue new keys, since everybody with the repository has these"
            )


def _give(made: int | Path, folder: Path) -> None:
    """What root makes in somebody's repository is theirs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(made, owner.st_uid, owner.st_gid)
