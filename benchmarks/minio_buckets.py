# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What many buckets cost: whole runs of ansible-playbook beside one of an empty play, one after the other.

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name an administrator of MinIO; the buckets are removed in the end. Figures
are wall seconds; the machine decides about them, so read them beside the empty play of the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid
from pathlib import Path

import boto3
import yaml
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TARGET = "unchanged", 4.0


class Play:
    """A play of one task, or none, in a file of its own."""

    def __init__(self, scratch: Path, name: str, **options: t.Any) -> None:
        self._path = scratch / f"{name.replace(' ', '-')}.yml"
        keys = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY"}
        connection = {key: f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}" for key, variable in keys.items()}
        task = {"name": name, "repro.stack.minio_buckets": {**connection, **options}}
        play = {
            "name": name,
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [task] if options else [],
        }
        self._path.write_text(yaml.safe_dump([play]))

    def seconds(self, *, changed: int = 0) -> float:
        """How long it took; ends the program where it failed, or changed what it should not."""
        started = time.perf_counter()
        ran = subprocess.run(
            [BIN / "ansible-playbook", "-i", "localhost,", self._path],
            capture_output=True,
            text=True,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            check=False,
        )
        taken = time.perf_counter() - started
        if ran.returncode or (f"changed={changed}" not in ran.stdout and "ok=" in ran.stdout):
            sys.exit(f"{self._path.stem}: expected changed={changed}\n{ran.stdout}\n{ran.stderr}")
        return taken


def buckets(prefix: str, count: int, *, quota: bool) -> list[dict[str, t.Any]]:
    """With versioning, lifecycle, tags and, where it is known, a quota."""
    declared: dict[str, t.Any] = {
        "versioning": True,
        "keep_old_versions_days": 30,
        "lifecycle": [{"id": "scratch", "prefix": "tmp/", "expire_days": 7}],
        "tags": {"team": "churn"},
        **({"quota": "10GiB"} if quota else {}),
    }
    return [{"name": f"{prefix}-{number:04}", **declared} for number in range(count)]


def suspend(endpoint: str, bucket: str) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(signature_version="s3v4"))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def show(title: str, taken: list[float], empty: float, count: int) -> None:
    seconds = statistics.median(taken)
    wanted = f"   target {TARGET[1]}" if title == TARGET[0] and count == 200 else ""
    print(f"  {title:<40}{seconds:>8.2f}{seconds - empty:>14.2f}{seconds / empty:>8.2f}{wanted}", flush=True)


def main() -> None:
    # where it is set, Python compiles every library of a module again for every task
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:9000", help="S3 through the gateway (%(default)s)")
    parser.add_argument("--buckets", type=int, default=200, help="how many (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts (%(default)s)")
    options = parser.parse_args()

    prefix = f"benchmark-{uuid.uuid4().hex[:8]}"
    declared = buckets(prefix, options.buckets, quota=True)
    with tempfile.TemporaryDirectory() as scratch:
        at = Path(scratch), options.endpoint
        nothing = Play(at[0], "nothing")
        wanted = Play(at[0], "wanted", endpoint=at[1], buckets=declared)
        by_s3 = Play(
            at[0], "by s3", endpoint=at[1], flavour="s3", buckets=buckets(prefix, options.buckets, quota=False)
        )
        gone = Play(
            at[0], "gone", endpoint=at[1], buckets=[{"name": each["name"], "state": "absent"} for each in declared]
        )
        print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.buckets} buckets, {options.rounds} rounds"
        )
        nothing.seconds()  # the first run warms up
        taken: dict[str, list[float]] = {}
        created = [wanted.seconds(changed=1)]
        try:
            for _round in range(options.rounds):
                taken.setdefault("empty", []).append(nothing.seconds())
                taken.setdefault("unchanged", []).append(wanted.seconds())
                taken.setdefault("unchanged, by S3 alone", []).append(by_s3.seconds())
                suspend(at[1], declared[-1]["name"])
                taken.setdefault("one drifted and repaired", []).append(wanted.seconds(changed=1))
        finally:
            removed = [gone.seconds(changed=1)]
    empty = statistics.median(taken.pop("empty"))
    print(f"  {'seconds':<40}{'run':>8}{'less empty':>14}{'ratio':>8}")
    show("empty play", [empty], empty, options.buckets)
    for title, values in {"created": created, **taken, "removed": removed}.items():
        show(title, values, empty, options.buckets)


if __name__ == "__main__":
    main()
