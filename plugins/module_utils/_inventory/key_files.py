# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A folder on the controller with a file for each key, in the form that AWS clients read."""

from __future__ import annotations

import configparser
import hmac
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.private_file import (
    random_secret,
    refuse_shared,
    replace,
)
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import unknown
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Outcome,
    Resource,
    State,
    reconcile_each,
)

# No name of a key begins with a dot.
IGNORE = ".gitignore"
SECRET = "aws_secret_access_key"  # noqa: S105 - the name of a field

Access = t.Iterable[t.Mapping[str, t.Any]]


@dataclass(frozen=True)
class KeyFolder:
    """``endpoint`` and ``region`` are what the owner of a key needs to reach the store."""

    path: Path
    stack: str
    endpoint: str
    region: str

    def keep(
        self,
        keys: t.Mapping[str, Access],
        *,
        reissue: t.Collection[str],
        users: t.Callable[[], t.Collection[str]],
        check_mode: bool,
    ) -> tuple[Outcome, list[str]]:
        """Bring the folder to one file for each key, and tell which keys were given a new secret.

        A key without a file whose user exists was handed over and is left alone; ``users`` tells which exist, and is
        called only where a file is missing. What this stack wrote for a key that is not wanted any more goes.
        """
        for name in reissue:
            if name not in keys:
                raise InvalidInputError(f"The key {name} cannot be issued again: it {unknown(name, keys)}")
        self._refuse_open()
        missing = {name for name in keys if not (self.path / name).exists()} - set(reissue)
        handed_over = missing & set(users()) if missing else set()
        issued = sorted((missing - handed_over) | set(reissue))
        desired: dict[str, State | None] = {name: None for name in self._written() if name not in keys}
        for name, access in keys.items():
            if name not in handed_over:
                secret = SECRET_AS_DECLARED if name in issued else None
                desired[name] = {"lines": self._lines(name, access), "secret": secret}
        files: dict[str, Resource] = {
            name: KeyFile(self.path / name, random_secret() if name in issued else None) for name in desired
        }
        if any(desired.values()):
            files[IGNORE], desired[IGNORE] = IgnoreFile(self.path / IGNORE), {}
        return reconcile_each(files, desired, check_mode=check_mode), issued

    def _refuse_open(self) -> None:
        if self.path.is_dir() and self.path.stat().st_mode & 0o077:
            raise StackError(f"{self.path} is open to others on this machine: `chmod 700 {self.path}`")

    @property
    def _mark(self) -> str:
        return f"# A key of {self.stack}, written by repro.stack. Hand it over, then remove it here."

    def _lines(self, name: str, access: Access) -> list[str]:
        return [
            self._mark,
            "# To use it: AWS_SHARED_CREDENTIALS_FILE=<path of this file>",
            *(f"# {_words(grant):<12} s3://{grant['bucket']}/{grant['prefix']}" for grant in access),
            "[default]",
            f"aws_access_key_id = {name}",
            f"endpoint_url = {self.endpoint}",
            f"region = {self.region}",
        ]

    def _written(self) -> list[str]:
        """Names of the files that this stack wrote."""
        if not self.path.is_dir():
            return []
        files = sorted(path for path in self.path.iterdir() if path.is_file())
        return [path.name for path in files if path.read_text(errors="replace").startswith(self._mark)]


def secrets(folder: Path, names: t.Iterable[str]) -> dict[str, str]:
    """The secrets of those keys that have a file."""
    found = {name: KeyFile(folder / name).secret() for name in names}
    return {name: secret for name, secret in found.items() if secret is not None}


class KeyFile(Resource):
    """State: {"lines": all but the secret}, and a word on the secret where a new one is given."""

    def __init__(self, path: Path, new_secret: str | None = None) -> None:
        self._path = path
        self._new_secret = new_secret

    def secret(self) -> str | None:
        """The key's secret, or None where there is no file."""
        if not self._path.exists():
            return None
        refuse_shared(self._path)
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self._path.read_text(errors="replace"))
            section = dict(parser["default"])
        except (configparser.Error, KeyError):
            section = {}
        if section.get("aws_access_key_id") != self._path.name or not section.get(SECRET):
            raise StackError(f"{self._path} does not hold the key {self._path.name}: move it away")
        return section[SECRET]

    def read(self) -> State | None:
        secret = self.secret()
        if secret is None:
            return None
        content = [line for line in self._path.read_text().splitlines() if not line.startswith(SECRET)]
        if self._new_secret is None:
            return {"lines": content}
        same = hmac.compare_digest(secret, self._new_secret)
        return {"lines": content, "secret": SECRET_AS_DECLARED if same else SECRET_DIFFERS}

    def create(self, desired: State) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(desired["lines"])

    def update(self, changes: State) -> None:
        self._write(changes.get("lines") or (self.read() or {})["lines"])

    def delete(self) -> None:
        self._path.unlink()

    def _write(self, content: list[str]) -> None:
        replace(self._path, "\n".join([*content, f"{SECRET} = {self._new_secret or self.secret()}", ""]))


class IgnoreFile(Resource):
    """Keeps the folder out of Git, where it is in a repository. State: {}, whatever somebody wrote into the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State | None:
        return {} if self._path.exists() else None

    def create(self, desired: State) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._path, "*\n")


def _words(grant: t.Mapping[str, t.Any]) -> str:
    return f"{grant['mode']}, delete" if grant.get("delete") else str(grant["mode"])
