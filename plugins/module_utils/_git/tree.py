# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The files of a commit, as data that travels in a module's option."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import io
import tarfile
import typing as t
import zlib
from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

ORDINARY, EXECUTABLE, LINK = "100644", "100755", "120000"


@dataclass(frozen=True)
class File:
    mode: str
    content: bytes

    @property
    def state(self) -> str:
        """Mode and object id, as git ls-tree tells them of a commit."""
        blob = b"blob %d\0" % len(self.content) + self.content
        return f"{self.mode} {hashlib.sha1(blob).hexdigest()}"  # noqa: S324 - how Git names an object


class Tree(dict[str, File]):
    """Files by their paths."""

    def state(self) -> dict[str, str]:
        return {path: self[path].state for path in sorted(self)}

    def pack(self) -> str:
        """A compressed tar archive in base64; the same files always give the same text."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, file in sorted(self.items()):
                member = tarfile.TarInfo(path)
                if file.mode == LINK:
                    member.type, member.linkname = tarfile.SYMTYPE, file.content.decode()
                    archive.addfile(member)
                else:
                    member.mode, member.size = int(file.mode[-3:], 8), len(file.content)
                    archive.addfile(member, io.BytesIO(file.content))
        return base64.b64encode(gzip.compress(packed.getvalue(), mtime=0)).decode()


def unpack(text: str) -> Tree:
    tree = Tree()
    try:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text, validate=True))) as archive:
            for member in archive:
                if member.issym():
                    tree[_checked(member.name)] = File(LINK, member.linkname.encode())
                elif member.isfile():
                    mode = EXECUTABLE if member.mode & 0o111 else ORDINARY
                    tree[_checked(member.name)] = File(mode, _content(archive, member))
                elif not member.isdir():
                    raise InvalidInputError(f"archive: {member.name} is neither a file nor a symbolic link")
    except (binascii.Error, tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise InvalidInputError(f"archive is not a tar archive in base64: {error}") from error
    if not tree:
        raise InvalidInputError("archive holds no file: nothing would be left of the repository")
    return tree


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    with t.cast("io.BufferedReader", archive.extractfile(member)) as file:
        return file.read()


def _checked(path: str) -> str:
    """Git refuses such a path too, but in a clone, where it is too late."""
    path = path.removeprefix("./")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
        raise InvalidInputError(f"archive: {path!r} cannot be the path of a file in a repository")
    return path
