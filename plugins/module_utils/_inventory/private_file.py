# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Files of secrets on the controller: for their owner alone, and never half-written."""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError

# A secret that begins with a dash is taken for an option by command lines; 40 of these are 238 bits.
ALPHABET = string.ascii_letters + string.digits
LENGTH = 40


def random_secret(length: int = LENGTH) -> str:
    return "".join(secrets.choice(ALPHABET) for _letter in range(length))


def refuse_shared(path: Path) -> None:
    """Raise StackError where somebody else on this machine can read the file."""
    if path.stat().st_mode & 0o077:
        raise StackError(
            f"{path} can be read by others on this machine: "
            f"`chmod 600 {path}`, and replace the secrets if somebody may have seen them"
        )


def replace(path: Path, text: str) -> None:
    """Write the file in one step; it is never readable by others and stays its owner's."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if path.exists():
            os.fchown(file.fileno(), path.stat().st_uid, path.stat().st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
