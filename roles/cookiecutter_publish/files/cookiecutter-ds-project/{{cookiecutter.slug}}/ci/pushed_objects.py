"""Refuse a push of commits whose data is not on the DVC remote. Git's pre-push hook gives the refs on standard input.

With --push <Git remote> <branch or tag>...: bring there what this machine has of the commits that this remote of Git lacks.
`dvc push --all-commits` takes a folder for whole whose list is there, and each commit to the remote as its own file names it.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections import defaultdict
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from dvc.cachemgr import LEGACY_HASH_NAMES
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.status import compare_status
from dvc_data.hashfile.transfer import find_tree_by_obj_id, transfer

NAMED = 10
PUSH = "--push"


class Use(NamedTuple):
    """The first commit that needs an object, as what, and the folder whose list names it, if one does."""

    commit: str
    path: str
    folder: HashInfo | None = None


class Lack(NamedTuple):
    """What a remote does not have of the oldest commit that it has not all of."""

    commit: str
    paths: list[str]
    here: bool  # this machine has it
    passed_over: bool  # DVC takes it for there, since its folder's list is


def is_here(commit: str) -> bool:
    return subprocess.run(["git", "cat-file", "-e", commit], stderr=subprocess.DEVNULL).returncode == 0


def listed_commits(*argv: str) -> list[str]:
    """Oldest first."""
    command = ["git", "rev-list", "--reverse", *argv]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


class Push(NamedTuple):
    """What goes to a remote of Git: the names of branches and tags, and the commits that are new there."""

    remote: str
    names: list[str]
    commits: list[str]


def announced(remote: str, lines: list[str]) -> Push:
    """The push that Git tells of."""
    moves = [(name, local, there) for name, local, _, there in map(str.split, lines) if set(local) != {"0"}]
    known = [there for *_, there in moves if set(there) != {"0"} and is_here(there)]
    new = [local for _, local, _ in moves]
    commits = listed_commits(*new, "--not", f"--remotes={remote}", *known) if new else []
    return Push(remote, [name.removeprefix("refs/heads/") for name, *_ in moves], commits)


def asked_for(remote: str, *names: str) -> Push:
    return Push(remote, list(names), listed_commits(*(names or ("HEAD",)), "--not", f"--remotes={remote}"))


def outputs(repo: Repo, commits: list[str]) -> dict[tuple[str | None, str], dict[HashInfo, Use]]:
    """What the commits refer to, by the remote that should have it (None is the default one) and the kind of hash."""
    found = defaultdict(dict)
    for commit in commits:
        with repo.switch(commit):
            for out in repo.index.outs:
                # what was imported from elsewhere stays there
                if out.use_cache and out.can_push and out.hash_info and not out.stage.is_repo_import:
                    found[out.remote, out.hash_info.name].setdefault(out.hash_info, Use(commit, str(out)))
    return found


def objects(used: dict[HashInfo, Use], stores: list[HashFileDB]) -> dict[HashInfo, Use]:
    """The outputs and the files of those that are folders, whose lists the first store has that has them."""
    found = dict(used)
    for folder, use in used.items():
        for key, _, file in (folder.isdir and find_tree_by_obj_id(stores, folder)) or ():
            found.setdefault(file, Use(use.commit, "/".join([use.path, *key]), folder))
    return found


def check_bucket(store: HashFileDB) -> None:
    """Of a single object DVC would just say that it is absent, where it is the bucket that is."""
    if store.fs.protocol == "s3":
        bucket, _, prefix = store.path.partition("/")
        try:
            store.fs.fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/", MaxKeys=1)
        except FileNotFoundError as error:
            raise DvcException(f"there is no bucket {bucket}") from error


def lack(
    repo: Repo, remote: str | None, kind: str, used: dict[HashInfo, Use], commits: list[str], push: bool
) -> Lack | None:
    """What the remote has not got, after it was brought there if that is asked for."""
    here = repo.cache.legacy if kind in LEGACY_HASH_NAMES else repo.cache.local
    there = repo.cloud.get_remote_odb(remote, "status", hash_name=kind)
    check_bucket(there)
    wanted = objects(used, [here, there])
    # Each object is asked for, without DVC's own index of the remote: what was removed there by hand would be in it.
    status = compare_status(here, there, wanted, check_deleted=False)
    if push and status.new:
        # with what is nowhere, so that DVC keeps back the list of a folder that is not whole
        transfer(here, there, status.new | status.missing)
        status = compare_status(here, there, wanted, check_deleted=False)
    absent, present = status.new | status.missing, status.ok | status.deleted
    if not absent:
        return None
    commit = min((wanted[each].commit for each in absent), key=commits.index)
    uses = {each: wanted[each] for each in absent if wanted[each].commit == commit}
    return Lack(
        commit,
        sorted({use.path for use in uses.values()}),
        here=not uses.keys() & status.missing,
        passed_over=any(use.folder in present for use in uses.values()),
    )


def sentence(repo: Repo, remote: str | None, found: Lack, going: Push, push: bool) -> str:
    """What is not there, and the way out."""
    if not found.here:
        way = "nor from this machine: make it again with `make eval`, or bring it back, then push again"
    elif push:
        way = "it could not be brought there: see `make doctor`"
    elif found.passed_over or found.commit != repo.scm.get_rev():
        # git push <address> has no name for the remote, and an address may hold a password
        where = going.remote if re.fullmatch(r"[\w.-]+", going.remote) else "none"
        command = " ".join([sys.argv[0], PUSH, where, *going.names])
        way = f"run `uv run python {command}` first, since `dvc push` would pass over it"
    else:
        way = "run `uv run dvc push` first"
    more = len(found.paths) - NAMED
    names = ", ".join(found.paths[:NAMED]) + (f" and {more} more" if more > 0 else "")
    where = remote or repo.config["core"].get("remote")
    return f"DVC remote {where}: {names} of commit {found.commit[:10]} cannot be had from it; {way}."


def main() -> str | None:
    push = sys.argv[1] == PUSH
    going = asked_for(*sys.argv[2:]) if push else announced(sys.argv[1], sys.stdin.read().splitlines())
    if not going.commits:
        return None
    verdict, way = "Push refused", "`git push --no-verify` pushes anyway"
    if push:
        verdict, way = "Not all is there", "what was brought there stays there"
    # A commit from before the first run has no hashes, of which DVC would warn.
    logging.getLogger("dvc").setLevel(logging.ERROR)
    with Repo() as repo:
        try:
            # The remotes are today's: an old commit knows the addresses of its own day.
            found = [
                sentence(repo, remote, absent, going, push)
                for (remote, kind), used in outputs(repo, going.commits).items()
                if (absent := lack(repo, remote, kind, used, going.commits, push))
            ]
        except (DvcException, BotoCoreError, ClientError, OSError) as error:
            return f"{verdict}: the DVC remote cannot be asked ({error}). See `make doctor`; {way}."
    return f"{verdict}: {found[0]}" if found else None


if __name__ == "__main__":
    sys.exit(main())
