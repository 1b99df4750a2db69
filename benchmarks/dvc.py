# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DVC against `mc mirror` of the same bytes, and an artifact through MLflow against S3; all through the gateway.

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name an identity that may make a bucket; the bucket is removed in the end.
Repositories are configured by the code of the module dvc_remote. Each round does everything once, one after the other,
and each pull goes into a fresh clone; a ratio is the median of the rounds' ratios to mc, with the least and the
greatest. A DVC command needs two seconds to start, which are in its figures. Go builds mc once, into .cache/bin.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import docker
import requests

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TOOLS = ROOT / ".cache" / "bin"
MC = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
MIB = 1024 * 1024
AIMS = {("large", "push"): 1.3, ("large", "pull"): 1.0, ("small", "push"): 1.8, ("small", "pull"): 1.8}
# how long an upload or a download takes
MLFLOW = """
import sys, time
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
address, way, file, folder = sys.argv[1:]
repository, started = HttpArtifactRepository(address), time.perf_counter()
repository.log_artifact(file) if way == "up" else repository.download_artifacts("artifact", folder)
print(time.perf_counter() - started)
"""
NO_CHECKSUMS = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
sys.path.insert(0, str(ROOT / ".ansible"))


@dataclass(frozen=True)
class Variant:
    """One way to set up DVC: a remote's options and the cache's, as the module takes them."""

    label: str
    remote: dict[str, t.Any] = field(default_factory=dict)
    cache: dict[str, t.Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def variants(jobs: list[int], *, brief: bool) -> list[Variant]:
    first, *others = jobs
    both = [Variant(f"as written, jobs {first}", {"jobs": first}), Variant("DVC's defaults", {"verify": False})]
    if brief:
        return both
    return [
        *both,
        *(Variant(f"jobs {count}", {"jobs": count}) for count in others),
        Variant(f"jobs {first}, links", {"jobs": first}, {"type": ["hardlink"]}),
        Variant(f"jobs {first}, no CRC", {"jobs": first}, environment=NO_CHECKSUMS),
        Variant(f"jobs {first}, links, no CRC", {"jobs": first}, {"type": ["hardlink"]}, NO_CHECKSUMS),
    ]


class Cost(t.NamedTuple):
    seconds: float
    cpu: float  # of the client alone, which other things on the machine change less


class Bench:
    def __init__(self, endpoint: str, scratch: Path) -> None:
        self.endpoint, self.scratch = endpoint, scratch
        self.bucket = f"benchmark-{uuid.uuid4().hex[:12]}"
        self.keys = {"access_key": os.environ["AWS_ACCESS_KEY_ID"], "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DVC_", "GIT_", "PYTHON"))
        }
        self.environment = inherited | {
            "DVC_NO_ANALYTICS": "1",
            # DVC loads two thousand files of Python, which must not be compiled at each start
            "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
            "DVC_SITE_CACHE_DIR": str(scratch / "site"),
            "MC_CONFIG_DIR": str(scratch / "mc"),
            "MC_HOST_b": endpoint.replace("://", f"://{self.keys['access_key']}:{self.keys['secret_key']}@"),
        }

    def run(self, *argv: str | Path, cwd: Path | None = None, **environment: str) -> Cost:
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(
            argv, cwd=cwd, env=self.environment | environment, capture_output=True, text=True, check=False
        )
        taken, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if ran.returncode:
            sys.exit(f"{' '.join(map(str, argv[:3]))} ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        return Cost(taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def configure(self, repository: Path, prefix: str, variant: Variant) -> None:
        """What a task with dvc_remote does."""
        from ansible_collections.repro.stack.plugins.module_utils._dvc import declaration
        from ansible_collections.repro.stack.plugins.module_utils._dvc.repository import Repository
        from ansible_collections.repro.stack.plugins.module_utils._dvc.settings import Settings
        from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile

        address = {"url": f"s3://{self.bucket}/{prefix}", "endpointurl": self.endpoint, "region": "us-east-1"}
        remote = {**dict.fromkeys(declaration.REMOTE), "name": "dev", "state": "present", "verify": True}
        params = {"remotes": [remote | address | self.keys | variant.remote], "default": "dev", "purge": True}
        settings = Settings(Repository(str(repository)), params | {"cache": variant.cache})
        reconcile(settings, settings.desired, check_mode=False)

    def load(self, name: str, files: int, size: int) -> Path:
        """A repository whose folder data, of that many files, is known to DVC."""
        repository = self.scratch / name
        data = repository / "data"
        data.mkdir(parents=True)
        for number in range(files):
            (data / f"{number:05d}.bin").write_bytes(os.urandom(size))
        self.run("git", "init", "--quiet", cwd=repository)
        self.configure(repository, name, Variant(""))
        self.run(BIN / "dvc", "add", "--quiet", "data", cwd=repository)
        who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
        self.run("git", "add", "--all", cwd=repository)
        self.run("git", *who, "commit", "--quiet", "--message=Data", cwd=repository)
        return repository

    def by_mc(self, repository: Path, prefix: str) -> dict[str, Cost]:
        target = self.scratch / prefix
        place = f"b/{self.bucket}/{prefix}"
        push = self.run(TOOLS / "mc", "mirror", "--quiet", repository / "data", place)
        pull = self.run(TOOLS / "mc", "mirror", "--quiet", place, target)
        self.forget(prefix, target)
        return {"push": push, "pull": pull}

    def by_dvc(self, repository: Path, prefix: str, variant: Variant) -> dict[str, Cost]:
        target = self.scratch / prefix
        self.configure(repository, prefix, variant)
        push = self.run(BIN / "dvc", "push", "--quiet", cwd=repository, **variant.environment)
        self.run("git", "clone", "--quiet", repository, target)
        self.configure(target, prefix, variant)
        pull = self.run(BIN / "dvc", "pull", "--quiet", cwd=target, **variant.environment)
        for path in sorted(repository.glob("data/*"))[:3]:
            if (target / "data" / path.name).read_bytes() != path.read_bytes():
                sys.exit(f"{path.name} came back different")
        self.forget(prefix, target)
        return {"push": push, "pull": pull}

    def forget(self, prefix: str, target: Path) -> None:
        shutil.rmtree(target)
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{prefix}/"):
            found = [{"Key": each["Key"]} for each in page.get("Contents", [])]
            if found:
                self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": found, "Quiet": True})

    def compare(self, name: str, files: int, size: int, ways: list[Variant], rounds: int) -> None:
        repository = self.load(name, files, size)
        mc: list[dict[str, Cost]] = []
        dvc: dict[str, list[dict[str, Cost]]] = {variant.label: [] for variant in ways}
        for number in range(rounds):
            mc.append(self.by_mc(repository, f"{name}-{number}-mc"))
            for place, variant in enumerate(ways):
                dvc[variant.label].append(self.by_dvc(repository, f"{name}-{number}-{place}", variant))
        print(f"\n{name}: {files} files, {files * size / MIB:.0f} MiB, {rounds} rounds")
        for way in ("push", "pull"):
            theirs = [each[way].seconds for each in mc]
            print(f"  {way}: mc mirror {shown([each[way] for each in mc])}; aim {AIMS[name, way]}")
            for label, values in dvc.items():
                ours = [each[way].seconds for each in values]
                print(f"    {label:<24} {shown([each[way] for each in values])}   {ratio(ours, theirs)}")
        shutil.rmtree(repository)

    def artifact(self, client: str, uri: str, container: str, size: int, rounds: int) -> None:
        """By MLflow's own client, in a process of its own, less its start; against boto3's transfer of the same."""
        file, folder = self.scratch / "artifact", self.scratch / "back"
        back = folder / file.name
        folder.mkdir()
        with file.open("wb") as out:
            for _part in range(size // MIB):
                out.write(os.urandom(MIB))
        address = f"{uri}/api/2.0/mlflow-artifacts/artifacts/{self.bucket}"

        def by_mlflow(way: str) -> float:
            argv = [client, "-W", "ignore", "-c", MLFLOW, address, way, file, folder]
            return float(subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout)

        values: dict[str, list[float]] = {name: [] for name in ("S3 up", "S3 down", "MLflow up", "MLflow down")}
        memory = Memory(container)
        for _round in range(rounds):
            values["S3 up"].append(clocked(lambda: self.s3.upload_file(str(file), self.bucket, "artifact")))
            values["S3 down"].append(clocked(lambda: self.s3.download_file(self.bucket, "artifact", str(back))))
            with memory:
                values["MLflow up"].append(by_mlflow("up"))
                values["MLflow down"].append(by_mlflow("down"))
            if file.stat().st_size != back.stat().st_size:
                sys.exit("the artifact came back different")
            requests.delete(f"{address}/{file.name}", timeout=60).raise_for_status()
        print(f"\nan artifact of {size / MIB:.0f} MiB, {rounds} rounds; aim 1.2, less than 200 MiB more memory")
        for way in ("up", "down"):
            ours, theirs = values[f"MLflow {way}"], values[f"S3 {way}"]
            print(
                f"  {way:<5} S3 {statistics.median(theirs):5.1f} s, MLflow {statistics.median(ours):5.1f} s  ", end=""
            )
            print(ratio(ours, theirs))
        print(f"  memory of the server (RSS of all its processes): {memory.before:.0f} MiB, at most {memory.most:.0f}")


class Memory:
    """MiB that the processes of a container hold, looked at while a transfer runs."""

    def __init__(self, container: str) -> None:
        self._container = docker.from_env().containers.get(container)
        self.before = self.most = self._now()
        self._ended = threading.Event()

    def __enter__(self) -> None:
        self._ended.clear()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.most = max(self.most, self._now())

    def _now(self) -> float:
        pids = [row[1] for row in self._container.top()["Processes"]]
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * 4096 / MIB


def clocked(work: t.Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def shown(costs: list[Cost]) -> str:
    seconds, cpu = (statistics.median(each) for each in zip(*costs, strict=True))
    return f"{seconds:6.1f} s (CPU {cpu:5.1f} s)"


def ratio(values: list[float], others: list[float]) -> str:
    ratios = [value / other for value, other in zip(values, others, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:9000", help="S3 through the gateway (%(default)s)")
    parser.add_argument("--mlflow", default="http://127.0.0.1:5000", help="MLflow through the gateway (%(default)s)")
    parser.add_argument("--client", default="/opt/repro/verify/bin/python", help="a Python with MLflow (%(default)s)")
    parser.add_argument("--container", default="mlflow", help="the container of MLflow (%(default)s)")
    parser.add_argument("--large", type=int, default=64, help="large files (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=32, help="size of each (%(default)s)")
    parser.add_argument("--small", type=int, default=10000, help="small files (%(default)s)")
    parser.add_argument("--bytes", type=int, default=4096, help="size of each (%(default)s)")
    parser.add_argument("--artifact", type=int, default=1024, help="MiB of the artifact (%(default)s)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[8, 4, 16, 32], help="the first is what we write")
    parser.add_argument("--brief", action="store_true", help="only what we write, and DVC's defaults")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scratch", type=Path, help="where the files go; 12 GiB for the usual sizes")
    options = parser.parse_args()
    if not (TOOLS / "mc").exists():
        subprocess.run(["go", "install", MC], env={**os.environ, "GOBIN": str(TOOLS)}, check=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        bench = Bench(options.endpoint, Path(scratch))
        bench.s3.create_bucket(Bucket=bench.bucket)
        try:
            ways = variants(options.jobs, brief=options.brief)
            if options.large or options.small:
                warm = bench.load("warm", 2, 1)
                bench.by_dvc(warm, "warm-0", ways[0])
                shutil.rmtree(warm)
            if options.large:
                bench.compare("large", options.large, options.megabytes * MIB, ways, options.rounds)
            if options.small:
                bench.compare("small", options.small, options.bytes, ways, options.rounds)
            if options.artifact:
                size = options.artifact * MIB
                bench.artifact(options.client, options.mlflow, options.container, size, options.rounds)
        finally:
            bench.run(TOOLS / "mc", "rb", "--force", f"b/{bench.bucket}")


if __name__ == "__main__":
    main()
