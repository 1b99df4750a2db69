"""Another program's run: no shell, no secret in an error, no write in check mode, and it ends when it must."""

from __future__ import annotations

import os
import sys
import time

import pytest
from ansible_collections.repro.stack.plugins.module_utils._command import Command, CommandError

SECRET = "s3cret-word"


def python(**options):
    return Command(sys.executable, **{"read_only": True, **options})


def test_arguments_and_input_arrive_as_they_are():
    said = python().read(
        "-c", "import sys; print(sys.argv[1:], sys.stdin.read())", "$HOME; `id`", "", given=b"\xc3\xb6"
    )
    assert said.decode() == "['$HOME; `id`', ''] ö\n"


def test_a_failure_shows_the_last_words_and_no_secret():
    program = "import os, sys; print('first', file=sys.stderr); sys.exit('refused ' + os.environ['PASSWORD'])"
    environment = {**os.environ, "PASSWORD": SECRET}
    with pytest.raises(CommandError, match=r"ended with 1: first; refused \*{8}$") as failure:
        python(environment=environment, secrets=[SECRET, "s3cret"]).read("-c", program)
    assert SECRET not in str(failure.value) and failure.value.words == "first; refused ********"
    with pytest.raises(CommandError, match="ended with 3: it said nothing"):
        python().read("-c", "raise SystemExit(3)")


def test_long_words_are_cut():
    with pytest.raises(CommandError) as failure:
        python().read("-c", "import sys; [print('x' * 5000, file=sys.stderr) for _ in range(100)]; sys.exit(1)")
    assert len(str(failure.value)) < 3000


def test_a_write_in_check_mode_is_a_bug():
    with pytest.raises(AssertionError, match="in check mode"):
        python().write("-c", "open('/dev/null')")
    assert python(read_only=False).write("-c", "print(1)") == b"1\n"


def test_a_program_that_hangs_is_stopped_with_its_children():
    started = time.monotonic()
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    with pytest.raises(CommandError, match="did not end within 2 s and was stopped"):
        python(timeout=2).read("-c", program)
    assert time.monotonic() - started < 30


def test_a_missing_program_is_said_with_its_host():
    with pytest.raises(CommandError, match=r"The program no-such-program is not installed on .+"):
        Command("no-such-program", read_only=True).read("--version")
