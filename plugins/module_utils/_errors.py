# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What may go wrong in a way that the user can act on: one sentence, no traceback."""

from __future__ import annotations

import typing as t


class StackError(Exception):
    """A sentence for the user that names what is wrong and where. Everything else is a bug and keeps its traceback.

    ``found`` is what the module returns beside it.
    """

    found: t.Mapping[str, t.Any] = {}


class ImmutableFieldError(StackError):
    """A declared value differs from one that the service fixes at creation."""


class InvalidInputError(StackError):
    """What the user declared cannot work, whatever the state of the service."""


class MissingLibraryError(StackError):
    """A Python library that the module needs is not installed for the interpreter that runs it."""


class UnexpectedPermissionsError(StackError):
    """A key may do what it must not, or may not do what it must."""

    def __init__(self, message: str, found: t.Mapping[str, t.Any]) -> None:
        super().__init__(message)
        self.found = found


class ServiceError(StackError):
    """The service refused a request: ``status`` is HTTP's (0: no answer), ``code`` the service's own word."""

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
