# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The whole desired state from a file that only its owner can read.

A long list with secrets takes Ansible minutes to hide and to pass on. The items of a file are checked here instead,
against the same options.
"""

from __future__ import annotations

import datetime
import difflib
import json
import os
import stat
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import WORDS, Fields, arguments
from ansible_collections.repro.stack.plugins.module_utils._module import library

Options = t.Mapping[str, t.Mapping[str, t.Any]]

TYPES: dict[str, type] = {"str": str, "bool": bool, "list": list, "dict": dict}
NAMES = {str: "a string", bool: "true or false", list: "a list", dict: "a mapping"}


def read(path: str) -> dict[str, list[Fields] | None]:
    """The lists of a state file by kind, as the module's own options would hold them; None for one that is left out."""
    content = _parsed(_private_text(path), path)
    if not isinstance(content, dict):
        raise InvalidInputError(f"The state file {path} is not a mapping of {', '.join(WORDS)}")
    _refuse_unknown(content, WORDS, f"The state file {path}")
    return {kind: _items(content.get(kind), kind, path) for kind in WORDS}


def _private_text(path: str) -> str:
    try:
        # a pipe would wait for a writer
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as file:
            _refuse_public(os.fstat(file.fileno()), path)
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"The state file {path} cannot be read: {error}") from error


def _refuse_public(found: os.stat_result, path: str) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInputError(f"The state file {path} is not a regular file")
    if found.st_uid != os.geteuid():
        raise InvalidInputError(f"The state file {path} belongs to another user, who could read and change it")
    if mode & 0o077:
        raise InvalidInputError(
            f"The state file {path} is open to others (mode {mode:04o}): it holds secrets, make it 0600"
        )


def _parsed(text: str, path: str) -> t.Any:
    """JSON, or YAML where it is not."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise InvalidInputError(f"The state file {path} is not JSON: {error}") from error
    yaml = library("yaml", "PyYAML")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        # the error's own text would quote the line, and with it a secret
        raise InvalidInputError(f"The state file {path} is not YAML{line}: {getattr(error, 'problem', '')}") from error


def _items(items: t.Any, kind: str, path: str) -> list[Fields] | None:
    if items is None:
        return None
    if not isinstance(items, list):
        raise InvalidInputError(f"The state file {path}: {kind} must be a list")
    options, made = arguments(kind), []
    for number, item in enumerate(items, start=1):
        try:
            made.append(_item(item, options))
        except InvalidInputError as error:
            name = f" ({item['name']})" if isinstance(item, dict) and isinstance(item.get("name"), str) else ""
            raise InvalidInputError(f"The state file {path}: {WORDS[kind]} number {number}{name}: {error}") from error
    return made


def _item(item: t.Any, options: Options) -> Fields:
    """The item with its defaults."""
    if not isinstance(item, dict):
        raise InvalidInputError("it must be a mapping")
    _refuse_unknown(item, options, "it")
    made = {}
    for name, option in options.items():
        value = item.get(name)
        if value is not None:
            made[name] = _value(name, value, option)
        elif "required" in option:
            raise InvalidInputError(f"{name} is missing")
        else:
            made[name] = option.get("default")
    return made


def _value(name: str, value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    wanted = option["type"]
    if wanted == "raw":
        return value
    if wanted == "str" and isinstance(value, datetime.date):
        value = value.isoformat()  # YAML takes a date without quotes for more than a string
    if not isinstance(value, TYPES[wanted]):
        raise InvalidInputError(f"{name} must be {NAMES[TYPES[wanted]]}")
    if wanted == "list":
        return [_element(name, number, each, option) for number, each in enumerate(value, start=1)]
    if "choices" in option and value not in option["choices"]:
        raise InvalidInputError(f"{name} must be one of {', '.join(option['choices'])}, not {value}")
    return value


def _element(name: str, number: int, value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    where = f"{name}[{number}]"
    if option["elements"] == "dict":
        try:
            return _item(value, option["options"])
        except InvalidInputError as error:
            raise InvalidInputError(f"{where}: {error}") from error
    return _value(where, value, {**option, "type": option["elements"]})


def _refuse_unknown(given: t.Mapping[str, t.Any], known: t.Iterable[str], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0)[0]
            raise InvalidInputError(f"{where} has the unknown key {name}; the nearest is {near}")
