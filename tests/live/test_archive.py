"""The collection as it is published: built, installed elsewhere, and run by its name from a folder that is no clone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(sys.executable).parent / "ansible-galaxy"


def test_the_built_archive_runs_the_site(stack, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}

    def run(*command: str | Path) -> str:
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run(GALAXY, "collection", "build", ROOT, "--output-path", tmp_path)
    (archive,) = tmp_path.glob("repro-stack-*.tar.gz")
    # without --no-deps it would ask a collection server for what the ansible package has brought already
    run(GALAXY, "collection", "install", "--no-deps", "--collections-path", tmp_path, archive)
    assert stack.secrets_file.exists()
    names = {path.name for path in (tmp_path / "ansible_collections" / "repro" / "stack").rglob("*")}
    assert not names & {".git", ".venv", ".cache", stack.secrets_file.name}
    said = run(GALAXY.with_name("ansible-playbook"), "repro.stack.site", "-i", stack.inventory)
    assert "changed=0 " in said
