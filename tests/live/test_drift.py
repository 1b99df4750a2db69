"""What is changed by hand is repaired and nothing else is: a table of mutations on the running stack.

Each row breaks one thing that one or two tasks repair. Rows of different tasks are broken together: a run must name and
repair exactly them. The next run proves that nothing was left to do, and the last test says so once more. Rows that say
so are foretold in check mode first.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import docker
import pytest
from s3 import s3_client
from sessions import execute_sql

BIN = Path(sys.executable).parent
SERVICES = ("gateway", "postgres", "minio", "mlflow")


@pytest.fixture(scope="module")
def engine():
    return docker.from_env()


@pytest.fixture
def site(stack):
    """site() runs the whole site and returns the names of the tasks that changed something."""

    def run(*arguments: str) -> set[str]:
        ran = stack.playbook("site.yml", "--diff", *arguments, callback="ansible.posix.json")
        tasks = [task for play in json.loads(ran.stdout)["plays"] for task in play["tasks"]]
        return {
            task["task"]["name"].removeprefix("repro.stack.")
            for task in tasks
            for host in task["hosts"].values()
            if host.get("changed")
        }

    return run


def containers(engine) -> dict[str, tuple[str, str]]:
    found = {name: engine.api.inspect_container(f"test-{name}") for name in SERVICES}
    return {name: (each["Id"], each["State"]["StartedAt"]) for name, each in found.items()}


def recreate(engine, name: str, *arguments: str) -> None:
    """Make the container anew by hand, as it was but for the arguments: what an engineer does to try something."""
    there = engine.api.inspect_container(f"test-{name}")
    config, host = there["Config"], there["HostConfig"]
    command = ["docker", "run", "--detach", "--name", f"test-{name}", "--user", config["User"], "--read-only"]
    command += ["--network", "test-repro", "--network-alias", name, "--restart", "unless-stopped", "--init"]
    command += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]
    command += [word for bind in host["Binds"] for word in ("--volume", bind)]
    command += [word for path in host["Tmpfs"] for word in ("--tmpfs", path)]
    command += [word for label in config["Labels"].items() for word in ("--label", "=".join(label))]
    command += [word for variable in config["Env"] for word in ("--env", variable)]
    for port, bindings in (host["PortBindings"] or {}).items():
        for binding in bindings:
            command += ["--publish", f"{binding['HostIp']}:{binding['HostPort']}:{port.removesuffix('/tcp')}"]
    engine.api.remove_container(f"test-{name}", force=True)
    subprocess.run([*command, *arguments, config["Image"], *(config["Cmd"] or [])], check=True, capture_output=True)


def removed(name: str):
    return lambda engine, _stack: engine.api.remove_container(f"test-{name}", force=True)


def recreated(name: str, *arguments: str):
    return lambda engine, _stack: recreate(engine, name, *arguments)


def edited(path: str, line: str):
    def edit(_engine, stack):
        file = stack.root / path
        file.write_text(file.read_text() + line)

    return edit


def opened(path: str):
    return lambda _engine, stack: (stack.root / path).chmod(0o644)


def stopped(name: str):
    return lambda engine, _stack: engine.api.stop(f"test-{name}", timeout=5)


def hung(name: str):
    """Its processes stand still, and the engine has asked in vain for a minute."""

    def hang(engine, _stack):
        for row in engine.containers.get(f"test-{name}").top()["Processes"]:
            os.kill(int(row[1]), signal.SIGSTOP)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            found = engine.api.inspect_container(f"test-{name}")
            interval = found["Config"]["Healthcheck"]["Interval"] / 1e9
            if found["State"]["Health"]["FailingStreak"] * interval >= 60:
                return
            time.sleep(1)
        pytest.fail(f"the engine does not find {name} unhealthy")

    return hang


def directory_removed(path: str):
    return lambda _engine, stack: shutil.rmtree(stack.root / path)


def by_docker(*arguments: str):
    return lambda _engine, _stack: subprocess.run(["docker", *arguments], check=True, capture_output=True)


def overridden(engine, stack):
    edited("srv/postgres/data/postgresql.auto.conf", "log_statement = 'all'\n")(engine, stack)
    engine.api.kill("test-postgres", signal.SIGHUP)


def template_unlisted(_engine, stack):
    (stack.root / TEMPLATE / "info" / "refs").write_text("")


def template_unreadable(_engine, stack):
    """An object is gone, so that git cannot make a clone any more."""
    shutil.rmtree(stack.root / TEMPLATE / "objects")


def template_moved(_engine, stack):
    shutil.rmtree(stack.root / "srv/moved", ignore_errors=True)
    (stack.root / TEMPLATE).rename(stack.root / "srv/moved")
    (stack.root / TEMPLATE).symlink_to("../../moved")


def way_closed(_engine, stack):
    (stack.root / TEMPLATE).parent.chmod(0o750)


def sql(statement: str, database: str = "mlflow"):
    return lambda _engine, stack: execute_sql(stack.postgres_socket, statement, database=database)


def s3(stack):
    return s3_client(
        "http://127.0.0.1:19000", stack.secrets["vault_minio_root_user"], stack.secrets["vault_minio_root_password"]
    )


def bucket_opened(_engine, stack):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::datasets/*"}
    s3(stack).put_bucket_policy(
        Bucket="datasets", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def versioning_suspended(_engine, stack):
    s3(stack).put_bucket_versioning(Bucket="dvc", VersioningConfiguration={"Status": "Suspended"})
    s3(stack).delete_bucket_lifecycle(Bucket="dvc")


def iam(module: str, **options: t.Any):
    """As root, by the module for a single identity: the engine is the same, the caller and the wish are not."""

    def change(_engine, stack):
        caller = {
            "endpoint": "http://127.0.0.1:19000",
            "access_key": stack.secrets["vault_minio_root_user"],
            "secret_key": stack.secrets["vault_minio_root_password"],
        }
        interpreter = json.dumps({"ansible_python_interpreter": sys.executable})
        arguments = json.dumps({**caller, **options})
        subprocess.run(
            [BIN / "ansible", "localhost", "-e", interpreter, "-m", f"repro.stack.{module}", "-a", arguments],
            env={**os.environ, "ANSIBLE_CONFIG": str(stack.project / "ansible.cfg")},
            cwd=stack.project,
            check=True,
            capture_output=True,
        )

    return change


def run_of(name: str) -> str:
    return f"service_container : Run test-{name}"


def files_of(name: str) -> str:
    return f"service_container : Write the files of test-{name}"


class Mutation(t.NamedTuple):
    name: str
    make: t.Callable[[t.Any, t.Any], t.Any]
    changed: set[str]
    restarted: set[str] = frozenset()
    foretold: bool = False


BUCKETS = "minio : configure | Keep the buckets"
PUBLISHED = "cookiecutter_publish : Publish the template"
IDENTITIES = "minio : configure | Keep the identities"
ADMINISTRATOR = "minio : configure | Have root make the administrator"
DATABASES = "postgres : configure | Give each service a role that owns its database"
UPGRADE = {
    "mlflow : upgrade | Take the server away while its database changes",
    "mlflow : upgrade | Upgrade the database",
}
TEMPLATE = "srv/git/platform/cookiecutter-ds-project"
WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}

TABLE = [
    *(Mutation(f"{name} removed", removed(name), {run_of(name)}, {name}) for name in SERVICES),
    Mutation("gateway stopped", stopped("gateway"), {run_of("gateway")}, {"gateway"}),
    Mutation("capability", recreated("gateway", "--cap-add", "NET_ADMIN"), {run_of("gateway")}, {"gateway"}, True),
    Mutation("device", recreated("minio", "--device", "/dev/fuse"), {run_of("minio")}, {"minio"}),
    Mutation("host entry", recreated("mlflow", "--add-host", "x:192.0.2.1"), {run_of("mlflow")}, {"mlflow"}),
    Mutation("dns server", recreated("mlflow", "--dns", "192.0.2.1"), {run_of("mlflow")}, {"mlflow"}),
    Mutation("port", recreated("minio", "--publish", "127.0.0.1:19009:9000"), {run_of("minio")}, {"minio"}),
    Mutation("privileged", recreated("gateway", "--privileged"), {run_of("gateway")}, {"gateway"}),
    Mutation("another network", by_docker("network", "connect", "bridge", "test-gateway"), {run_of("gateway")}),
    Mutation(
        "memory raised",
        by_docker("update", "--memory", "3g", "--memory-swap", "3g", "test-minio"),
        {run_of("minio")},
        foretold=True,
    ),
    Mutation(
        "not restarted after a crash", by_docker("update", "--restart", "no", "test-postgres"), {run_of("postgres")}
    ),
    Mutation("hung", hung("gateway"), {run_of("gateway")}, {"gateway"}),
    Mutation("paused", by_docker("pause", "test-mlflow"), {run_of("mlflow")}),
    Mutation(
        "configuration edited",
        edited("opt/gateway/nginx.conf", "# by hand\n"),
        {files_of("gateway"), run_of("gateway")},
        {"gateway"},
        True,
    ),
    Mutation("secret edited", edited("opt/minio/root_password", "x"), {files_of("minio"), run_of("minio")}, {"minio"}),
    Mutation("secret opened", opened("opt/minio/root_password"), {files_of("minio")}),
    Mutation(
        "scratch directory removed",
        directory_removed("srv/mlflow/tmp"),
        {files_of("mlflow"), run_of("mlflow")},
        {"mlflow"},
        True,
    ),
    Mutation("bucket opened", bucket_opened, {BUCKETS}),
    Mutation("versioning suspended, lifecycle removed", versioning_suspended, {BUCKETS}),
    Mutation("policy detached", iam("minio_user", name="platform", policies=[]), {IDENTITIES}, foretold=True),
    Mutation("policy widened", iam("minio_policy", name="platform", document=WIDE), {IDENTITIES}),
    Mutation("account widened", iam("minio_svcacct", name="mlflow", policy=WIDE), {IDENTITIES}),
    Mutation("account disabled", iam("minio_svcacct", name="mlflow", enabled=False), {IDENTITIES}),
    Mutation("account's secret", iam("minio_svcacct", name="mlflow", secret="changed-by-hand"), {IDENTITIES}),
    Mutation(
        "administrator's secret", iam("minio_user", name="administrator", secret="by-hand-again"), {ADMINISTRATOR}
    ),
    Mutation("database password", sql("ALTER ROLE mlflow PASSWORD 'by hand'"), {DATABASES}, foretold=True),
    Mutation(
        "settings for every role", sql("ALTER ROLE ALL SET idle_session_timeout = '1d'"), {DATABASES}, foretold=True
    ),
    Mutation("database owner", sql("ALTER DATABASE mlflow OWNER TO postgres"), {DATABASES}),
    # not in the wave that starts the server, which forgets them
    Mutation("overriding settings of the server", overridden, {DATABASES}),
    Mutation("database opened", sql("GRANT CONNECT ON DATABASE mlflow TO PUBLIC"), {DATABASES}),
    Mutation(
        "grant deleted",
        sql("REVOKE ALL ON SCHEMA public FROM mlflow; ALTER SCHEMA public OWNER TO postgres"),
        {DATABASES},
    ),
    Mutation(
        "database dropped",
        sql("DROP DATABASE mlflow WITH (FORCE)", "postgres"),
        {DATABASES, *UPGRADE, run_of("mlflow")},
        {"mlflow"},
    ),
    Mutation("published template unlisted", template_unlisted, {PUBLISHED}, foretold=True),
    Mutation("published template unreadable", template_unreadable, {PUBLISHED}),
    Mutation("way to the published template closed", way_closed, {PUBLISHED}),
    Mutation("published template behind a link", template_moved, {PUBLISHED}),
]


def waves(table: t.Iterable[Mutation]) -> list[list[Mutation]]:
    """No two of a wave are repaired by the same task, so that each shows in what a run changed."""
    made: list[list[Mutation]] = []
    for row in table:
        for wave in made:
            if wave[0].foretold == row.foretold and not any(row.changed & other.changed for other in wave):
                wave.append(row)
                break
        else:
            made.append([row])
    return made


@pytest.mark.parametrize("wave", waves(TABLE), ids=lambda wave: ", ".join(row.name for row in wave))
def test_drift_is_foretold_and_repaired(wave, engine, site, stack):
    before = containers(engine)
    for row in sorted(wave, key=lambda row: len(row.restarted)):  # what needs a service comes before what stops one
        row.make(engine, stack)
    restarted = set().union(*(row.restarted for row in wave))
    changed = set().union(*(row.changed for row in wave))
    if wave[0].foretold:
        assert site("--check") == changed
    assert site() == changed
    after = containers(engine)
    assert {name for name in SERVICES if after[name] != before[name]} == restarted


def test_then_nothing_is_left_to_do(engine, site):
    before = containers(engine)
    assert site() == set()
    assert containers(engine) == before
