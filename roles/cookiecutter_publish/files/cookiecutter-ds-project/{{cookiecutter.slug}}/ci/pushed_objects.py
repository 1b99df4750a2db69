"""Refuse a push of commits whose data is not on the DVC remote. Git's pre-push hook gives the refs on standard input."""

from __future__ import annotations

import logging
import subprocess
import sys

from botocore.exceptions import BotoCoreError, ClientError
from dvc.exceptions import DvcException
from dvc.repo import Repo


def is_here(commit: str) -> bool:
    return subprocess.run(["git", "cat-file", "-e", commit], stderr=subprocess.DEVNULL).returncode == 0


def pushed_commits(remote: str, lines: list[str]) -> list[str]:
    """What the push adds to that Git remote, oldest first."""
    moves = [(local, there) for _, local, _, there in map(str.split, lines) if set(local) != {"0"}]
    if not moves:
        return []
    new = [local for local, _ in moves]
    known = [there for _, there in moves if set(there) != {"0"} and is_here(there)]
    command = ["git", "rev-list", "--reverse", *new, "--not", f"--remotes={remote}", *known]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def absent(repo: Repo, commit: str) -> tuple[set[str], set[str]]:
    """Names of objects of a commit that the remote lacks: those that could be pushed, and those that are nowhere."""
    here, nowhere = set(), set()
    with repo.switch(commit):
        for odb, objects in repo.index.used_objs(push=True, force=True).items():
            if odb is None:  # what was imported from elsewhere stays there
                found = repo.cloud.status(objects)
                here |= {each.obj_name for each in found.new}
                nowhere |= {each.obj_name for each in found.missing}
    return here, nowhere


def refusal(repo: Repo, commits: list[str]) -> str | None:
    for commit in commits:
        here, nowhere = absent(repo, commit)
        if not here and not nowhere:
            continue
        way = f"run `uv run dvc push{'' if commit == commits[-1] else ' --all-commits'}` first"
        if nowhere:
            way = "nor from this machine: make it again with `make eval`, then `uv run dvc push`"
        return f"{', '.join(sorted(here | nowhere))} of commit {commit[:10]} cannot be had from it; {way}."
    return None


def main() -> str | None:
    commits = pushed_commits(sys.argv[1], sys.stdin.read().splitlines())
    if not commits:
        return None
    # A commit from before the first run has no hashes, of which DVC would warn.
    logging.getLogger("dvc").setLevel(logging.ERROR)
    with Repo() as repo:
        remote = f"Push refused: DVC remote {repo.config['core'].get('remote')}"
        try:
            reason = refusal(repo, commits)
        except (DvcException, BotoCoreError, ClientError, OSError) as error:
            reason = f"it cannot be asked ({error}). See `make doctor`; `git push --no-verify` pushes anyway."
    return reason and f"{remote}: {reason}"


if __name__ == "__main__":
    sys.exit(main())
