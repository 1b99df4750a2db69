"""Projects, teams and members as data: which keys there are, what they may do, and the files of their secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory import project_usage
from ansible_collections.repro.stack.plugins.module_utils._inventory.key_files import KeyFolder, secrets
from ansible_collections.repro.stack.plugins.module_utils._inventory.projects import RIGHTS, Projects
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CHURN = {"name": "churn", "members": {"alice": "write", "bob": "read"}}


def declared(*projects, teams=()):
    return Projects(projects, teams, "datasets", "dvc")


# Keys


def test_a_project_has_keys_for_its_members_and_its_machines():
    keys = declared(CHURN).keys()
    assert {name: key["policies"] for name, key in keys.items()} == {
        "alice": ["project.churn.write"],
        "bob": ["project.churn.read"],
        "churn-ci": ["project.churn.ci"],
        "churn-promotion": ["project.churn.promotion"],
        "churn-training": ["project.churn.training"],
    }


def test_the_key_that_deletes_is_there_only_where_the_project_says_so():
    def named(project):
        made = declared(project)
        return {*made.keys(), *(each["name"] for each in made.policies(console=False))}

    assert {name for name in named(CHURN) if "deletion" in name} == set()
    assert named({**CHURN, "deletion": True}) - named(CHURN) == {"churn-deletion", "project.churn.deletion"}


def test_teams_expand_and_the_stronger_right_wins():
    teams = [{"name": "vision", "members": ["carol", "alice"]}, {"name": "ops", "members": ["bob"]}, {"name": "idle"}]
    faces = {"name": "faces", "members": {"alice": "read"}, "teams": {"vision": "write", "ops": "read"}}
    keys = declared({**CHURN, "teams": {"ops": "write", "vision": "read"}}, faces, teams=teams).keys()
    people = {name: key["policies"] for name, key in keys.items() if "-" not in name}
    assert people == {
        "alice": ["project.churn.write", "project.faces.write"],
        "bob": ["project.churn.write", "project.faces.read"],
        "carol": ["project.churn.read", "project.faces.write"],
    }


def test_a_member_of_two_projects_has_the_access_of_both_once():
    keys = declared(CHURN, {"name": "faces", "members": {"alice": "read"}}).keys()
    assert [(each["bucket"], each["prefix"], each["mode"]) for each in keys["alice"]["access"]] == [
        ("datasets", "churn/", "read-write"),
        ("dvc", "churn/dev/", "read-write"),
        ("dvc", "churn/prod/", "read"),
        ("datasets", "_base-models/", "read"),
        ("datasets", "faces/", "read"),
        ("dvc", "faces/dev/", "read"),
        ("dvc", "faces/prod/", "read"),
    ]


# What each right may do where: l(ist), g(et), p(ut), d(elete). Written once more by hand.
ALLOWED = {
    "read": {"datasets/churn/": "lg", "dvc/churn/dev/": "lg", "dvc/churn/prod/": "lg", "datasets/_base-models/": "lg"},
    "write": {
        "datasets/churn/": "lgp",
        "dvc/churn/dev/": "lgp",
        "dvc/churn/prod/": "lg",
        "datasets/_base-models/": "lg",
    },
    "ci": {"datasets/churn/": "lg", "dvc/churn/dev/": "lg", "dvc/churn/prod/": "lg", "datasets/_base-models/": "lg"},
    "training": {"datasets/churn/": "lg", "dvc/churn/dev/": "lgp", "datasets/_base-models/": "lg"},
    "promotion": {"dvc/churn/dev/": "lg", "dvc/churn/prod/": "lgp"},
    "deletion": {"datasets/churn/": "lgd", "dvc/churn/dev/": "lgd", "dvc/churn/prod/": "lgd"},
}
ACTIONS = {"l": "s3:ListBucket", "g": "s3:GetObject", "p": "s3:PutObject", "d": "s3:DeleteObject"}
PLACES = [*ALLOWED["write"], "datasets/churn-secret/", "dvc/churn/", "dvc/", "datasets/", "datasets/faces/"]


def allows(document, action, place):
    """Whether one of the statements allows it; conditions other than on the prefix are not looked at."""
    bucket, _slash, prefix = place.partition("/")
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow" or action not in statement["Action"]:
            continue
        if action == "s3:ListBucket":
            inside = statement["Condition"]["StringLike"]["s3:prefix"]
            if policy.ARN + bucket in statement["Resource"] and f"{prefix}*" in inside:
                return True
        elif f"{policy.ARN}{bucket}/{prefix}*" in statement["Resource"]:
            return True
    return False


@pytest.mark.parametrize("right", ALLOWED)
def test_what_a_right_may_do(right):
    documents = {
        each["name"]: each["document"] for each in declared({**CHURN, "deletion": True}).policies(console=False)
    }
    document = documents[f"project.churn.{right}"]
    found = {
        place: "".join(letter for letter, action in ACTIONS.items() if allows(document, action, place))
        for place in PLACES
    }
    assert {place: letters for place, letters in found.items() if letters} == ALLOWED[right]
    assert set(RIGHTS) == set(ALLOWED)


@pytest.mark.parametrize("console", [False, True])
def test_nobody_administers_and_only_people_at_the_console_have_temporary_credentials(console):
    for each in declared({**CHURN, "deletion": True}).policies(console=console):
        denied = [statement for statement in each["document"]["Statement"] if statement["Effect"] == "Deny"]
        assert {"Effect": "Deny", "Action": ["admin:*"]} in denied
        temporary = [statement["Condition"] for statement in denied if statement["Action"] == ["s3:*"]]
        person = each["name"].endswith((".read", ".write"))
        assert temporary == ([] if console and person else [{"StringEquals": {"aws:principaltype": ["AssumedRole"]}}])


def test_buckets_of_other_names():
    made = Projects([CHURN], [], "sources", "remotes")
    assert {each["bucket"] for key in made.keys().values() for each in key["access"]} == {"sources", "remotes"}
    assert "arn:aws:s3:::dvc" not in str(made.policies(console=False))


VISION = [{"name": "vision", "members": ["carol"]}]


@pytest.mark.parametrize(
    ("projects", "teams", "sentence"),
    [
        (
            [{"name": "Churn"}],
            [],
            "projects: 'Churn' cannot be the name of a project: only lower-case letters, digits, dashes and "
            "underscores are allowed, it begins with a letter and ends with a letter or digit",
        ),
        ([{"name": "_base-models"}], [], "projects: '_base-models' cannot be the name of a project: only lower-case"),
        ([{"name": "a" * 41}], [], "it has 41 characters instead of 40 at most"),
        ([CHURN, CHURN], [], "projects names churn twice"),
        ([CHURN], VISION * 2, "projects_teams names vision twice"),
        (
            [{"name": "churn", "members": {"alice": "wirte"}}],
            [],
            "projects: churn: alice is given wirte, which is not read or write; did you mean write?",
        ),
        (
            [{"name": "churn", "members": {"alice": "admin"}}],
            [],
            "projects: churn: alice is given admin, which is not read or write",
        ),
        ([{"name": "churn", "members": {"alice": None}}], [], "projects: churn: alice is given None, which is not"),
        (
            [{"name": "churn", "teams": {"visio": "read"}}],
            VISION,
            "projects: churn: the team visio is not known; did you mean vision?",
        ),
        ([{"name": "churn", "teams": {"vision": "all"}}], VISION, "projects: churn: vision is given all, which is not"),
        (
            [{"name": "churn", "members": {"al": "read"}}],
            [],
            "projects: churn: the member 'al' cannot have a key of that name: it has 2 characters instead of 3 to 64",
        ),
        ([{"name": "churn", "members": {"../alice": "read"}}], [], "the member '../alice' cannot have a key of that"),
        ([{"name": "churn", "members": {"Alice": "read"}}], [], "the member 'Alice' cannot have a key of that name"),
        ([{"name": "churn", "members": {True: "read"}}], [], "the member True is not a text; put it in quotes"),
        (
            [CHURN],
            [{"name": "vision", "members": ["c/d"]}],
            "projects_teams: vision: the member 'c/d' cannot have a key of that name",
        ),
        (
            [CHURN, {"name": "faces", "members": {"churn-ci": "write"}}],
            [],
            "projects: faces: the member churn-ci has the name of a machine's key of the project churn",
        ),
        (
            [{**CHURN, "deletion": True}],
            [{"name": "vision", "members": ["churn-deletion"]}],
            "projects_teams: vision: the member churn-deletion has the name of a machine's key of the project churn",
        ),
    ],
)
def test_what_cannot_be(projects, teams, sentence):
    with pytest.raises(StackError) as caught:
        declared(*projects, teams=teams)
    assert sentence in str(caught.value)


# Files


class Server:
    """Which users there are, and how often that was asked."""

    def __init__(self, *users):
        self.users = {*users}
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.users


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path / "keys" / "gpu", "gpu.example.org", "http://127.0.0.1:9000", "us-east-1")


@pytest.fixture
def keep(folder):
    def run(*names, reissue=(), users=(), check_mode=False, into=folder):
        server = users if isinstance(users, Server) else Server(*users)
        access = [{"bucket": "dvc", "prefix": "churn/dev/", "mode": "read-write", "delete": False}]
        wanted = dict.fromkeys(names, access)
        return into.keep(wanted, reissue=reissue, users=server, check_mode=check_mode)

    return run


def known(folder, *names):
    return secrets(folder.path, names)


def test_files_are_made_once_for_their_owner_alone(keep, folder):
    server = Server()
    foretold, issued = keep("alice", "bob", users=server, check_mode=True)
    assert foretold.changed and issued == ["alice", "bob"] and not folder.path.exists()
    outcome, issued = keep("alice", "bob", users=server)
    assert outcome.changed and issued == ["alice", "bob"] and server.asked == 2
    assert set(outcome.before) == {".gitignore", "alice", "bob"} and outcome.after == foretold.after
    made = known(folder, "alice", "bob", "carol")
    assert (
        set(made) == {"alice", "bob"} and len({*made.values()}) == 2 and all(len(each) == 40 for each in made.values())
    )
    assert not any(secret in str(outcome) for secret in made.values())
    assert folder.path.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.path.iterdir()}
    assert modes == {".gitignore": 0o600, "alice": 0o600, "bob": 0o600}
    outcome, issued = keep("alice", "bob", users=server)
    assert not outcome.changed and issued == [] and server.asked == 2, (
        "the server is asked only where a file is missing"
    )
    assert known(folder, "alice", "bob") == made


def test_a_client_of_aws_takes_the_file_as_it_is(keep, folder, monkeypatch):
    keep("alice")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder.path / "alice"))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    session = botocore.session.Session()
    credentials = session.get_credentials().get_frozen_credentials()
    assert (credentials.access_key, credentials.secret_key) == ("alice", known(folder, "alice")["alice"])
    client = session.create_client("s3")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:9000", "us-east-1")
    assert "# read-write   s3://dvc/churn/dev/\n" in (folder.path / "alice").read_text()


def test_a_run_that_was_interrupted_after_the_file_is_completed_with_that_file(keep, folder):
    keep("alice")
    made = known(folder, "alice")
    outcome, issued = keep("alice", users=())
    assert not outcome.changed and issued == [] and known(folder, "alice") == made


def test_a_key_that_was_handed_over_is_left_alone_and_one_that_is_nobody_s_is_made(keep, folder):
    keep("alice", "bob")
    (folder.path / "alice").unlink()
    outcome, issued = keep("alice", "bob", users=["alice", "bob"])
    assert not outcome.changed and issued == [] and not (folder.path / "alice").exists()
    outcome, issued = keep("alice", "bob", users=["bob"])
    assert outcome.changed and issued == ["alice"] and known(folder, "alice")


@pytest.mark.parametrize("lost", [True, False])
def test_a_key_is_issued_again_on_request_only(keep, folder, lost):
    keep("alice", "bob")
    before = known(folder, "alice", "bob")
    if lost:
        (folder.path / "alice").unlink()
    server = Server("alice", "bob")
    foretold, issued = keep("alice", "bob", reissue=["alice"], users=server, check_mode=True)
    assert foretold.changed and issued == ["alice"] and list(foretold.after) == ["alice"]
    outcome, issued = keep("alice", "bob", reissue=["alice"], users=server)
    after = known(folder, "alice", "bob")
    assert outcome.changed and issued == ["alice"] and server.asked == 0
    assert after["alice"] != before["alice"] and after["bob"] == before["bob"]
    assert outcome.after == foretold.after and outcome.after["alice"]["secret"] == "as declared"


def test_a_key_that_nobody_has_is_not_issued_again(keep):
    with pytest.raises(
        StackError, match=r"The key alcie cannot be issued again: it is not known; did you mean alice\?"
    ):
        keep("alice", reissue=["alcie"])


def test_what_changes_around_the_secret_is_written_and_the_secret_stays(keep, folder):
    keep("alice")
    before = known(folder, "alice")
    moved = KeyFolder(folder.path, folder.stack, "https://gpu.example.org:9000", "eu-west-1")
    outcome, issued = keep("alice", into=moved)
    assert outcome.changed and issued == [] and known(folder, "alice") == before
    assert "endpoint_url = https://gpu.example.org:9000\nregion = eu-west-1\n" in (folder.path / "alice").read_text()


def test_the_file_of_a_key_that_is_gone_goes_and_nothing_else(keep, folder):
    keep("alice", "bob")
    (folder.path / "notes.txt").write_text("mine")
    other = (folder.path / "bob").read_text().replace("gpu.example.org", "lab.example.org")
    (folder.path / "dave").write_text(other.replace("= bob", "= dave"))
    foretold, _issued = keep("alice", check_mode=True)
    assert foretold.changed and (folder.path / "bob").exists()
    outcome, _issued = keep("alice")
    assert outcome.changed and outcome.after == {"bob": None}
    assert sorted(path.name for path in folder.path.iterdir()) == [".gitignore", "alice", "dave", "notes.txt"]
    outcome, _issued = keep()
    assert sorted(path.name for path in folder.path.iterdir()) == [".gitignore", "dave", "notes.txt"]


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
def test_files_and_folders_that_others_can_read_are_refused(keep, folder, check_mode):
    keep("alice")
    (folder.path / "alice").chmod(0o640)
    with pytest.raises(StackError, match=r"keys/gpu/alice can be read by others on this machine: `chmod 600 "):
        keep("alice", check_mode=check_mode)
    (folder.path / "alice").chmod(0o600)
    folder.path.chmod(0o750)
    with pytest.raises(StackError, match=r"keys/gpu is open to others on this machine: `chmod 700 "):
        keep("alice", check_mode=check_mode)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "some notes",
        "[default]\naws_access_key_id = bob\naws_secret_access_key = hidden-value\n",
        "[other]\naws_access_key_id = alice\naws_secret_access_key = hidden-value\n",
        "[default]\naws_access_key_id = alice\naws_secret_access_key =\n",
    ],
)
def test_a_file_that_holds_something_else_is_never_overwritten(keep, folder, text):
    keep("bob")
    (folder.path / "alice").touch(0o600)
    (folder.path / "alice").write_text(text)
    with pytest.raises(StackError, match=r"alice does not hold the key alice: move it away") as caught:
        keep("alice", "bob", reissue=["alice"])
    assert "hidden-value" not in str(caught.value) and (folder.path / "alice").read_text() == text


def test_git_takes_no_key_whatever_repository_the_inventory_is_in(keep, folder, tmp_path):
    git = ["git", "-C", tmp_path]
    subprocess.run([*git, "init", "--quiet"], check=True)
    keep("alice")
    (folder.path / ".gitignore").unlink()
    foretold, _issued = keep("alice", check_mode=True)
    assert foretold.changed and not (folder.path / ".gitignore").exists()
    outcome, _issued = keep("alice")
    assert outcome.changed and outcome.after == foretold.after == {".gitignore": {}}
    assert not keep("alice")[0].changed
    subprocess.run([*git, "add", "--all"], check=True)
    assert subprocess.check_output([*git, "ls-files"], text=True) == ""


def test_an_ignore_file_that_somebody_wrote_is_left_alone(keep, folder):
    folder.path.mkdir(mode=0o700, parents=True)
    (folder.path / ".gitignore").write_text("*\n!*.age\n")
    keep("alice")
    assert not keep("alice")[0].changed
    assert (folder.path / ".gitignore").read_text() == "*\n!*.age\n"


def test_keys_are_ignored_by_git_and_stay_out_of_the_archive(tmp_path):
    ignored = subprocess.run(
        ["git", "check-ignore", "inventories/gpu_server/.keys/gpu.example.org/alice"], cwd=ROOT, check=False
    )
    assert ignored.returncode == 0
    for name in ("galaxy.yml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for path in ("inventories/gpu_server/.keys/gpu.example.org/alice", "inventories/gpu_server/hosts.yml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    subprocess.run(
        [BIN / "ansible-galaxy", "collection", "build", tmp_path, "--output-path", tmp_path],
        check=True,
        capture_output=True,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert "inventories/gpu_server/hosts.yml" in names and not [name for name in names if "keys" in name]


# What the role hands to the modules


@pytest.fixture
def identities(tmp_path):
    """What the role's variable holds in a play of its own."""

    def look(*arguments, **variables):
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(ROOT / "roles/projects/defaults/main.yml"), str(ROOT / "roles/projects/vars/main.yml")],
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "content": "{{ __projects_identities | to_json }}",
                        "dest": str(tmp_path / "found.json"),
                        "mode": "0600",
                    },
                    "check_mode": False,
                }
            ],
        }
        given = {"projects": [CHURN], "projects_keys_directory": str(tmp_path / "keys"), "projects_console": False}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        (tmp_path / "given.json").write_text(json.dumps({**given, **variables}))
        ran = subprocess.run(
            [BIN / "ansible-playbook", *arguments, "-e", f"@{tmp_path}/given.json", tmp_path / "play.yml"],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads((tmp_path / "found.json").read_text())

    folder = KeyFolder(tmp_path / "keys", "gpu", "http://x", "r")
    folder.keep({"alice": []}, reissue=[], users=list, check_mode=False)
    return look


def secrets_of(found):
    return {user["name"]: user.get("secret") for user in found["users"]}


def test_a_user_has_the_secret_that_is_known_here_and_else_none(identities, tmp_path):
    found = identities(vault_projects_keys={"churn-ci": "of-the-vault", "gone": "x"})
    alice = secrets(tmp_path / "keys", ["alice"])["alice"]
    assert secrets_of(found) == {
        "alice": alice,
        "bob": None,
        "churn-ci": "of-the-vault",
        "churn-promotion": None,
        "churn-training": None,
    }
    access = [grant for grant in found["known_keys"][0].pop("access") if grant["prefix"] == "churn/"]
    assert access == [{"bucket": "datasets", "prefix": "churn/", "mode": "read-write", "delete": False}]
    assert found["known_keys"][0] == {"name": "alice", "secret": alice, "service_accounts": False}
    assert [key["name"] for key in found["known_keys"]] == ["alice", "churn-ci"]
    names = {policy["name"] for policy in found["policies"]}
    assert {name for user in found["users"] for name in user["policies"]} == names
    assert secrets_of(identities(vault_projects_keys={"alice": "of-the-vault"}))["alice"] == "of-the-vault"


def test_a_dry_run_stands_in_for_secrets_that_would_be_made(identities, tmp_path):
    alice = secrets(tmp_path / "keys", ["alice"])["alice"]
    issued = {"__projects_issued": {"issued": ["alice", "bob"]}}
    assert secrets_of(identities(**issued))["alice"] == alice
    foretold = secrets_of(identities("--check", **issued))
    assert foretold["alice"] not in (alice, None) and foretold["bob"] is not None and foretold["churn-ci"] is None


def test_no_projects_are_no_identities(identities):
    assert identities(projects=[]) == {"policies": [], "users": [], "known_keys": []}


# Limits


def test_limits_that_are_passed_are_said():
    projects = [
        {"name": "churn", "usage_limit": "1KiB"},
        {"name": "faces", "usage_limit": ""},
        {"name": "churn-secret"},
    ]
    limits = project_usage.limits(projects, "3KiB")
    assert limits == {"churn": 1024, "faces": 3072, "churn-secret": 3072}
    assert project_usage.limits(projects, "") == {"churn": 1024}
    asked = project_usage.folders(limits, ["datasets", "dvc"])
    sizes = {"datasets/churn/": 1000, "dvc/churn/": 25, "dvc/faces/": 3072, "datasets/churn-secret/": 5 * 2**30}
    counted = [{**each, "size": sizes.get(f"{each['bucket']}/{each['prefix']}", 0)} for each in asked]
    held = project_usage.held(limits, counted)
    assert {each["name"]: each["size"] for each in held} == {"churn": 1025, "faces": 3072, "churn-secret": 5 * 2**30}
    said = project_usage.warnings("gpu", held, {"size": 2**41, "free": 2**30}, 10 * 2**30)
    assert said == [
        "gpu: the project churn holds 1.001 KiB, old versions included; its limit is 1 KiB",
        "gpu: the project churn-secret holds 5 GiB, old versions included; its limit is 3 KiB",
        "gpu: the object store has 1 GiB of 2 TiB left; there should be 10 GiB",
    ]
    assert project_usage.warnings("gpu", [], {"size": 2**41, "free": 2**30}, 2**30) == []
