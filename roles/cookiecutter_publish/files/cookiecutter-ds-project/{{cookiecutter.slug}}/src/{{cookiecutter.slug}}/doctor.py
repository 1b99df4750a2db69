"""Is every address, key and certificate of this project in order? One table; the exit code says whether all is."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import ssl
import subprocess
import sys
import tomllib
import typing as t
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import mlflow
import psutil
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.rwlock import RWLOCK_FILE, SCHEMA
from voluptuous import Invalid

from .provenance import without_password

ROOT = Path(__file__).resolve().parents[2]
SLUG = __package__ or Path(__file__).parent.name
SETTINGS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["stack"]
SECONDS = 10
# By these a service is known that refuses a stranger, and so is not somebody else's sign-in before it.
S3, CONTAINERS = "x-amz-request-id", "docker-distribution-api-version"
SECRETS = {"access_key_id", "secret_access_key", "session_token", "password"}
# As in DVC, these variables of the environment go before a remote's options.
CREDENTIALS_FILE = "AWS_SHARED_CREDENTIALS_FILE"
FILES = {"credentialpath": (CREDENTIALS_FILE, "credentials_file"), "configpath": ("AWS_CONFIG_FILE", "config_file")}
DECIDING = {"env": "AWS_ACCESS_KEY_ID", "shared-credentials-file": CREDENTIALS_FILE}
# A body that is not what its checksum says is refused after the key was checked, and so writes nothing.
WRONG_MD5 = "AAAAAAAAAAAAAAAAAAAAAA=="


class Row(t.NamedTuple):
    what: str
    state: str  # ok, WRONG, or note: nothing that must be repaired
    detail: str


def run(*argv: str) -> tuple[bool, str]:
    """Whether a program succeeded, and the line of what it said that says most."""
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    try:
        done = subprocess.run(argv, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=6 * SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or [""]
    return done.returncode == 0, next((line for line in lines if line.startswith(("error: ", "fatal: "))), lines[-1])


def verified_by() -> str | bool:
    return SETTINGS["ca_bundle"] or True


def python() -> Iterator[Row]:
    uv = os.environ.get("UV", "uv")
    for what, argv, way in (
        ("lock", ("lock", "--check"), "run `uv lock` and commit uv.lock"),
        ("environment", ("sync", "--frozen", "--check"), "run `uv sync --frozen`"),
    ):
        fine, said = run(uv, *argv)
        yield Row(what, "ok", "as pyproject.toml and uv.lock say") if fine else Row(what, "WRONG", f"{said}: {way}")


def git() -> Iterator[Row]:
    known, address = run("git", "remote", "get-url", "origin")
    if not known:
        yield Row("git remote", "note", "none yet: git remote add origin <address>")
    else:
        fine, said = run("git", "ls-remote", "--quiet", "origin", "HEAD")
        yield Row("git remote", "ok" if fine else "WRONG", address if fine else f"{address}: {said}")
    folder = run("git", "rev-parse", "--git-path", "hooks")[1]
    missing = [name for name in ("pre-commit", "pre-push") if not (ROOT / folder / name).is_file()]
    detail = f"{', '.join(missing)} missing: run `make hooks`" if missing else "installed"
    yield Row("git hooks", "note" if missing else "ok", detail)


def answers(what: str, address: str, path: str = "", refuses_as: str = "") -> tuple[Row, str]:
    """Whether a service answers at all, whatever it says; and what it said."""
    try:
        answer = requests.get(address.rstrip("/") + path, timeout=SECONDS, verify=verified_by(), allow_redirects=False)
    except requests.exceptions.InvalidURL:  # of which requests tells a part, maybe of a password
        return Row(what, "WRONG", f"{address} is not an address; in a password, / ? # are %2F %3F %23"), ""
    except requests.RequestException as error:
        reason = str(error.args[0] if error.args else error).split(": ")[-1].strip("'\")")
        return Row(what, "WRONG", f"{address} does not answer: {reason}"), ""
    except OSError as error:  # there is no file at ca_bundle
        return Row(what, "WRONG", f"{address} cannot be asked: {error}"), ""
    refused = answer.status_code in (401, 403) and refuses_as not in answer.headers
    if refused or answer.status_code >= 500:
        return Row(what, "WRONG", f"{address} answers {answer.status_code}"), ""
    return Row(what, "ok", address), answer.text


def certificates() -> Iterator[Row]:
    bundle = SETTINGS["ca_bundle"]
    if not bundle:
        yield Row("certificates", "ok", "the machine's own")
        return
    try:
        count = len(ssl.create_default_context(cafile=bundle).get_ca_certs())
        yield Row("certificates", "ok", f"{bundle}, {count} authorities")
    except (OSError, ssl.SSLError) as error:
        yield Row("certificates", "WRONG", f"{bundle}: {error.strerror or error}")


def mlflow_server() -> Iterator[Row]:
    address = os.environ.get("MLFLOW_TRACKING_URI") or SETTINGS["mlflow_tracking_uri"]
    row, version = answers("mlflow", address, "/version")
    if row.state == "ok":
        same = version.split(".")[:2] == mlflow.__version__.split(".")[:2]
        row = Row("mlflow", "ok" if same else "note", f"{address}, server {version[:20]}, here {mlflow.__version__}")
    yield row


def registry() -> Iterator[Row]:
    where = SETTINGS["container_registry"]
    if not where:
        yield Row("registry", "note", "none: images stay on this machine")
        return
    host = where.partition("/")[0]
    secure, _ = answers("registry", f"https://{host}", "/v2/", CONTAINERS)
    plain, _ = answers("registry", f"http://{host}", "/v2/", CONTAINERS) if secure.state != "ok" else (secure, "")
    yield secure if plain.state != "ok" else plain


def client(remote: dict[str, t.Any]) -> tuple[t.Any, str]:
    """An S3 client with the key that DVC would use, and the name of that key."""
    session = botocore.session.Session(profile=remote.get("profile"))
    for option, (variable, name) in FILES.items():
        if remote.get(option) and variable not in os.environ:
            session.set_config_variable(name, str(Path(remote[option]).expanduser()))
    s3 = session.create_client(
        "s3",
        region_name=remote.get("region"),
        endpoint_url=remote.get("endpointurl"),
        verify=remote.get("ssl_verify"),
        config=Config(
            connect_timeout=SECONDS,
            read_timeout=SECONDS,
            retries={"max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
        **{f"aws_{part}": remote.get(part) for part in ("access_key_id", "secret_access_key", "session_token")},
    )
    key = session.get_credentials()
    if remote.get("access_key_id") or not key:
        return s3, remote.get("access_key_id", "")
    variable = DECIDING.get(key.method, "")
    return s3, f"{key.access_key} of {variable}" if variable in os.environ else key.access_key


def ask(s3: t.Any, operation: str, **arguments: object) -> None:
    """An answer that is an error names its operation; where there is none, this does."""
    try:
        getattr(s3, operation)(**arguments)
    except BotoCoreError as error:
        raise OSError(f"no answer at {s3.meta.method_to_api_mapping[operation]}: {error}") from error


def rights(s3: t.Any, bucket: str, prefix: str) -> str:
    ask(s3, "list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/", MaxKeys=1)
    with contextlib.suppress(s3.exceptions.NoSuchKey):
        ask(s3, "get_object", Bucket=bucket, Key=f"{prefix}/doctor")
    try:
        ask(s3, "put_object", Bucket=bucket, Key=f"{prefix}/doctor", Body=b"doctor", ContentMD5=WRONG_MD5)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDenied":
            return "reads"
        if code not in ("BadDigest", "InvalidDigest"):
            raise
    return "reads and writes"


def remotes(config: dict[str, t.Any]) -> Iterator[Row]:
    for name in ("dev", "prod"):
        remote = config["remote"].get(name)
        if not remote:
            yield Row(f"data {name}", "WRONG", f".dvc/config has no remote {name}")
            continue
        bucket, _, prefix = remote["url"].removeprefix("s3://").rstrip("/").partition("/")
        faults = [] if remote.get("verify") else ["verify is not true"]
        faults += [] if prefix == f"{SLUG}/{name}" else [f"the prefix is not {SLUG}/{name}"]
        if faults:
            yield Row(f"remote {name}", "WRONG", f"{remote['url']} in .dvc/config: {', '.join(faults)}")
        shown = remote["url"]
        try:
            s3, key = client(remote)
            if not key:
                way = "run `make key FILE=<key file>`"
                if CREDENTIALS_FILE in os.environ:
                    way = f"{CREDENTIALS_FILE} names a file without one: correct or unset it"
                yield Row(f"data {name}", "WRONG", f"{shown}: no key, {way}")
                continue
            shown += f", key {key}"
            yield Row(f"data {name}", "ok", f"{shown} {rights(s3, bucket, prefix)}")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # Those who train do not see prod, and those who promote do not work in dev.
            state = "note" if name == "prod" and code == "AccessDenied" else "WRONG"
            yield Row(f"data {name}", state, f"{shown}: {code} at {error.operation_name}")
        except (BotoCoreError, OSError, ValueError) as error:
            yield Row(f"data {name}", "WRONG", f"{shown}: {error}")


def locks() -> Iterator[Row]:
    """What a killed DVC left. Its other lock, .dvc/tmp/lock, ends with its process."""
    file = ROOT / ".dvc" / "tmp" / RWLOCK_FILE
    way = f"if no dvc runs here, remove {file.relative_to(ROOT)}"
    try:
        held = SCHEMA(json.loads(file.read_text())) if file.exists() else {"read": {}, "write": {}}
    except (ValueError, Invalid):
        yield Row("locks", "WRONG", f"{file.name} is not what DVC writes, as where one was killed: {way}")
        return
    holders = [*held["write"].values(), *(each for several in held["read"].values() for each in several)]
    state, found = "ok", []
    for pid, command in sorted({(holder["pid"], holder["cmd"]) for holder in holders}):
        if not psutil.pid_exists(pid):
            continue  # DVC itself drops the locks of a process that is gone
        now = ""
        with contextlib.suppress(psutil.Error):
            now = " ".join(psutil.Process(pid).cmdline())
        if now and now.endswith(command.partition(" ")[2]):
            state = "note" if state == "ok" else state
            found.append(f"`{command}` is at work as process {pid}")
        else:
            state = "WRONG"
            found.append(f"process {pid}, once `{command}`, is now `{now}` and blocks DVC: {way}")
    yield Row("locks", state, "; ".join(found) or "none")


def data() -> Iterator[Row]:
    with Repo(ROOT) as repo:
        committed = repo.config.load_one("repo")
        found = {name for remote in committed.get("remote", {}).values() for name in remote if name in SECRETS}
        fine = repo.config["core"].get("remote") == "dev" and not found
        detail = "default is dev, no secret in it"
        if found:
            detail = f"holds {', '.join(sorted(found))}: move it with `dvc remote modify --local`, and change that key"
        elif not fine:
            detail = "the default remote is not dev: run `uv run dvc remote default dev`"
        yield Row(".dvc/config", "ok" if fine else "WRONG", detail)
        dev = repo.config["remote"].get("dev", {})
        yield answers("object store", dev.get("endpointurl") or SETTINGS["s3_endpoint"], refuses_as=S3)[0]
        yield from remotes(repo.config)


def rows_of(check: t.Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """What a check finds; what stops it is a row as well, and the next check comes."""
    try:
        yield from check()
    except (OSError, ValueError, LookupError, DvcException, BotoCoreError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        yield Row(check.__name__.replace("_", " "), "WRONG", f"could not be looked at: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {SLUG}.doctor", description=__doc__)
    parser.add_argument("only", nargs="?", choices=["data"], help="no more than what a command of DVC needs")
    checks = (locks, data)
    if parser.parse_args().only is None:
        checks = (python, git, certificates, *checks, mlflow_server, registry)
    rows = [row for check in checks for row in rows_of(check)]
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(f"{row.what:<{width}}  {row.state:<5}  {without_password(row.detail)}")
    return 1 if any(row.state == "WRONG" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
