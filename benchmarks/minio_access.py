"""What trying every key costs beside the same questions asked with boto3, in one process, one after the other.

Usage: .venv/bin/python benchmarks/minio_access.py [--rounds N] [--members N] [--projects N]

Needs a Docker Engine with the MinIO image (`make up` or `make live` makes it). It runs a server of its own that keeps
its data in memory, with a versioned bucket for data sets and one for DVC, and removes it. Figures are wall seconds; the
machine decides about them, so read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import docker
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ansible"))

from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.probe import probe  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3  # noqa: E402

ROOT_USER, ROOT_PASSWORD = "benchmark", "secret-of-the-benchmark"
SECRET = "secret-of-a-member"  # noqa: S105 - as above
WRONG_MD5 = "Q2hlY2sgSW50ZWdyaXR5IQ=="
NO_VERSION = "00000000-0000-4000-8000-000000000000"
PARALLEL = 8

Key = dict[str, t.Any]
Place = dict[str, t.Any]


def start(engine: docker.DockerClient) -> tuple[t.Any, Connection]:
    images = engine.images.list("repro-stack/minio")
    if not images:
        sys.exit("There is no image repro-stack/minio: make up or make live builds it")
    server = engine.containers.run(
        images[0],
        ["server", "/memory", "--address", ":9000"],
        detach=True,
        environment={"MINIO_ROOT_USER": ROOT_USER, "MINIO_ROOT_PASSWORD": ROOT_PASSWORD},
        tmpfs={"/memory": "mode=1777"},
    )
    address = ""
    while not address:
        time.sleep(0.5)
        server.reload()
        if server.status == "exited":
            sys.exit(f"The server did not start: {server.logs(tail=5).decode()}")
        address = next(iter(server.attrs["NetworkSettings"]["Networks"].values()))["IPAddress"]
    return server, Connection(f"http://{address}:9000", ROOT_USER, ROOT_PASSWORD, "us-east-1", True, 60.0)


def prepare(connection: Connection, members: int, projects: int) -> tuple[list[Key], list[Place]]:
    """Every member writes one project and reads another; what they may do is set by one import."""
    s3 = S3(connection, read_only=False)
    for bucket in ("datasets", "dvc"):
        s3.call("create_bucket", Bucket=bucket)
        s3.call("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    folders = [
        (bucket, prefix)
        for number in range(projects)
        for bucket, prefix in (
            ("datasets", f"project-{number}/"),
            ("dvc", f"project-{number}/dev/"),
            ("dvc", f"project-{number}/prod/"),
        )
    ]
    keys = []
    for number in range(members):
        writes, reads = number % projects * 3, (number + 1) % projects * 3
        granted = [(folder, "read-write") for folder in folders[writes : writes + 3]]
        granted += [(folder, "read") for folder in folders[reads : reads + 3]]
        grants = [
            {"bucket": bucket, "prefix": prefix, "mode": mode, "delete": False} for (bucket, prefix), mode in granted
        ]
        keys.append({"name": f"member-{number}", "secret": SECRET, "access": grants})
    stored = Identities(Admin(connection, read_only=False))
    for key in keys:
        stored.put("policies", key["name"], access.document(key["access"], key["name"]))
        stored.put("users", key["name"], {"secretKey": SECRET, "status": "enabled"})
        stored.put("user_mappings", key["name"], {"version": 1, "policy": key["name"]})
    stored.send()
    return keys, [{"bucket": bucket, "prefix": prefix} for bucket, prefix in folders]


class Boto3:
    """The four questions about objects, each key with a client of its own."""

    def __init__(self, connection: Connection, keys: list[Key], places: list[Place]) -> None:
        self._places = places
        self._clients = [
            boto3.client(
                "s3",
                endpoint_url=connection.endpoint,
                region_name=connection.region,
                aws_access_key_id=key["name"],
                aws_secret_access_key=key["secret"],
                config=Config(s3={"addressing_style": "path"}, max_pool_connections=PARALLEL),
            )
            for key in keys
        ]

    def loop(self) -> None:
        for client in self._clients:
            self._try(client)

    def parallel(self) -> None:
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            list(pool.map(self._try, self._clients))

    def _try(self, client: t.Any) -> None:
        for place in self._places:
            bucket, prefix = place["bucket"], place["prefix"]
            key = {"Bucket": bucket, "Key": f"{prefix}probe"}
            self._ask(client.list_objects_v2, Bucket=bucket, Prefix=prefix, MaxKeys=0)
            self._ask(client.get_object, **key)
            self._ask(client.put_object, **key, Body=b"", ContentMD5=WRONG_MD5)
            self._ask(client.delete_object, **key, VersionId=NO_VERSION)

    def _ask(self, question: t.Callable[..., object], **arguments: t.Any) -> None:
        try:
            question(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AccessDenied", "NoSuchKey", "BadDigest"):
                raise


def full(keys: list[Key], places: list[Place]) -> tuple[list[Key], list[Place]]:
    """As the module gets them: with every default."""
    rest = {"administrator": False, "enabled": True, "expires": "never", "state": "present", "service_accounts": None}
    return [{**rest, **key} for key in keys], [{"anonymous": "none", **place} for place in places]


class Playbook:
    """One task, or none, by ansible-playbook."""

    def __init__(self, directory: str, connection: Connection, keys: list[Key], places: list[Place]) -> None:
        options = {
            "endpoint": connection.endpoint,
            "access_key": connection.access_key,
            "secret_key": connection.secret_key,
            "keys": keys,
            "places": places,
        }
        self._files = {}
        for name, tasks in (("empty", []), ("task", [{"name": "Try", "repro.stack.minio_access": options}])):
            self._files[name] = Path(directory, f"{name}.yml")
            play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
            self._files[name].write_text(json.dumps([play]))

    def run(self, name: str) -> None:
        command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", self._files[name]]
        command += ["-e", json.dumps({"ansible_python_interpreter": sys.executable})]
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )  # fmt: skip
        if ran.returncode:
            sys.exit(f"ansible-playbook ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}")


def seconds(work: t.Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):6.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    # where it is set, Python compiles every library of a module again for every task
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--projects", type=int, default=6)
    given = parser.parse_args()
    server, connection = start(docker.from_env())
    measured: dict[str, list[float]] = {"probe": [], "loop": [], "parallel": [], "task": []}
    try:
        keys, places = prepare(connection, given.members, given.projects)
        plain = Boto3(connection, keys, places)
        everything = full(keys, places)
        own = full([{**key, "service_accounts": True} for key in keys], places)
        tried = probe(connection, *everything)["tried"]
        with tempfile.TemporaryDirectory() as directory:
            playbook = Playbook(directory, connection, keys, places)
            for _round in range(given.rounds):
                measured["probe"].append(seconds(lambda: probe(connection, *everything)))
                measured["loop"].append(seconds(plain.loop))
                measured["parallel"].append(seconds(plain.parallel))
                empty = seconds(lambda: playbook.run("empty"))
                measured["task"].append(seconds(lambda: playbook.run("task")) - empty)
            own_accounts = seconds(lambda: probe(connection, *own))
    finally:
        server.remove(force=True, v=True)
    about_objects = 4 * len(keys) * len(places)
    pairs = list(zip(measured["probe"], measured["loop"], measured["parallel"], strict=True))
    print(f"{len(keys)} keys at {len(places)} places: {about_objects} questions about objects")
    print(f"all {tried['requests']} questions of minio_access     {spread(measured['probe'])} s")
    print(f"the same, as a task less an empty play  {spread(measured['task'])} s")
    print(f"the same, with service accounts         {own_accounts:6.2f} s")
    print(f"boto3, {about_objects} questions in a loop       {spread(measured['loop'])} s")
    print(f"boto3, {PARALLEL} at a time                      {spread(measured['parallel'])} s")
    print(f"ratio to the loop, pair by pair         {spread([ours / loop for ours, loop, _parallel in pairs])}")
    print(f"ratio to {PARALLEL} at a time                    {spread([ours / eight for ours, _loop, eight in pairs])}")


if __name__ == "__main__":
    main()
