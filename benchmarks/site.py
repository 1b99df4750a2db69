"""What a run of the site costs beside the plain recipe, in one process, one after the other.

Usage: .venv/bin/python benchmarks/site.py [--rounds N]

Needs a Docker Engine with the images (`make up` or `make live` makes them) and Go, which builds `mc` for the plain
recipe. It brings up the test stack of tests/live beside any other, measures, and removes it. Figures are wall
seconds; the machine decides about them, so read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import docker
import yaml

ROOT = Path(__file__).resolve().parent.parent
INVENTORY = ROOT / "tests" / "live" / "inventory"
SECRETS = INVENTORY / "group_vars" / "all" / "vault.yml"
BIN = Path(sys.executable).parent
TOOLS = ROOT / ".cache" / "bin"
MC = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
SERVICES = ("gateway", "postgres", "minio", "mlflow")
BUCKETS = {"datasets": 30, "mlflow-artifacts": 30, "dvc": 90}


def run(*command: str | Path, **environment: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command[:4]))} ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


def playbook(name: str, *arguments: str) -> str:
    return run(
        BIN / "ansible-playbook", "-i", INVENTORY, ROOT / "playbooks" / name, *arguments,
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1",
    )  # fmt: skip


def seconds(work: t.Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class PlainRecipe:
    """The same objects by docker, mc and psql: what a shell script does again on every run."""

    def __init__(self, engine: docker.DockerClient, secrets: dict[str, str]) -> None:
        self._engine = engine
        self._secrets = secrets
        self._alias = {
            "MC_HOST_plain": f"http://{secrets['vault_minio_root_user']}:{secrets['vault_minio_root_password']}@127.0.0.1:19000"
        }

    def __call__(self) -> None:
        for name in SERVICES:
            self._run_again(name)
        while "healthy" not in run("docker", "inspect", "--format", "{{.State.Health.Status}}", "test-minio"):
            time.sleep(0.2)
        run("docker", "exec", "test-postgres", "psql", "-c", "ALTER DATABASE mlflow OWNER TO mlflow", "mlflow")
        for bucket, days in BUCKETS.items():
            self._mc("mb", "--ignore-existing", f"plain/{bucket}")
            self._mc("version", "enable", f"plain/{bucket}")
            self._mc("ilm", "rule", "import", f"plain/{bucket}", stdin=json.dumps(lifecycle(days)))
        self._mc("admin", "policy", "info", "plain", "platform")
        self._mc("admin", "user", "add", "plain", "platform", self._secrets["vault_minio_platform_secret_key"])
        self._mc("admin", "user", "svcacct", "info", "plain", "mlflow")

    def _run_again(self, name: str) -> None:
        """docker inspect, rm and run with the same options."""
        there = json.loads(run("docker", "inspect", f"test-{name}"))[0]
        config, host = there["Config"], there["HostConfig"]
        options = [f"--user={config['User']}", "--read-only", "--network=test-repro", f"--network-alias={name}"]
        options += [f"--volume={bind}" for bind in host["Binds"] or []] + [f"--tmpfs={path}" for path in host["Tmpfs"]]
        options += [f"--env={variable}" for variable in config["Env"]]
        options += [
            f"--publish={each['HostIp']}:{each['HostPort']}:{port.removesuffix('/tcp')}"
            for port, bindings in (host["PortBindings"] or {}).items()
            for each in bindings
        ]
        health = config["Healthcheck"]
        test = health["Test"][1:] if health["Test"][0] == "CMD" else health["Test"][1:2]
        options += [f"--health-cmd={' '.join(test)}", "--health-interval=1s"]
        run("docker", "rm", "--force", f"test-{name}")
        run("docker", "run", "--detach", f"--name=test-{name}", *options, config["Image"], *(config["Cmd"] or []))

    def _mc(self, *arguments: str, stdin: str | None = None) -> None:
        subprocess.run(
            [TOOLS / "mc", *arguments], input=stdin, capture_output=True, text=True,
            env={**os.environ, **self._alias}, check=True,
        )  # fmt: skip


def lifecycle(days: int) -> dict[str, t.Any]:
    rule = {"ID": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": days}}
    return {"Rules": [{**rule, "Expiration": {"ExpiredObjectDeleteMarker": True}}]}


def memory(engine: docker.DockerClient) -> dict[str, float]:
    """MiB of PSS of every process of each service."""
    found = {}
    for name in SERVICES:
        pids = [row[1] for row in engine.containers.get(f"test-{name}").top()["Processes"]]
        kib = [int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) for pid in pids]
        found[name] = sum(kib) / 1024
    return found


def main() -> None:
    # where it is set, Python compiles every library of a module again for every task
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    engine = docker.from_env()
    if not (TOOLS / "mc").exists():
        run("go", "install", MC, GOBIN=str(TOOLS))
    playbook("secrets.yml", "-e", json.dumps({"secrets_file": str(SECRETS)}))
    playbook("site.yml")
    try:
        recap = playbook("site.yml")
        tasks = re.search(r"ok=(\d+)\s+changed=(\d+)", recap)
        mib = memory(engine)
        plain = PlainRecipe(engine, yaml.safe_load(SECRETS.read_text()))
        unchanged, recipe = [], []
        for _round in range(rounds):
            unchanged.append(seconds(lambda: playbook("site.yml")))
            recipe.append(seconds(plain))
            playbook("site.yml")
        for name in SERVICES:
            engine.api.remove_container(f"test-{name}", force=True)
        shutil.rmtree("/tmp/repro-stack-test")  # noqa: S108 - the inventory's own directory
        cold = seconds(lambda: playbook("site.yml"))
    finally:
        playbook("teardown.yml", "-e", "@" + str(INVENTORY.parent / "teardown.json"))
    ratios = [ours / theirs for ours, theirs in zip(unchanged, recipe, strict=True)]
    print(
        f"unchanged site.yml          {spread(unchanged)} s   ok={tasks[1]} changed={tasks[2]}, no container restarted"
    )
    print(f"plain docker, mc and psql   {spread(recipe)} s   every container restarted")
    print(f"ratio, pair by pair         {spread(ratios)}")
    print(f"cold converge, images there {cold:.1f} s")
    print("idle memory (PSS)           " + ", ".join(f"{name} {size:.0f}" for name, size in mib.items()), end="")
    print(f": {sum(mib.values()):.0f} MiB")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):5.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
