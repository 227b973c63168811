"""Surveys in the JSON of SurveyJS, a form library that many have surveys for: put into ours, and walked by itself.

After its public description: pages of elements, `visibleIf` of both, `skip` triggers that lead on. What is read here is
the part of it that leads people through a survey; conditions are `{name} operator value`, joined by `and` and `or`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_COMPARED = re.compile(r"\{(\w+)\} (<=|>=|<>|<|>|=|contains|notempty|empty)(?: (?:'([^']*)'|(-?\d+)))?")
_OURS = {"=": "==", "<>": "!="}


def blocks_of(definition: Json) -> Iterator[tuple[str, Json]]:
    """The inputs of our blocks in order, each with the name that it has in the definition."""
    for page in definition["pages"]:
        shown = {"showIf": condition(page["visibleIf"])} if "visibleIf" in page else {}
        yield page["name"], {"section": {"title": page["title"], **shown}}
        for element in page["elements"]:
            yield element["name"], _block(element)


def rules_of(definition: Json) -> dict[str, list[tuple[str, str]]]:
    """Our rules: the name of what has to be answered last, to (condition, name of the target)."""
    order = [element["name"] for element in _elements(definition)]
    found: dict[str, list[tuple[str, str]]] = {}
    for trigger in definition.get("triggers", ()):
        asked = [match[1] for match in _COMPARED.finditer(trigger["expression"])]
        last = max(asked, key=order.index)
        found.setdefault(last, []).append((condition(trigger["expression"]), trigger["gotoName"]))
    return found


def condition(expression: str) -> str:
    """An expression of theirs in our language."""

    def said(match: re.Match[str]) -> str:
        name, operator, text, number = match.groups()
        value = f"'{text}'" if text is not None else number
        match operator:
            case "contains":
                return f"{value} in {name}"
            case "empty":
                return f"not answered({name})"
            case "notempty":
                return f"answered({name})"
            case _ if value in ("'true'", "'false'"):
                return name if (value == "'true'") == (operator == "=") else f"not {name}"
            case _:
                return f"{name} {_OURS.get(operator, operator)} {value}"

    return _COMPARED.sub(said, expression)


def _elements(definition: Json) -> Iterator[Json]:
    for page in definition["pages"]:
        yield from page["elements"]


def _block(element: Json) -> Json:
    common: Json = {"markdown": element.get("title") or element.get("html")}
    if "visibleIf" in element:
        common["showIf"] = condition(element["visibleIf"])
    if element["type"] == "html":
        return {"text": common}
    common |= {"key": element["name"], "isRequired": element.get("isRequired", False)}
    choices = [{"id": each["value"], "text": each["text"]} for each in element.get("choices", ())]
    match element["type"]:
        case "boolean":
            return {"trueFalse": common}
        case "radiogroup" | "dropdown":
            return {"multipleChoice": {**common, "choices": choices}}
        case "checkbox":
            return {"multiSelect": {**common, "choices": choices}}
        case "rating":
            return {"scale": {**common, "minimum": element["rateMin"], "maximum": element["rateMax"]}}
        case "text":
            return {"numeric" if element.get("inputType") == "number" else "shortAnswer": common}
        case "comment":
            return {"freeform": common}
    raise ValueError(element["type"])


def answer(element: Json, value: Any) -> Json:
    """What somebody answered there, as ours."""
    match element["type"]:
        case "boolean":
            return {"trueFalse": {"isTrue": value}}
        case "radiogroup" | "dropdown":
            return {"multipleChoice": {"choiceId": value}}
        case "checkbox":
            return {"multiSelect": {"choiceIds": value}}
        case "rating":
            return {"scale": {"point": value}}
        case "comment":
            return {"freeform": {"text": value}}
        case _:
            return {"numeric": {"number": str(value)}} if element.get("inputType") else {"shortAnswer": {"text": value}}


@dataclass
class Walk:
    """Goes through a definition as it stands there, with plain values; knows nothing of ours."""

    definition: Json
    values: Json

    def names(self) -> list[str]:
        """The names of the elements that somebody with these values comes to, in order."""
        known: Json = {}
        found: list[str] = []
        wanted: str | None = None
        for page in self.definition["pages"]:
            if not _holds(page.get("visibleIf"), known):
                inside = [page["name"], *(each["name"] for each in page["elements"])]
                wanted = None if wanted in inside else wanted
                continue
            wanted = None if wanted == page["name"] else wanted
            for element in page["elements"]:
                name = element["name"]
                wanted = None if wanted == name else wanted
                if wanted is not None or not _holds(element.get("visibleIf"), known):
                    continue
                found.append(name)
                if name in self.values:
                    known[name] = self.values[name]
                wanted = self._led(name, known)
        return found

    def _led(self, name: str, known: Json) -> str | None:
        order = [element["name"] for element in _elements(self.definition)]
        for trigger in self.definition.get("triggers", ()):
            asked = [match[1] for match in _COMPARED.finditer(trigger["expression"])]
            if max(asked, key=order.index) == name and _holds(trigger["expression"], known):
                return str(trigger["gotoName"])
        return None


def _holds(expression: str | None, known: Json) -> bool:
    if expression is None:
        return True
    return any(all(_is_so(each, known) for each in part.split(" and ")) for part in expression.split(" or "))


def _is_so(comparison: str, known: Json) -> bool:
    match = _COMPARED.fullmatch(comparison)
    assert match is not None, comparison
    name, operator, text, number = match.groups()
    if operator in ("empty", "notempty"):
        return (name in known) == (operator == "notempty")
    if name not in known:
        return False
    value = known[name]
    wanted: Any = int(number) if number is not None else {"true": True, "false": False}.get(text, text)
    if operator == "contains":
        return wanted in value
    return bool(
        {"=": value == wanted, "<>": value != wanted}.get(operator)
        if operator in ("=", "<>")
        else {"<": value < wanted, ">": value > wanted, "<=": value <= wanted, ">=": value >= wanted}[operator]
    )
