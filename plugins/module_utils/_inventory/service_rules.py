# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What a service cannot run with, and what two must not share: each is kept on its own."""

from __future__ import annotations

import os.path
import typing as t
from pathlib import PurePosixPath

from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.repro.stack.plugins.module_utils._inventory.variables import Variables

DIRECTORIES = ("_config_directory", "_data_directory", "_git_directory")
LEAST_MEMORY = 6 * 1024**2


def problems(variables: Variables, *, idle: t.Collection[str]) -> t.Iterator[str]:
    """A service names its container in `<service>_container`; ``idle`` are those that will not run."""
    named = (name.removesuffix("_container") for name in variables.options if name.endswith("_container"))
    services = sorted(service for service in named if service not in idle)
    for rule in (_ports, _environments, _mlflow_image):
        yield from rule(variables)
    for shared in (_containers, _directories, _memory):
        yield from shared(variables, services)


def _containers(variables: Variables, services: t.Sequence[str]) -> t.Iterator[str]:
    taken: dict[str, str] = {}
    for name in (f"{service}_container" for service in services):
        container = variables.value(name)
        if container in taken:
            yield f"{taken[container]} and {name} are both {container}; each needs a name of its own"
        elif container is not None:
            taken[container] = name


def _directories(variables: Variables, services: t.Sequence[str]) -> t.Iterator[str]:
    """Nothing is known of links on the server; paths are compared as they are written."""
    owners = {f"{service}{kind}": service for service in services for kind in DIRECTORIES}
    given = {name: variables.value(name) for name in sorted(owners)}
    paths = {name: PurePosixPath(os.path.normpath(value)) for name, value in given.items() if value}
    taken: dict[PurePosixPath, str] = {}
    for name, path in paths.items():
        if path in taken:
            yield f"{taken[path]} and {name} are both {path}; each needs a directory of its own"
            continue
        taken[path] = name
        inside = [other for other in paths if owners[other] != owners[name] and path in paths[other].parents]
        if inside:
            yield f"{name} is {path}, which holds {', '.join(inside)}; each service needs a directory of its own"


def _ports(variables: Variables) -> t.Iterator[str]:
    names = [name for name in variables.options if name.startswith("gateway_") and name.endswith("_port")]
    ports: dict[int, str] = {}
    for name in names:
        port = variables.value(name)
        if port is None:
            continue
        port = int(port)
        if not 1 <= port <= 65535:
            yield f"{name} is {port}, but ports go from 1 to 65535"
        elif port in ports:
            yield f"{name} and {ports[port]} are both {port}"
        ports[port] = name


def _environments(variables: Variables) -> t.Iterator[str]:
    """Docker takes texts alone; what YAML makes of 0100 or yes is not what was written."""
    for name in (name for name in variables.options if name.endswith("_environment")):
        for key, value in (variables.value(name) or {}).items():
            if not isinstance(value, str):
                yield f"{name}: {key} is not a text; put its value in quotes"


def _memory(variables: Variables, services: t.Sequence[str]) -> t.Iterator[str]:
    """By the very function that reads the size for Docker later."""
    for name in (f"{service}_memory" for service in services):
        value = variables.value(name)
        if value is None:
            continue
        try:
            size = human_to_bytes(value)
        except ValueError:
            yield f"{name} is {value}, which is not a size such as 512m or 2g"
            continue
        if 0 < size < LEAST_MEMORY:
            yield f"{name} is {value}, but Docker takes 6m at least; a number without a unit means bytes"


def _mlflow_image(variables: Variables) -> t.Iterator[str]:
    """A server upgrades its database at start, so which schemas an image knows decides whether a dump comes first."""
    if variables.is_default("mlflow_image") or variables.value("mlflow_schema_revisions"):
        return
    image = variables.value("mlflow_image")
    if image and not image.startswith("repro-stack/") and not variables.refused("mlflow_schema_revisions"):
        yield (
            f"mlflow_image is {image}, but which versions of the database it knows is not: "
            "give them in mlflow_schema_revisions; the README of the role mlflow says how to ask the image"
        )
