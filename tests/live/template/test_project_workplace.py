"""What the hooks refuse, and what the doctor finds."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from own_minio import Minio
from workplace import KEYS, SLUG, Project


@pytest.fixture
def staged(project: Project):
    """A way to try a commit of one file, which leaves no trace."""
    before = project.git("rev-parse", "HEAD")

    def commit(name: str, content: bytes | str) -> tuple[bool, str]:
        file = project.path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        project.git("add", "--force", name)
        done = project.run("git", "commit", "--message", f"Add {name}", check=False)
        return done.returncode == 0, done.stdout

    yield commit
    project.git("reset", "--quiet", "--hard", before)


def test_large_file_is_refused(staged):
    done, said = staged("big.bin", os.urandom(513 * 1024))
    assert not done and "big.bin (513 KB) exceeds 512 KB" in said


def test_file_that_grew_is_refused(staged):
    assert staged("grows.txt", "a line\n" * 1000)[0]
    done, said = staged("grows.txt", "a line\n" * 100_000)
    assert not done and "grows.txt (684 KB) exceeds 512 KB" in said


@pytest.mark.parametrize(
    "call",
    [
        'boto3.client("s3", aws_access_key_id="alice", aws_secret_access_key="{}")',
        'Minio("h", secret_key="{}")',
        's3fs.S3FileSystem(key="alice", secret="{}")',
    ],
)
def test_key_in_a_call_is_refused(call, staged):
    key = "q8Zk2mWf4Xv7Rt1N" + "y6Lb3Hc9Jd5Gp0Ts"
    done, said = staged("call.txt", call.format(key) + "\n")
    assert not done and "Potential secrets" in said and "call.txt" in said


def test_everything_in_a_new_project_passes_its_own_hooks(project):
    """As a file does that is changed later: the manifest at every `make push`."""
    project.run("uv", "run", "--frozen", "--no-sync", "pre-commit", "run", "--all-files")


def added(project: Project, name: str, content: bytes) -> Path:
    """Data that `dvc add` took: a file, or a folder where the name says so."""
    file = project.path / "data" / "raw" / name
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_bytes(content)
    project.dvc("add", f"data/raw/{name.partition('/')[0]}")
    return file


def push(project: Project) -> tuple[bool, str]:
    done = project.run("git", "push", "--quiet", "origin", "HEAD", check=False)
    return done.returncode == 0, done.stdout


def test_own_data_reaches_others(branch, tmp_path):
    files = [added(branch, name, os.urandom(2000)) for name in ("customers.csv", "year=2024/january/sales.csv")]
    branch.commit("Add our data")
    assert branch.git("status", "--porcelain") == ""
    tracked = branch.git("ls-files", "data/raw").splitlines()
    assert {"data/raw/customers.csv.dvc", "data/raw/year=2024.dvc"} < set(tracked)
    assert not {str(file.relative_to(branch.path)) for file in files} & set(tracked)
    done, said = push(branch)
    assert not done and "Push refused: DVC remote dev: data/raw/customers.csv, data/raw/year=2024" in said
    assert "run `uv run dvc push` first" in said
    branch.dvc("push")
    assert push(branch)[0]
    clone = branch.clone(tmp_path / SLUG)
    clone.git("checkout", "--quiet", f"origin/{branch.git('branch', '--show-current')}")
    clone.make("key", f"FILE={KEYS / 'bob'}")
    clone.dvc("pull", "data/raw/customers.csv", "data/raw/year=2024")
    for file in files:
        assert (clone.path / file.relative_to(branch.path)).read_bytes() == file.read_bytes()


def test_folder_whose_list_is_nowhere_is_missed(branch):
    added(branch, "pictures/one.png", os.urandom(2000))
    branch.commit("Add pictures")
    listed = yaml.safe_load((branch.path / "data/raw/pictures.dvc").read_text())["outs"][0]["md5"]
    shutil.rmtree(branch.path / "data/raw/pictures")
    (branch.path / ".dvc/cache/files/md5" / listed[:2] / listed[2:]).unlink()
    done, said = push(branch)
    assert not done and "Push refused: DVC remote dev: data/raw/pictures of commit" in said
    assert "nor from this machine" in said


def test_data_with_a_remote_of_its_own_is_looked_for_there(branch, bucket):
    content = os.urandom(2000)
    added(branch, "approved.csv", content)
    named = branch.path / "data/raw/approved.csv.dvc"
    named.write_text(named.read_text() + "  remote: prod\n")
    branch.commit("Add approved data")
    done, said = push(branch)
    assert not done and "Push refused: DVC remote prod: data/raw/approved.csv of commit" in said
    md5 = yaml.safe_load(named.read_text())["outs"][0]["md5"]
    bucket.write(f"{SLUG}/prod/files/md5/{md5[:2]}/{md5[2:]}", content)
    assert push(branch)[0]


def test_file_that_was_removed_in_the_bucket_is_missed_and_brought_back(branch, bucket):
    """DVC itself takes a folder for whole whose list is there."""
    added(branch, "pictures/one.png", os.urandom(2000))
    branch.commit("Add pictures")
    before = bucket.keys(f"{SLUG}/dev/")
    branch.dvc("push")
    (lost,) = (key for key in set(bucket.keys(f"{SLUG}/dev/")) - set(before) if not key.endswith(".dir"))
    content = bucket.read(lost)
    bucket.clear(lost)
    assert "Everything is up to date" in branch.dvc("push").stdout
    done, said = push(branch)
    assert not done and "Push refused: DVC remote dev: data/raw/pictures/one.png of commit" in said
    assert "run `uv run python ci/pushed_objects.py --push origin " in said
    branch.run("bash", "-c", re.search("run `(.*?)`", said)[1])
    assert bucket.read(lost) == content and push(branch)[0]


def test_bucket_that_is_not_there_is_said(branch, administrator_key):
    added(branch, "customers.csv", os.urandom(2000))
    branch.commit("Add our data")
    kept = (branch.path / ".dvc" / "config.local").read_text()
    try:
        branch.make("key", f"FILE={administrator_key}")
        branch.dvc("remote", "modify", "--local", "dev", "url", f"s3://nowhere/{SLUG}/dev")
        done, said = push(branch)
    finally:
        (branch.path / ".dvc" / "config.local").write_text(kept)
    assert not done and "the DVC remote cannot be asked (there is no bucket nowhere). See `make doctor`" in said


def test_key_is_refused(staged):
    done, said = staged("notes.ini", (KEYS / "alice").read_text())
    assert not done and "Potential secrets" in said and "notes.ini" in said


def test_private_key_is_refused(staged):
    begin = "-----BEGIN RSA " + "PRIVATE KEY-----"
    done, said = staged("server.txt", f"{begin}\nx\n")
    assert not done and "server.txt" in said


def test_yaml_that_cannot_be_read_is_refused(staged):
    done, said = staged("broken.yaml", "a: [1, 2\n")
    assert not done and "broken.yaml" in said


def test_python_is_linted(staged):
    done, said = staged("tool.py", "x = undefined\n")
    assert not done and "F821" in said


def test_python_is_formatted(staged, project):
    done, _said = staged("other.py", "x   =  1\n")
    assert not done and (project.path / "other.py").read_text() == "x = 1\n"


def test_notebook_goes_in_without_outputs(staged, project):
    output = {"output_type": "stream", "name": "stdout", "text": ["a customer's name\n"]}
    cell = {"cell_type": "code", "execution_count": 3, "id": "a", "metadata": {}, "outputs": [output], "source": ["1"]}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    done, _said = staged("look.ipynb", json.dumps(notebook))
    assert not done
    project.git("add", "look.ipynb")
    project.git("commit", "--quiet", "--message", "Look")
    assert "customer" not in project.git("show", "HEAD:look.ipynb")


@pytest.fixture
def administrator_key(minio: Minio, tmp_path: Path) -> Path:
    """To which a bucket that is not there is not just a forbidden one."""
    file = tmp_path / "administrator"
    file.write_text(f"[default]\naws_access_key_id = {minio.access_key}\naws_secret_access_key = {minio.secret_key}\n")
    return file


@pytest.fixture
def patient(project: Project, tmp_path: Path) -> Project:
    """A copy that may be made ill."""
    shutil.copytree(project.path, tmp_path / SLUG, symlinks=True, ignore=shutil.ignore_patterns(".venv", "cache"))
    copy = Project(tmp_path / SLUG, project.environment)
    copy.run("uv", "sync", "--frozen", "--quiet")
    return copy


def doctor(project: Project, *only: str, **env: str) -> tuple[int, dict[str, tuple[str, str]]]:
    done = project.run(".venv/bin/python", "-m", f"{SLUG}.doctor", *only, check=False, **env)
    rows = {line[:13].strip(): (line[13:20].strip(), line[20:].strip()) for line in done.stdout.splitlines()}
    for file in KEYS.glob("[!.]*"):
        assert file.read_text().split("aws_secret_access_key = ")[1].split()[0] not in done.stdout
    return done.returncode, rows


def edit(project: Project, name: str, old: str, new: str) -> None:
    file = project.path / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_doctor_finds_a_healthy_project_in_order(patient):
    code, rows = doctor(patient)
    assert code == 0 and "WRONG" not in [state for state, _detail in rows.values()]
    assert rows["data dev"][1].endswith("key alice reads and writes")
    assert rows["data prod"][1].endswith("key alice reads")
    assert rows["mlflow"][0] == "ok" and rows["git remote"][0] == "ok"
    patient.make("key", f"FILE={KEYS / 'bob'}")
    assert doctor(patient)[1]["data dev"][1].endswith("key bob reads")


def test_doctor_names_what_is_ill(patient, tmp_path):
    stranger = tmp_path / "key"
    stranger.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = " + "wrong" * 4 + "\n")
    patient.make("key", f"FILE={stranger}")
    patient.git("remote", "set-url", "origin", "http://127.0.0.1:9/nowhere.git")
    edit(patient, "pyproject.toml", 'eval = ["matplotlib"]', "eval = []")
    (patient.path / ".git" / "hooks" / "pre-push").unlink()
    code, rows = doctor(patient, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert code == 1
    wrong = {what for what, (state, _detail) in rows.items() if state == "WRONG"}
    assert wrong == {"lock", "environment", "git remote", "data dev", "data prod", "mlflow"}
    assert "key nobody: InvalidAccessKeyId" in rows["data dev"][1]
    assert rows["git hooks"] == ("note", "pre-push missing: run `make hooks`")


def test_doctor_says_which_operation_failed(patient, administrator_key):
    def dev(option: str, value: str) -> str:
        patient.dvc("remote", "modify", "--local", "dev", option, value)
        code, rows = doctor(patient, "data")
        patient.dvc("remote", "modify", "--local", "--unset", "dev", option)
        assert code == 1 and rows["data dev"][0] == "WRONG" and rows["object store"][0] == "ok"
        return rows["data dev"][1]

    assert dev("url", "s3://dvc/other/dev") == "s3://dvc/other/dev, key alice: AccessDenied at ListObjectsV2"
    patient.make("key", f"FILE={administrator_key}")
    nowhere = f"s3://nowhere/{SLUG}/development"
    assert dev("url", nowhere) == f"{nowhere}, key administrator: NoSuchBucket at ListObjectsV2"


def test_doctor_says_who_does_not_answer(patient):
    patient.dvc("remote", "modify", "--local", "dev", "endpointurl", "http://ada:wonder@127.0.0.1:9")
    code, rows = doctor(patient, "data", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert code == 1 and set(rows) == {"locks", ".dvc/config", "object store", "data dev", "data prod"}
    assert f"s3://dvc/{SLUG}/dev, key alice: no answer at ListObjectsV2: Could not connect" in rows["data dev"][1]
    assert "wonder" not in str(rows) and rows["data prod"][0] == "ok"
    assert doctor(patient, "nonsense")[0] == 2


def test_doctor_shows_no_password_of_an_address(patient):
    code, rows = doctor(patient, MLFLOW_TRACKING_URI="http://ada:wonder@127.0.0.1:15000")
    assert code == 0 and rows["mlflow"][1].startswith("http://127.0.0.1:15000, server ")
    for address in ("http://ada:wonder@127.0.0.1:9", "http://ada:won/der@127.0.0.1:9"):
        code, rows = doctor(patient, MLFLOW_TRACKING_URI=address)
        assert code == 1 and rows["mlflow"][0] == "WRONG" and "won" not in str(rows)
    assert rows["mlflow"][1].startswith("http://127.0.0.1:9 is not an address")


def test_doctor_tries_the_key_that_dvc_uses(patient):
    """What the environment names goes before the file of the remote, and a key in config.local before all."""

    def used_by_dvc(**env: str) -> str:
        code = "from dvc.repo import Repo; fs = Repo().cloud.get_remote().fs.fs; fs.connect()"
        code += "; print(fs.s3._request_signer._credentials.access_key)"
        return patient.run(".venv/bin/python", "-c", code, **env).stdout.strip()

    assert used_by_dvc() == "alice"
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(KEYS / "bob")}
    _code, rows = doctor(patient, "data", **env)
    assert rows["data dev"][1].endswith("key bob of AWS_SHARED_CREDENTIALS_FILE reads")
    assert used_by_dvc(**env) == "bob"
    code, rows = doctor(patient, "data", AWS_SHARED_CREDENTIALS_FILE="/nowhere")
    assert code == 1 and "no key, AWS_SHARED_CREDENTIALS_FILE names a file without one" in rows["data dev"][1]
    env = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": str(KEYS / "bob")}
    assert doctor(patient, "data", **env)[1]["data dev"][1].endswith("key bob reads")
    assert used_by_dvc(**env) == "bob"
    env = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "wrong" * 4}
    code, rows = doctor(patient, "data", **env)
    assert code == 1 and "key nobody of AWS_ACCESS_KEY_ID: InvalidAccessKeyId at ListObjectsV2" in rows["data dev"][1]
    assert used_by_dvc(**env) == "nobody"
    patient.dvc("remote", "modify", "--local", "dev", "access_key_id", "somebody")
    code, rows = doctor(patient, "data", **env)
    assert code == 1 and "missing: aws_secret_access_key" in rows["data dev"][1]
    patient.dvc("remote", "modify", "--local", "dev", "secret_access_key", "wrong" * 4)
    code, rows = doctor(patient, "data", **env)
    assert code == 1 and "key somebody: InvalidAccessKeyId at ListObjectsV2" in rows["data dev"][1]
    assert used_by_dvc(**env) == "somebody"


def test_doctor_finds_what_a_killed_dvc_left(patient):
    file = patient.path / "dvc.yaml"
    written = file.read_text()
    file.write_text(written.replace("stages:\n", "stages:\n  wait:\n    cmd: exec sleep 600\n    outs: [waited]\n"))
    lock = patient.path / ".dvc" / "tmp" / "rwlock"
    assert doctor(patient, "data")[1]["locks"] == ("ok", "none")
    argv = [patient.path / ".venv" / "bin" / "dvc", "repro", "wait"]
    running = subprocess.Popen(argv, cwd=patient.path, env=patient.environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not lock.exists() or "waited" not in lock.read_text():
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        state, detail = doctor(patient, "data")[1]["locks"]
        assert state == "note" and detail.endswith(f"dvc repro wait` is at work as process {running.pid}")
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert str(running.pid) in lock.read_text()
    assert doctor(patient, "data")[1]["locks"] == ("ok", "none")

    # the number is now another's
    lock.write_text(lock.read_text().replace(str(running.pid), str(os.getpid())))
    file.write_text(file.read_text().replace("exec sleep 600", "touch waited"))
    blocked = patient.dvc("repro", "wait", check=False)
    assert blocked.returncode != 0 and "blocked by" in blocked.stdout
    code, rows = doctor(patient, "data")
    assert code == 1 and rows["locks"][0] == "WRONG" and "remove .dvc/tmp/rwlock" in rows["locks"][1]
    assert f"process {os.getpid()}, once" in rows["locks"][1] and "pytest" in rows["locks"][1]

    # killed between the two halves of a write
    lock.write_text("")
    broken = patient.dvc("repro", "wait", check=False)
    assert broken.returncode != 0 and "Unable to read RWLock-file" in broken.stdout
    code, rows = doctor(patient, "data")
    assert code == 1 and rows["locks"][0] == "WRONG" and "remove .dvc/tmp/rwlock" in rows["locks"][1]
    lock.unlink()
    assert "Running stage 'wait'" in patient.dvc("repro", "wait").stdout
    assert doctor(patient, "data")[1]["locks"] == ("ok", "none")


def test_doctor_finds_a_secret_where_git_would_take_it(patient):
    patient.dvc("remote", "modify", "dev", "secret_access_key", "a-secret-of-a-test")
    patient.dvc("remote", "modify", "dev", "verify", "false")
    code, rows = doctor(patient)
    assert code == 1
    assert rows[".dvc/config"][0] == "WRONG" and "secret_access_key" in rows[".dvc/config"][1]
    assert rows["remote dev"] == ("WRONG", f"s3://dvc/{SLUG}/dev in .dvc/config: verify is not true")


@pytest.fixture
def closed() -> t.Iterator[str]:
    """An address where a sign-in is asked for, whatever lies behind it."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not in the test's output."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_doctor_does_not_take_a_sign_in_for_a_service(patient, closed):
    patient.dvc("remote", "modify", "--local", "dev", "endpointurl", closed)
    code, rows = doctor(patient, MLFLOW_TRACKING_URI=closed)
    assert code == 1 and rows["data prod"][0] == "ok"
    for what in ("mlflow", "object store"):
        assert rows[what] == ("WRONG", f"{closed} answers 401")
    assert rows["data dev"][0] == "WRONG"


