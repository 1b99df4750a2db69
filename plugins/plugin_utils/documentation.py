# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Documentation of options that occur alone in one module and in a list in another."""

from __future__ import annotations

from textwrap import indent


def listed(name: str, description: str, *items: str, more: str = "") -> str:
    """The option ``name``, a list whose items have the options ``items``; ``more`` lines say more of it."""
    head = f"{name}:\n  description: {description}\n  type: list\n  elements: dict\n{indent(more, '  ')}  suboptions:\n"
    return head + "".join(indent(each, "    ") for each in items)


def options(*texts: str) -> str:
    """What a class of documentation fragments holds."""
    return "options:\n" + "".join(indent(each, "  ") for each in texts)
