# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Projects, teams and members as data, and what follows: which keys there are, for what."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory.names import key_fault, project_fault
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import nearest, unknown
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access, policy

Project = t.Mapping[str, t.Any]
Team = t.Mapping[str, t.Any]
Grant = dict[str, t.Any]

BASE_MODELS = "_base-models"
# From the weaker to the stronger: who is given both has the stronger.
PEOPLE = ("read", "write")
MACHINES = ("ci", "training", "promotion")
DELETION = "deletion"
# What a right may do in datasets/<project>/, dvc/<project>/dev/, dvc/<project>/prod/ and datasets/_base-models/.
RIGHTS: dict[str, tuple[str | None, ...]] = {
    "read": ("read", "read", "read", "read"),
    "write": ("read-write", "read-write", "read", "read"),
    "ci": ("read", "read", "read", "read"),
    "training": ("read", "read-write", None, "read"),
    "promotion": (None, "read", "read-write", None),
    DELETION: ("read", "read", "read", None),
}
# A user of MinIO may make service accounts of its own and change its own secret, unless it is denied.
NO_ADMINISTRATION: Grant = {"Effect": "Deny", "Action": ["admin:*"]}
# One may also ask for temporary credentials, which live up to a year and survive a new secret.
NO_TEMPORARY_CREDENTIALS: Grant = {
    "Effect": "Deny",
    "Action": ["s3:*"],
    "Resource": [policy.ARN + "*"],
    "Condition": {"StringEquals": {"aws:principaltype": ["AssumedRole"]}},
}

ARGUMENTS: dict[str, t.Any] = {
    "projects": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "members": {"type": "dict"},
            "teams": {"type": "dict"},
            "deletion": {"type": "bool"},
            "usage_limit": {"type": "str"},
        },
    },
    "teams": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str", "default": []},
        },
    },
    "datasets_bucket": {"type": "str", "default": "datasets"},
    "dvc_bucket": {"type": "str", "default": "dvc"},
}


@dataclass(frozen=True)
class Projects:
    """What the inventory declares, found to be possible."""

    projects: t.Sequence[Project]
    teams: t.Sequence[Team]
    datasets_bucket: str
    dvc_bucket: str

    def __post_init__(self) -> None:
        for problem in problems(self.projects, self.teams):
            raise InvalidInputError(problem)

    def keys(self) -> dict[str, dict[str, t.Any]]:
        """Each key with the policies that are attached to it and with what these grant together."""
        made: dict[str, dict[str, t.Any]] = {}
        for project in self.projects:
            for key, right in holders(project, self.teams).items():
                entry = made.setdefault(key, {"policies": [], "access": []})
                entry["policies"].append(policy_name(project["name"], right))
                entry["access"] += [each for each in self.access(project, right) if each not in entry["access"]]
        return {name: made[name] for name in sorted(made)}

    def policies(self, *, console: bool) -> list[dict[str, t.Any]]:
        """One for each right in each project; ``console`` lets people sign in there, by temporary credentials."""
        return [
            {
                "name": policy_name(project["name"], right),
                "document": self._document(project, right, temporary=console and right in PEOPLE),
            }
            for project in self.projects
            for right in rights(project)
        ]

    def access(self, project: Project, right: str) -> list[Grant]:
        name = project["name"]
        folders = (
            (self.datasets_bucket, f"{name}/"),
            (self.dvc_bucket, f"{name}/dev/"),
            (self.dvc_bucket, f"{name}/prod/"),
            (self.datasets_bucket, f"{BASE_MODELS}/"),
        )
        return [
            {"bucket": bucket, "prefix": prefix, "mode": mode, "delete": right == DELETION}
            for (bucket, prefix), mode in zip(folders, RIGHTS[right], strict=True)
            if mode
        ]

    def _document(self, project: Project, right: str, *, temporary: bool) -> policy.Document:
        granted = access.document(self.access(project, right), policy_name(project["name"], right))
        denied = [NO_ADMINISTRATION] if temporary else [NO_ADMINISTRATION, NO_TEMPORARY_CREDENTIALS]
        return policy.canonical({**granted, "Statement": [*granted["Statement"], *denied]})


def policy_name(project: str, right: str) -> str:
    return f"project.{project}.{right}"


def rights(project: Project) -> tuple[str, ...]:
    return (*PEOPLE, *MACHINES, *((DELETION,) if project.get("deletion") else ()))


def machine_keys(project: Project) -> dict[str, str]:
    return {f"{project['name']}-{right}": right for right in rights(project) if right not in PEOPLE}


def holders(project: Project, teams: t.Sequence[Team]) -> dict[str, str]:
    """Every key of a project with its right: its members, those of its teams, and its machines."""
    members = {team["name"]: team.get("members") or () for team in teams}
    given = [*(project.get("members") or {}).items()]
    given += [(name, right) for team, right in (project.get("teams") or {}).items() for name in members[team]]
    found: dict[str, str] = {}
    for name, right in given:
        found[name] = max(right, found.get(name, right), key=PEOPLE.index)
    return {**found, **machine_keys(project)}


def problems(projects: t.Sequence[Project], teams: t.Sequence[Team]) -> t.Iterator[str]:
    """A sentence for each thing that cannot be."""
    yield from _repeated("projects", projects)
    yield from _repeated("projects_teams", teams)
    machines = {key: project["name"] for project in projects for key in machine_keys(project)}
    for team in teams:
        for name in team.get("members") or ():
            yield from _wrong_member(f"projects_teams: {team['name']}", name, machines)
    for project in projects:
        where = f"projects: {project['name']}"
        if fault := project_fault(project["name"]):
            yield f"projects: {project['name']!r} cannot be the name of a project: {fault}"
        for name, right in (project.get("members") or {}).items():
            yield from _wrong_member(where, name, machines)
            yield from _wrong_right(where, name, right)
        for name, right in (project.get("teams") or {}).items():
            known = [team["name"] for team in teams]
            if name not in known:
                yield f"{where}: the team {name} {unknown(str(name), known)}"
            yield from _wrong_right(where, name, right)


def _repeated(variable: str, items: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    names = [item["name"] for item in items]
    yield from (f"{variable} names {name} twice" for name in sorted({name for name in names if names.count(name) > 1}))


def _wrong_member(where: str, name: t.Any, machines: t.Mapping[str, str]) -> t.Iterator[str]:
    if not isinstance(name, str):
        yield f"{where}: the member {name} is not a text; put it in quotes"
    elif fault := key_fault(name):
        yield f"{where}: the member {name!r} cannot have a key of that name: {fault}"
    elif name in machines:
        yield f"{where}: the member {name} has the name of a machine's key of the project {machines[name]}"


def _wrong_right(where: str, name: str, right: t.Any) -> t.Iterator[str]:
    if right not in PEOPLE:
        meant = nearest(str(right), PEOPLE, likeness=0.5)
        guess = f"; did you mean {meant}?" if meant else ""
        yield f"{where}: {name} is given {right}, which is not read or write{guess}"
