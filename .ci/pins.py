"""Pin every package of the projects that ship here, direct or not, at what resolves today; `make lock` runs this."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = (
    ROOT / "roles/cookiecutter_publish/files/cookiecutter-ds-project/{{cookiecutter.slug}}/pyproject.toml",
    ROOT / "examples/dvc-lab/pyproject.toml",
)
PINS = re.compile(r"(?<=^constraint-dependencies = \[\n)(?:.*?)(?=^\]$)", re.MULTILINE | re.DOTALL)


def as_a_project(text: str) -> str:
    """The file as a new project has it, without its pins."""
    return PINS.sub("", re.sub(r"\{\{[^}]*\}\}", "project", text))


def pinned(text: str) -> str:
    """The file with the pins of today."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "pyproject.toml"
        project.write_text(as_a_project(text))
        content = tomllib.loads(project.read_text())
        groups = [part for name in content.get("dependency-groups", {}) for part in ("--group", f"{project}:{name}")]
        lowest = content["project"]["requires-python"].removeprefix(">=")
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", lowest, *groups]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url"]
        command += [str(project)] if content["project"]["dependencies"] else []
        resolved = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder).stdout
    return PINS.sub(lambda _: "".join(f'    "{line}",\n' for line in resolved.splitlines()), text)


def main() -> None:
    for file in FILES:
        file.write_text(pinned(file.read_text()))


if __name__ == "__main__":
    sys.exit(main())
