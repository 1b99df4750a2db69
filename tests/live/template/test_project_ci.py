"""Each step of the forge's workflows, as a runner takes it: a fresh clone, keys from the environment, a make target."""

from __future__ import annotations

import configparser
import http.server
import re
import threading
import typing as t
from pathlib import Path

import pytest
import requests
import yaml
from workplace import KEYS, SLUG, Project

RunInClone = t.Callable[..., Project]


def key(name: str) -> dict[str, str]:
    """What the workflow takes from the forge's secrets."""
    file = configparser.ConfigParser()
    file.read(KEYS / name)
    return {
        "AWS_ACCESS_KEY_ID": file["default"]["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": file["default"]["aws_secret_access_key"],
    }


@pytest.fixture
def runner(tmp_path: Path) -> RunInClone:
    def checked_out(project: Project, name: str) -> Project:
        made = project.clone(tmp_path / SLUG)
        made.git("checkout", "--quiet", f"origin/{name}")
        return made

    return checked_out


def set_parameter(project: Project, stage: str, **values: object) -> None:
    file = project.path / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params[stage].update(values)
    file.write_text(yaml.safe_dump(params, sort_keys=False))


def push(project: Project, message: str, *options: str) -> str:
    project.commit(message)
    name = project.git("branch", "--show-current")
    project.git("push", "--quiet", *options, "origin", name)
    return name


def test_workflows_run_nothing_but_targets_of_the_makefile(main):
    makefile = (main.path / "Makefile").read_text()
    steps = []
    for file in main.path.glob(".gitea/workflows/*.yml"):
        jobs = yaml.safe_load(file.read_text())["jobs"].values()
        steps += [step for job in jobs for step in job["steps"]]
    assert steps and not any("uses" in step for step in steps), "an action would have to be downloaded"
    runs = {step["run"] for step in steps if step["name"] != "Check out"}
    assert runs == {"make ci-metadata", "make ci-pull", "make ci-train", "make ci-report", "make promote"}
    assert all(re.search(rf"^{run.removeprefix('make ')}:", makefile, re.MULTILINE) for run in runs)


def filled_in(value: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda expression: known[expression[1]], value)


def test_check_out_takes_what_a_fork_proposes(branch, gitea, tmp_path):
    """The step itself, with what the forge fills in; its token goes to the forge and to nobody else."""
    name = branch.git("branch", "--show-current")
    repository = f"{gitea.user}/{SLUG}"
    gitea.api("POST", "/orgs", {"username": "guests"}).raise_for_status()
    gitea.api("POST", f"/repos/{repository}/forks", {"organization": "guests"}).raise_for_status()
    (branch.path / "adr" / "0003-proposed.md").write_text("# 0003: Proposed\n")
    commit = branch.commit("Propose")
    branch.git("push", "--quiet", f"{gitea.endpoint}/guests/{SLUG}.git", name)
    gitea.wait_for_branch(f"guests/{SLUG}", name)
    proposed = {"head": f"guests:{name}", "base": "main", "title": "Propose"}
    gitea.api("POST", f"/repos/{repository}/pulls", proposed).raise_for_status()

    workflow = yaml.safe_load((branch.path / ".gitea" / "workflows" / "ci.yml").read_text())
    known = {
        "secrets.GITEA_TOKEN": gitea.token,
        "gitea.server_url": f"{gitea.endpoint}/",
        "gitea.repository": repository,
        "gitea.event.pull_request.head.sha || gitea.sha": commit,
        "gitea.event.pull_request.base.ref || 'main'": "main",
    }
    env = {variable: filled_in(value, known) for variable, value in workflow["env"].items()}
    job = Project(tmp_path / "job", {**branch.environment, **env})
    job.path.mkdir()
    steps = [step for made in workflow["jobs"].values() for step in made["steps"] if step["name"] == "Check out"]
    assert len({step["run"] for step in steps}) == 1 and len(steps) == len(workflow["jobs"])
    job.run("bash", "-ec", steps[0]["run"])
    assert job.git("rev-parse", "HEAD") == commit and (job.path / "adr" / "0003-proposed.md").exists()
    sent = ("config", "--get-urlmatch", "http.extraHeader")
    assert job.git(*sent, job.git("remote", "get-url", "origin")) == f"Authorization: token {gitea.token}"
    assert job.git(*sent, "http://another.example:3000/a/b.git", check=False) == ""


def test_metadata_needs_no_data_and_no_key(main, runner):
    clone = runner(main, "main")
    said = clone.make("ci-metadata", "BASE=HEAD").stdout
    assert "evaluate" in said
    assert not list(clone.path.glob("data/*/*.csv")), "no data was taken"


def test_metadata_refuses_code_that_is_not_clean(branch, runner):
    file = branch.path / "src" / SLUG / "data.py"
    file.write_text(file.read_text() + "import os\n")
    branch.git("commit", "--quiet", "--all", "--no-verify", "--message", "Careless")
    name = branch.git("branch", "--show-current")
    branch.git("push", "--quiet", "--no-verify", "origin", name)
    failed = runner(branch, name).make("ci-metadata", "BASE=origin/main", check=False)
    assert failed.returncode != 0 and "F401" in failed.stdout


def test_reading_key_is_enough_to_compare(main, branch, runner, bucket):
    set_parameter(branch, "train", C=0.5)
    branch.make("eval")
    branch.dvc("push")
    before = bucket.keys(f"{SLUG}/")
    clone = runner(branch, push(branch, "Regularise less"))
    said = clone.make("ci-pull", "BASE=origin/main", **key("churn-ci")).stdout
    assert "Running stage 'train'" not in said and "passed" in said
    assert bucket.keys(f"{SLUG}/") == before


@pytest.mark.parametrize("target", ["ci-pull", "ci-train"])
def test_key_that_is_refused_is_named_with_what_it_tried(main, runner, target):
    stranger = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "unknown"}
    done = runner(main, "main").make(target, "BASE=HEAD", check=False, **stranger)
    assert done.returncode != 0
    assert "key nobody of AWS_ACCESS_KEY_ID: InvalidAccessKeyId at ListObjectsV2" in done.stdout, done.stdout


