# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Another program: an argv without a shell, secrets in its environment, its own last words."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError

# Lines of its last words that are shown, and how long one of them may be.
LINES = 8
LENGTH = 300


class CommandError(StackError):
    """The program refused: ``words`` are its last ones, without secrets."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class Command:
    """One program with its first arguments; ``read_only`` makes any write a bug that stops the run.

    Secrets belong in ``environment``, which only the program's own user can read; every process of the machine sees the
    arguments. ``secrets`` are what must not be in an error.
    """

    def __init__(
        self,
        program: str,
        *arguments: str,
        read_only: bool,
        environment: t.Mapping[str, str] | None = None,
        secrets: t.Iterable[str] = (),
        timeout: float = 600.0,
    ) -> None:
        self._argv = [program, *arguments]
        self._read_only = read_only
        self._environment = dict(os.environ if environment is None else environment)
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._timeout = timeout

    def read(self, *arguments: str, given: bytes = b"") -> bytes:
        """What the program prints, given ``given`` on its standard input."""
        return self._run(arguments, given)

    def write(self, *arguments: str, given: bytes = b"") -> bytes:
        """The same for a call that changes what others see."""
        if self._read_only:
            raise AssertionError(f"BUG: {' '.join([*self._argv, *arguments])} in check mode")
        return self._run(arguments, given)

    def _run(self, arguments: t.Sequence[str], given: bytes) -> bytes:
        argv = [*self._argv, *arguments]
        called = f"{self._argv[0]} {arguments[0]}"
        try:
            process = subprocess.Popen(
                argv,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # nothing can ask at a terminal, and its children end with it
            )
        except FileNotFoundError as error:
            raise CommandError(f"The program {argv[0]} is not installed on {platform.node()}") from error
        with process:
            try:
                printed, errors = process.communicate(given, timeout=self._timeout)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                raise CommandError(f"{called} did not end within {self._timeout:.0f} s and was stopped") from error
        if process.returncode != 0:
            words = self._last_words(errors)
            raise CommandError(f"{called} ended with {process.returncode}: {words or 'it said nothing'}", words)
        return printed

    def _last_words(self, errors: bytes) -> str:
        text = errors.decode(errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "********")
        lines = [line.strip()[:LENGTH] for line in text.replace("\r", "\n").splitlines() if line.strip()]
        return "; ".join(lines[-LINES:])
