# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Whose things are kept, and what becomes of those that nobody declares."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

NONE, MANAGED, ALL = CHOICES = ("none", "managed", "all")
ARGUMENTS: dict[str, t.Any] = {
    "purge": {"type": "str", "choices": list(CHOICES), "default": NONE},
    "manager": {"type": "str"},
}
MANAGER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_manager(name: str) -> None:
    """The word under which it is recorded what is ours becomes a part of a policy's name."""
    if not MANAGER.fullmatch(name):
        raise InvalidInputError(f"The manager {name} is not a word of letters, digits, dots, dashes and underscores")
