"""Refuse a push of commits whose data is not on the DVC remote. Git's pre-push hook gives the refs on standard input."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections import defaultdict

from botocore.exceptions import BotoCoreError, ClientError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash_info import HashInfo

NAMED = 10


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


def wanted(repo: Repo) -> dict[str | None, set[HashInfo]]:
    """The objects of the commit in view, by the remote that should have them; None is the default one."""
    found = defaultdict(set)
    for out in repo.index.outs:
        if not out.use_cache or not out.can_push or not out.hash_info or out.stage.is_repo_import:
            continue  # what was imported from elsewhere stays there
        objects = out.get_used_objs(push=True, force=True)
        # of a directory whose list is neither here nor there DVC says nothing at all
        listed = objects.values() or [{HashInfo(out.hash_info.name, out.hash_info.value, str(out))}]
        found[out.remote].update(*listed)
    return found


def refusal(repo: Repo, commit: str, last: bool) -> str | None:
    """What of a commit a remote lacks, and the way out."""
    for remote, objects in wanted(repo).items():
        status = repo.cloud.status(objects, remote=remote)
        absent = sorted({each.obj_name for each in status.new | status.missing})
        if not absent:
            continue
        way = f"run `uv run dvc push{'' if last else ' --all-commits'}` first"
        if status.missing:
            way = "nor from this machine: make it again with `make eval`, or bring it back, then `uv run dvc push`"
        names = ", ".join(absent[:NAMED]) + (f" and {len(absent) - NAMED} more" if len(absent) > NAMED else "")
        where = remote or repo.config["core"].get("remote")
        return f"DVC remote {where}: {names} of commit {commit[:10]} cannot be had from it; {way}."
    return None


def main() -> str | None:
    commits = pushed_commits(sys.argv[1], sys.stdin.read().splitlines())
    if not commits:
        return None
    # A commit from before the first run has no hashes, of which DVC would warn.
    logging.getLogger("dvc").setLevel(logging.ERROR)
    with Repo() as repo:
        try:
            for commit in commits:
                with repo.switch(commit):
                    if reason := refusal(repo, commit, last=commit == commits[-1]):
                        return f"Push refused: {reason}"
        except (DvcException, BotoCoreError, ClientError, OSError) as error:
            way = "See `make doctor`; `git push --no-verify` pushes anyway."
            return f"Push refused: the DVC remote cannot be asked ({error}). {way}"
    return None


if __name__ == "__main__":
    sys.exit(main())