def test_figures_that_were_not_made_from_the_commit_are_refused(branch, runner):
    set_parameter(branch, "features", seed=99)
    clone = runner(branch, push(branch, "Another seed, not run"))
    failed = clone.make("ci-pull", "BASE=origin/main", check=False, **key("churn-ci"))
    assert failed.returncode != 0 and "dvc.lock is not what the pipeline makes" in failed.stdout


def test_parameter_that_was_never_run_is_refused(branch, runner):
    set_parameter(branch, "train", C=0.125)
    clone = runner(branch, push(branch, "Another C, not run"))
    failed = clone.make("ci-pull", "BASE=origin/main", check=False, **key("churn-ci"))
    assert failed.returncode != 0
    assert "the figures are not of this commit; changed and not run: train, and what depends on it." in failed.stdout


def test_project_that_was_never_run_has_nothing_to_compare_with(branch, runner):
    branch.git("rm", "--quiet", "dvc.lock")
    clone = runner(branch, push(branch, "Forget the figures"))
    failed = clone.make("ci-pull", "BASE=origin/main", check=False, **key("churn-ci"))
    assert failed.returncode != 0 and "This commit has no dvc.lock" in failed.stdout
    assert "Traceback" not in failed.stdout and "dvc pull" not in failed.stdout


def test_documentation_alone_is_not_trained(branch, runner):
    (branch.path / "adr" / "0002-another.md").write_text("# 0002: Another\n")
    clone = runner(branch, push(branch, "Decide"))
    for target in ("ci-pull", "ci-train"):
        assert "Only documentation changed" in clone.make(target, "BASE=origin/main").stdout


def test_training_key_trains_and_leaves_the_result(branch, runner, bucket):
    set_parameter(branch, "train", C=2.5)
    clone = runner(branch, push(branch, "Try another C, not run here"))
    before = bucket.keys(f"{SLUG}/dev/files/")
    said = clone.make("ci-train", "BASE=origin/main", **key("churn-training")).stdout
    assert re.findall(r"^Running stage '(\w+)'", said, re.MULTILINE) == ["train", "evaluate"]
    assert len(bucket.keys(f"{SLUG}/dev/files/")) > len(before)


def test_report_is_a_comment_on_the_pull_request(branch, runner, gitea):
    set_parameter(branch, "train", C=0.02)
    branch.make("eval")
    branch.dvc("push")
    name = push(branch, "Regularise")
    gitea.wait_for_branch(f"{gitea.user}/{SLUG}", name)
    repository = f"/repos/{gitea.user}/{SLUG}"
    opened = gitea.api("POST", f"{repository}/pulls", {"head": name, "base": "main", "title": "Regularise"})
    assert opened.status_code == 201, opened.text
    number = opened.json()["number"]
    told = {
        "GITEA_TOKEN": gitea.token,
        "GITEA_REPOSITORY": f"{gitea.endpoint}/api/v1{repository}",
        "PULL_REQUEST": str(number),
    }
    clone = runner(branch, name)
    nowhere = {**told, "GITEA_REPOSITORY": "http://127.0.0.1:9/api/v1"}
    failed = clone.make("ci-report", "BASE=origin/main", check=False, **nowhere)
    assert failed.returncode != 0 and "Traceback" not in failed.stdout
    assert f"The comment was not posted: http://127.0.0.1:9/api/v1/issues/{number}/comments cannot" in failed.stdout
    said = clone.make("ci-report", "BASE=origin/main", **told).stdout
    assert gitea.token not in said
    (comment,) = gitea.api("GET", f"{repository}/issues/{number}/comments").json()
    assert "| train.C" in comment["body"].replace("| params.yaml ", "") and "metrics/evaluation.json" in comment["body"]
    (plots,) = [asset for asset in comment["assets"] if asset["name"] == "plots.zip"]
    assert plots["browser_download_url"] in comment["body"]
    taken = requests.get(plots["browser_download_url"], headers={"Authorization": f"token {gitea.token}"}, timeout=30)
    assert taken.status_code == 200 and taken.content.startswith(b"PK")
    image = re.search(r"!\[confusion\]\((\S+)\)", comment["body"])[1]
    shown = requests.get(image, headers={"Authorization": f"token {gitea.token}"}, timeout=30)
    assert shown.status_code == 200 and shown.headers["Content-Type"] == "image/png"
    assert shown.content.startswith(b"\x89PNG")


def test_attachment_that_fails_leaves_no_half_comment(main):
    calls = []

    class Forge(http.server.BaseHTTPRequestHandler):
        """Takes comments and no attachments."""

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            calls.append((self.command, self.path))
            body = b'{"id": 7}' if self.path == "/issues/1/comments" else b""
            self.send_response({"DELETE": 204}.get(self.command, 201 if body else 500))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Not in the test's output."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        told = {"GITEA_TOKEN": "token", "GITEA_REPOSITORY": address, "PULL_REQUEST": "1"}
        failed = main.make("ci-report", "BASE=HEAD", check=False, **told)
        server.shutdown()
    assert failed.returncode != 0 and "Traceback" not in failed.stdout
    assert f"The comment was not posted: POST {address}/issues/comments/7/assets answered 500" in failed.stdout
    comment, attached, removed = calls
    assert comment == ("POST", "/issues/1/comments") and attached == ("POST", "/issues/comments/7/assets")
    assert removed == ("DELETE", "/issues/comments/7")
