# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A bare repository on this machine that a web server gives out as plain files."""

from __future__ import annotations

import contextlib
import shutil
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._command import Command, CommandError
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._git.remote import git
from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

READABLE_FILE, READABLE_DIRECTORY = 0o444, 0o555
NOT_BROKEN = ("dubious ownership", "Permission denied")
# What a repository is told by, also one that git cannot read any more.
PARTS = ("HEAD", "objects", "refs")
SERVED: State = {
    "place": "a directory",
    "head": "the branch",
    "lists": "as they must be",
    "permissions": "readable by everybody",
}


class StaticRepository:
    """A client of plain files needs the lists that ``git update-server-info`` writes, and files that it may read."""

    def __init__(self, path: str, branch: str, *, read_only: bool) -> None:
        self._path = Path(path)
        self._head = f"ref: refs/heads/{branch}"
        self._branch = branch
        self._read_only = read_only

    def exists(self) -> bool:
        """False where nothing is there; an error where something else is, or where a web server need not follow."""
        if self._path.parent.is_symlink():
            raise StackError(
                f"{self._path.parent} is a link, which the web server need not follow: put a directory in its place; "
                "nothing was changed"
            )
        if not self._path.exists():
            return False
        if self._path.is_dir() and any((self._path / part).exists() for part in PARTS):
            return True
        if self._path.is_dir() and not any(self._path.iterdir()):
            return False
        raise StackError(f"{self._path} is there and is not a Git repository; nothing was changed")

    def broken(self) -> bool:
        """Whether it is the repository's own fault that git cannot read it, and not the disk's or its owner's."""
        try:
            self._git(self._path).read("fsck", "--no-dangling", "--no-progress")
        except CommandError as error:
            return not any(words in error.words for words in NOT_BROKEN)
        return False

    def state(self) -> State:
        """How it is served; each word that is not in SERVED is something to repair."""
        head = self._text("HEAD").strip()
        listed = [name for name, text in self._lists().items() if self._text(name) != text]
        closed = [path for path in (self._path.parent, self._path, *self._path.rglob("*")) if not _open(path)]
        return {
            "place": f"a link to {self._path.readlink()}" if self._path.is_symlink() else SERVED["place"],
            "head": SERVED["head"] if head == self._head else head,
            "lists": f"wrong: {', '.join(listed)}" if listed else SERVED["lists"],
            "permissions": f"{len(closed)} closed files and directories" if closed else SERVED["permissions"],
        }

    def serve(self) -> None:
        if self._path.is_symlink():
            self._replace_link()
        self._complete(self._path)
        _open_up(self._path.parent)

    def _replace_link(self) -> None:
        """A web server need not follow it: what it leads to stays, and a copy of that takes its place."""
        new = self._new()
        shutil.copytree(self._path, new, symlinks=True)
        self._path.unlink()
        new.replace(self._path)

    def _complete(self, path: Path) -> None:
        command = self._git(path)
        command.write("symbolic-ref", "HEAD", self._head.removeprefix("ref: "))
        command.write("update-server-info", "--force")
        for each in (path, *path.rglob("*")):
            _open_up(each)

    @contextlib.contextmanager
    def made_anew(self) -> t.Iterator[str]:
        """A repository to push into, which takes its place in one step; what git cannot read there is set aside."""
        for each in reversed(self._path.parents):
            if not each.exists():
                each.mkdir()
                each.chmod(0o755)  # whatever the umask
        new = self._new()
        self._git(new).write("init", "--quiet", "--bare", "--shared=0644", f"--initial-branch={self._branch}")
        yield str(new)
        self._complete(new)
        if self.exists() or self._path.is_symlink():
            taken = len(list(self._path.parent.glob(f"{self._path.name}.unreadable-*")))
            self._path.rename(self._path.with_name(f"{self._path.name}.unreadable-{taken + 1}"))
        new.replace(self._path)
        _open_up(self._path.parent)

    def _new(self) -> Path:
        new = self._path.with_name(f".{self._path.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        return new

    def _lists(self) -> dict[str, str]:
        """The files that ``git update-server-info`` would write."""
        form = "%(objectname)%09%(refname)%(if)%(*objectname)%(then)%0a%(*objectname)%09%(refname)^{}%(end)"
        refs = self._git(self._path).read("for-each-ref", f"--format={form}").decode()
        found = {"info/refs": refs}
        packs = sorted(path.name for path in (self._path / "objects" / "pack").glob("pack-*.pack"))
        if packs:
            # the order of several packs is git's own
            written = self._text("objects/info/packs")
            lines = [f"P {name}" for name in packs]
            same = sorted(line for line in written.splitlines() if line) == lines
            found["objects/info/packs"] = written if same else "\n".join(lines)
        return found

    def _text(self, name: str) -> str:
        try:
            return (self._path / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def _git(self, path: Path) -> Command:
        return git(f"--git-dir={path}", read_only=self._read_only)


def _open(path: Path) -> bool:
    wanted = READABLE_DIRECTORY if path.is_dir() else READABLE_FILE
    return path.is_symlink() or path.stat().st_mode & wanted == wanted


def _open_up(path: Path) -> None:
    if not _open(path):
        path.chmod(path.stat().st_mode | (READABLE_DIRECTORY if path.is_dir() else READABLE_FILE))
