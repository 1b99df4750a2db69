# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The variables of one host, worked out one at a time and only where somebody asks."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import (
    Option,
    checked,
    misspelt,
    unknown,
)

# One prefix of another role: `stack_name` belongs to all of them.
COMMON_PREFIX = "stack_"


class Variables:
    """``declared`` holds the variables as written, templates included; ``evaluate(name)`` works one out.

    ``options`` is what all roles of the collection take, ``internal`` what they define themselves. A value that the
    roles' defaults already gave is not worked out again, since that may mean reading whole build contexts.
    """

    def __init__(
        self,
        declared: t.Mapping[str, t.Any],
        evaluate: t.Callable[[str], t.Any],
        options: t.Mapping[str, Option],
        internal: t.Collection[str] = (),
    ) -> None:
        self.declared = declared
        self.options = options
        self._evaluate = evaluate
        self._internal = internal
        self._values: dict[str, t.Any] = {}
        self._refused: dict[str, list[str]] = {}

    def value(self, name: str) -> t.Any:
        """The variable with the defaults of its inner options; None where it is not set or was found wrong."""
        if name not in self._values:
            self._values[name], problems = self._read(name)
            if problems:
                self._refused[name] = problems
        return self._values[name]

    def items(self, name: str) -> list[dict[str, t.Any]]:
        """The entries of a list of named things; empty where the list is not set or was found wrong."""
        value = self.value(name) or []
        if not self.refused(name):
            wrong = [
                f"{name}[{index}] lacks a name"
                for index, item in enumerate(value)
                if not isinstance(item, dict) or not isinstance(item.get("name"), str)
            ]
            if wrong:
                self._values[name], self._refused[name] = None, wrong
        return self._values[name] or []

    def is_default(self, name: str) -> bool:
        """Whether the variable is what argument_specs say that it is by default, template for template."""
        if name not in self.declared:
            return True
        written, default = self.declared[name], self.options.get(name, {}).get("default")
        return default is not None and isinstance(written, type(default)) and written == default

    def refused(self, name: str) -> bool:
        """Whether a sentence about the variable's value was found already."""
        return name in self._refused

    def wrong_names(
        self, prefixes: t.Collection[str], required: t.Collection[str], written: t.Collection[str]
    ) -> list[str]:
        """Sentences on variables that nobody knows and on those that are missing.

        A name without a role's prefix may be anybody's. It is taken for a misspelling only where it is ``written`` in
        the inventory itself, and nearly that of an option which has its default.
        """
        ours = (*(f"{prefix}_" for prefix in prefixes), COMMON_PREFIX)
        unset = [name for name in self.options if self.is_default(name)]
        problems = []
        for name in sorted(self.declared):
            if name in self.options or name in self._internal:
                continue
            if name.startswith(ours):
                problems.append(f"{name} {unknown(name, self.options)}")
            elif name in written and not name.startswith("_") and (meant := misspelt(name, unset)):
                problems.append(f"{name} is not known; did you mean {meant}?")
        return problems + [f"{name} is missing" for name in sorted(required) if name not in self.declared]

    def wrong_values(self) -> list[str]:
        """Sentences on the values that the inventory gives, and on those that were asked for."""
        for name in self.options:
            if not self.is_default(name):
                self.value(name)
        return [problem for name in sorted(self._refused) for problem in self._refused[name]]

    def _read(self, name: str) -> tuple[t.Any, list[str]]:
        option = self.options.get(name)
        if name in self.declared:
            try:
                value = self._evaluate(name)
            except StackError as error:
                return None, [f"{name} cannot be worked out: {error}"]
        else:
            value = (option or {}).get("default")
            if value is None or "{{" in str(value):
                return None, []
        if option is None:
            return value, []
        value, problems = checked(name, option, value)
        return (None if problems else value), problems
