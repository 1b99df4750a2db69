"""Build a run again from nothing but its commit, and compare.

A fresh clone in a scratch folder, the locked environment, the data from the remote, every stage by force; then a table of
what the run recorded against what came out. Exit code 0: identical; 1: different; 2: could not be tried. (make itself
ends with 2 whatever failed.)

The same bytes need the same kind of processor, since numerical libraries choose their code by it; the tag `machine.cpu`
says which it was. No stage talks to MLflow, so this makes no run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from dvc.config import Config
from dvc.exceptions import DvcException
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from . import MODEL, PROJECT, Refused, provenance
from .mlflow_utils import connect, flat, own_run, stored_digest

# Also a commit that no branch has.
ANY = "git -c uploadpack.allowAnySHA1InWant=true upload-pack"
IDENTICAL, DIFFERENT, NOT_TRIED = 0, 1, 2


class Row(NamedTuple):
    what: str
    recorded: str
    rebuilt: str


def run_in(folder: Path, *argv: str, failing: str) -> None:
    """A program in the clone, with that clone's environment and not with ours."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT", "DVC_ROOT")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    print(f"$ {' '.join(argv)}", flush=True)
    try:
        done = subprocess.run(argv, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise Refused(f"{failing}: there is no program {argv[0]} here.") from error
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise Refused(f"{failing}: {reason(done.stderr)}.")


def reason(said: str) -> str:
    """The line that names the error; with the next one, where it ends in a colon."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    named = (number for number, line in enumerate(lines) if "error" in line.lower() or line.startswith("fatal: "))
    first = next(named, len(lines) - 1)
    return " ".join(lines[first : first + (2 if lines[first].endswith(":") else 1)]).rstrip(".")


def clone(commit: str, folder: Path) -> None:
    """The commit from this clone, which asks origin for it if need be; on which branch it is, if on any, does not matter."""
    here = Path(provenance.git("rev-parse", "--show-toplevel"))
    if not provenance.git("rev-parse", "--verify", "--quiet", commit + "^{commit}"):
        absent = f"Commit {commit} is neither in this repository nor at its origin"
        run_in(here, "git", "fetch", "--quiet", "origin", commit, failing=absent)
    folder.mkdir()
    run_in(folder, "git", "init", "--quiet", failing="No repository")
    # as this clone may be a shallow one, of which Git makes no other clone that would have it all
    run_in(
        folder, "git", "fetch", "--quiet", "--depth", "1", "--upload-pack", ANY, str(here), commit, failing="No clone"
    )
    run_in(folder, "git", "checkout", "--quiet", "--detach", commit, failing="No checkout")
    with Config(str(folder / ".dvc")).edit("local") as settings:
        # our keys, and not our cache: what is to be proved is that the remote has it all
        committed = Config(str(folder / ".dvc")).read("repo")["remote"]
        ours = Config(str(here / ".dvc"), validate=False).read("local")["remote"]
        settings["remote"] = {name: ours[name] for name in ours.keys() & committed.keys()}
        settings["cache"] = {"dir": str(folder / ".dvc" / "cache")}


def rebuild(folder: Path, python: str) -> None:
    """The environment, the data, every stage; ``python`` is the version that the run had."""
    wanted = ("--python", ".".join(python.split(".")[:2])) if python else ()
    uv = os.environ.get("UV", "uv")  # uv itself says where it is
    run_in(folder, uv, "sync", "--frozen", "--quiet", *wanted, failing="The environment of uv.lock cannot be had")
    inside = (uv, "run", "--frozen", "--no-sync", "dvc")
    run_in(folder, *inside, "pull", failing="The data of this commit cannot be pulled (`make doctor` says more)")
    run_in(folder, *inside, "repro", "--force", failing="The pipeline does not run to its end")


def compare(run: Run, folder: Path) -> list[Row]:
    """What the run says against what lies in the folder: hashes, model, metrics."""
    tags = run.data.tags
    hashes = provenance.outputs(folder / provenance.LOCK)
    rows = [Row("data hash", tags.get("data.hash", ""), provenance.data_hash(hashes))]
    told = {
        provenance.path_of(name): value
        for name, value in tags.items()
        if name.startswith("dvc.") and name != "dvc.lock"
    }
    rows += [Row(path, told.get(path, "absent"), hashes.get(path, "absent")) for path in sorted(told | hashes)]
    digest = provenance.sha256(folder / MODEL)
    rows += [Row("model sha256", tags.get("model.sha256", ""), digest)]
    rows += [Row("model in MLflow's store", stored_digest(run), digest)]
    rows += [Row("dvc.lock sha256", tags.get("dvc.lock", ""), provenance.sha256(folder / provenance.LOCK))]
    files = sorted((folder / "metrics").glob("*.json"))
    measured = {name: float(value) for name, value in flat({f.stem: json.loads(f.read_text()) for f in files}).items()}
    for name in sorted(run.data.metrics | measured):
        rows.append(Row(name, str(run.data.metrics.get(name, "absent")), str(measured.get(name, "absent"))))
    return rows


def table(rows: list[Row]) -> str:
    lines = [
        ("", "recorded", "rebuilt", ""),
        *((*row, "" if row.recorded == row.rebuilt else "DIFFERS") for row in rows),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, [*widths, 0], strict=True)).rstrip() for line in lines
    )


def reproduce(run_id: str, folder: Path) -> int:
    run = own_run(connect(), run_id)
    if run.data.tags.get("git.dirty") != "false":
        raise Refused(f"Run {run_id} is of uncommitted work: no commit holds what made it.")
    clone(run.data.tags["git.commit"], folder)
    rebuild(folder, run.data.tags.get("python.version", ""))
    rows = compare(run, folder)
    print(table(rows))
    return IDENTICAL if all(row.recorded == row.rebuilt for row in rows) else DIFFERENT


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description="Build a run again and compare.")
    parser.add_argument("run", help="id of the run in MLflow")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder there")
    chosen = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix=f"{PROJECT}-reproduce-"))
    outcome = NOT_TRIED
    try:
        outcome = reproduce(chosen.run, scratch / PROJECT)
        print(f"Run {chosen.run}: {'identical' if outcome == IDENTICAL else 'DIFFERENT'}.")
    except (Refused, MlflowException, DvcException) as error:
        print(f"Could not be tried. {error}", file=sys.stderr)
    finally:
        if (chosen.keep or outcome == DIFFERENT) and (scratch / PROJECT).exists():
            (scratch / PROJECT / ".dvc" / "config.local").unlink(missing_ok=True)
            print(f"The clone is in {scratch / PROJECT}, without your keys.")
        else:
            shutil.rmtree(scratch)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
