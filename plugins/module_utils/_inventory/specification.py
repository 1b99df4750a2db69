# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What the roles' argument_specs say about variables, and whether values agree with it.

Types, choices and rules between options are decided by Ansible's own validator. It would convert "no" or "a,b", but
only for itself: the role sees the text. So a text is no boolean, list or dictionary here.
"""

from __future__ import annotations

import difflib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

Option = t.Mapping[str, t.Any]
RULES = ("mutually_exclusive", "required_by", "required_if", "required_one_of", "required_together")
EXACT: dict[str, type] = {"bool": bool, "dict": dict, "list": list}
KINDS = {
    "bool": "true or false",
    "dict": "a dictionary",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "a text",
}
PLURALS = {"dict": "dictionaries", "int": "whole numbers", "path": "paths", "str": "texts"}


def nearest(name: str, known: t.Iterable[str], likeness: float = 0.8) -> str | None:
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=likeness)
    return found[0] if found else None


def unknown(name: str, known: t.Iterable[str]) -> str:
    """The end of a sentence about a name that nobody knows."""
    meant = nearest(name, known)
    return f"is not known; did you mean {meant}?" if meant else "is not known"


def misspelt(name: str, known: t.Iterable[str]) -> str | None:
    """The known name that this one differs from by a single slip, or by one slip in each of its words."""
    return next((meant for meant in sorted(known) if _is_nearly(name.lower(), meant)), None)


def _is_nearly(name: str, meant: str) -> bool:
    words, wanted = name.split("_"), meant.split("_")
    in_each_word = len(words) == len(wanted) and all(map(is_slip, words, wanted))
    return in_each_word or is_slip(name, meant)


def is_slip(word: str, meant: str) -> bool:
    """Whether at most one letter is missing, too many, another, or in its neighbour's place."""
    pairs = enumerate(zip(word, meant, strict=False))
    same = next((index for index, (letter, wanted) in pairs if letter != wanted), min(len(word), len(meant)))
    word, meant = word[same:], meant[same:]
    swapped = word[:2] == meant[:2][::-1] and word[2:] == meant[2:]
    return swapped or word[1:] == meant or word == meant[1:] or word[1:] == meant[1:]


def checked(label: str, option: Option, value: t.Any) -> tuple[t.Any, list[str]]:
    """The value with the defaults of its inner options, and the sentences on what is wrong with it."""
    if value is None:
        return None, [] if option.get("default") is None else [f"{label} is empty; remove it to get its default"]
    kind = option.get("type", "str")
    if not _has_shape(kind, value):
        return value, [_wrong(label, option, value)]
    if ArgumentSpecValidator({"value": _flat(option)}).validate({"value": value}).error_messages:
        return value, [_wrong(label, option, value)]
    if "options" not in option:
        return value, []
    if kind == "dict":
        return _checked_inside(label, option, value)
    items = [_checked_inside(_item_label(label, index, item), option, item) for index, item in enumerate(value)]
    return [item for item, _wrong_here in items], [problem for _item, wrong in items for problem in wrong]


def _checked_inside(label: str, option: Option, value: t.Any) -> tuple[t.Any, list[str]]:
    """One dictionary whose keys are options again."""
    if not isinstance(value, dict):
        return value, [f"{label} must be a dictionary"]
    options = option["options"]
    problems = [f"{label}: {key} {unknown(key, options)}" for key in value if key not in options]
    problems += [f"{label} lacks {key}" for key in options if options[key].get("required") and value.get(key) is None]
    known = {key: value[key] for key in options if key in value}
    validator = ArgumentSpecValidator(
        {key: {**_flat(each), "required": False} for key, each in options.items()},
        **{rule: option[rule] for rule in RULES if rule in option},
    )
    result = validator.validate(known)
    found: list[str] = []
    for key, inner in known.items():
        # A look at each leaf is slow; it is needed only to find the words for what the validator saw.
        if result.error_messages or "options" in options[key] or not _has_shape(options[key].get("type", "str"), inner):
            result.validated_parameters[key], wrong = checked(f"{label}.{key}", options[key], inner)
            found += wrong
    if not found:
        found = [f"{label}: {message}" for message in result.error_messages]
    return result.validated_parameters, problems + found


def _flat(option: Option) -> dict[str, t.Any]:
    return {key: option[key] for key in ("type", "elements", "choices", "default") if key in option}


def _has_shape(kind: str, value: t.Any) -> bool:
    if value is None or kind == "raw":
        return True
    if kind in EXACT:
        return isinstance(value, EXACT[kind])
    return not isinstance(value, (dict, list, bool)) or (kind == "str" and isinstance(value, bool))


def _item_label(label: str, index: int, item: t.Any) -> str:
    named = isinstance(item, dict) and isinstance(item.get("name"), str)
    return f"{label}[{index}] ({item['name']})" if named else f"{label}[{index}]"


def _wrong(label: str, option: Option, value: t.Any) -> str:
    wanted = KINDS.get(option.get("type", "str"), option.get("type"))
    if "elements" in option:
        wanted += f" of {PLURALS.get(option['elements'], option['elements'])}"
    if "choices" in option:
        wanted = "one of " + ", ".join(map(str, option["choices"]))
    shown = "" if option.get("no_log") or isinstance(value, (dict, list)) else f", not {_quoted(value)}"
    return f"{label} must be {wanted}{shown}"


def _quoted(value: t.Any) -> str:
    return f"the text {str(value)!r}" if isinstance(value, str) else str(value)
