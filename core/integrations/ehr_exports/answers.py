"""What a person told once about a source: `arrived_in_the_past=completed`. Keys and words are compared without case and
punctuation, and an answer may say more than it must ("written off: an adjustment of what is outstanding")."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import BadInput
from core.integrations.ehr_exports.profile import Question
from core.integrations.ehr_exports.spellings import word


def _key(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", text.casefold())


class Answers:
    """Answers by key. used: keys that something asked for."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(_flat(given))
        self._by_key = {_key(name): text for name, text in self.given.items()}
        self.used: set[str] = set()

    def get(self, *names: str) -> str:
        """The answer to the first of these names that has one; "" for none."""
        for name in names:
            if (found := self._by_key.get(_key(name), "")) != "":
                self.used.add(_key(name))
                return found
        return ""

    def choice(self, name: str, question: Question) -> str:
        """The answer as one of the question's choices, its default, or "". Raises BadInput for another one."""
        said = self.get(name)
        if not said:
            return question.default
        if not question.choices:
            return said
        return chosen(name, said, question.choices)

    def unused(self) -> list[str]:
        return [name for name in self.given if _key(name) not in self.used]


def chosen(name: str, said: str, choices: Mapping[str, list[str]]) -> str:
    """The choice that a text means: itself, one of its other names, or a text that begins with or holds one of them."""
    told = word(said)
    spelled = [(ours, word(each)) for ours, others in choices.items() for each in (ours, *others)]
    for ours, each in spelled:
        if told == each:
            return ours
    for ours, each in sorted(spelled, key=lambda pair: -len(pair[1])):
        if each and re.search(rf"(?<!\w){re.escape(each)}(?!\w)", told):
            return ours
    raise BadInput(f"“{said}” is no answer to {name}. It can be: {', '.join(choices)}.")


def _flat(given: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested answers with dotted names; a text that is JSON of an object is one, too."""
    for name, said in given.items():
        value = _read(said, f"{before}{name}")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            yield f"{before}{name}", "; ".join(str(each) for each in value)
        else:
            yield f"{before}{name}", str(value)


def _read(said: Any, name: str) -> Any:
    if not isinstance(said, str) or not said.lstrip().startswith("{"):
        return said
    try:
        return json.loads(said)
    except ValueError as error:
        raise BadInput(f"The answer {name} looks like JSON and is not.") from error