def test_doctor_finishes_whatever_an_address_is(patient):
    patient.dvc("remote", "modify", "--local", "dev", "endpointurl", "127.0.0.1:19000")
    edit(patient, "pyproject.toml", 'ca_bundle = ""', 'ca_bundle = "/nowhere/ca.pem"')
    patient.run("uv", "sync", "--frozen", "--quiet")
    code, rows = doctor(patient, MLFLOW_TRACKING_URI="https://127.0.0.1:9")
    assert code == 1
    wrong = {what for what, (state, _detail) in rows.items() if state == "WRONG"}
    assert wrong == {"certificates", "object store", "data dev", "mlflow"}
    assert rows["data dev"][1].endswith("Invalid endpoint: 127.0.0.1:19000")
    assert "/nowhere/ca.pem" in rows["mlflow"][1] and "/nowhere/ca.pem" in rows["certificates"][1]
    assert rows["data prod"][0] == "ok"


def test_doctor_finishes_with_a_configuration_that_cannot_be_read(patient):
    (patient.path / ".dvc" / "config").write_text("[core\n")
    code, rows = doctor(patient)
    assert code == 1 and rows["data"][0] == "WRONG" and "could not be looked at" in rows["data"][1]
    assert rows["mlflow"][0] == "ok" and rows["certificates"][0] == "ok"
