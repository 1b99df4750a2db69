"""Lock the packages and make the project a Git repository with a first commit; say what could not be done.

A slug that is the name of one of the packages is refused here, where the pins are at hand; nothing is left of it.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SLUG = json.loads(r""" {{ cookiecutter.slug | tojson }} """)
AUTHOR = json.loads(r""" {{ cookiecutter.author | tojson }} """)
VERSION = json.loads(r""" {{ cookiecutter._version | tojson }} """)
FORGE = json.loads(r""" {{ cookiecutter._git_forge | tojson }} """)
# A project that is started by a hook of another repository must not end up in that one.
OF_ANOTHER = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER}
UV = os.environ.get("UV") or shutil.which("uv")


def run(*argv: str) -> str | None:
    """What went wrong, in a line; None where nothing did."""
    try:
        done = subprocess.run(argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        return f"{argv[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"{argv[0]} ended with {done.returncode}"


def configured(name: str) -> bool:
    return run("git", "config", name) is None


def person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has a number and no name
        return f"user{os.getuid()}"


def lock() -> str | None:
    problem = run(UV, "lock", "--quiet") if UV else "uv is not installed"
    return problem and f"uv.lock was not made ({problem}): run `uv lock`, then commit uv.lock."


def commit() -> str | None:
    name, _, address = AUTHOR.partition("<")
    name, address, user = name.strip(), address.strip(" >"), []
    if name or not configured("user.name"):
        user += ["-c", f"user.name={name or person()}"]
    if address or not configured("user.email"):
        user += ["-c", f"user.email={address or person() + '@localhost'}"]
    message = f"Start {SLUG} from cookiecutter-ds-project {VERSION}"
    problem = (
        run("git", "init", "--quiet", "--initial-branch", "main")
        or run("git", "add", "--all")
        or run("git", *user, "commit", "--quiet", "--message", message)
    )
    return problem and f"There is no first commit ({problem}): run `git init -b main`, `git add .`, `git commit`."


# An index knows no difference between - and _.
pins = re.findall(r'^ +"([a-z0-9-]+)==', Path("pyproject.toml").read_text(), re.MULTILINE)
if re.sub("_+", "-", SLUG) in pins:
    reason = "it is the name of a package that the project uses itself"
    sys.exit(f"The slug {SLUG!r} cannot be used: {reason}. Start again with another slug.")

problems = [problem for problem in (lock(), commit()) if problem]
print(*problems, sep="\n", end="\n" if problems else "")
print(f"""
{SLUG} is ready. Next:
  cd {SLUG}
  make key FILE=<the key file you were given>
  make hooks
  make data features train eval""")
if FORGE:
    print(f"  git remote add origin {FORGE.rstrip('/')}/<owner>/{SLUG}.git && git push -u origin main")
