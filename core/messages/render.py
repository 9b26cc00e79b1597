"""The practice's own words with a few known gaps: sandboxed Jinja, a fixed list of fields, nothing else."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import BadInput
from core.messages.models import Channel
from core.secrets import has_card_number

FIELDS: dict[str, str] = {
    "first_name": "first name",
    "practice": "practice",
    "phone": "phone of the practice",
    "signature": "signature",
    "amount": "amount",
    "last_four": "last four",
    "expiry": "expiry",
    "link": "link",
    "terms": "what was allowed",
}
LONGEST_TEXT, LONGEST_EMAIL, LONGEST_SUBJECT = 480, 10_000, 150
CLINICAL = re.compile(
    r"\b(?:diagnos\w*|icd-?10|[A-TV-Z]\d{2}\.\d{1,4}|medicare|medicaid|x-?rays?|mri|sciatica|scoliosis|"
    r"herniat\w*|sublux\w*|pregnan\w*|injur(?:y|ies))\b",
    re.IGNORECASE,
)
_GAP = re.compile(r"{{\s*([A-Za-z_][A-Za-z_ ]*?)\s*}}")
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If)
# plain text goes out
_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@lru_cache(maxsize=500)
def fields_of(body: str) -> frozenset[str]:
    """The fields a template uses. Raises BadInput: an unknown field, or anything beyond fields and `if`."""
    _compiled(body)
    return frozenset(node.name for node in _environment.parse(_with_known_names(body)).find_all(nodes.Name))


def render(body: str, fields: Mapping[str, str]) -> str:
    """The words as they go out. Raises BadInput when a field is unknown or has no value for this patient."""
    wanted = fields_of(body)
    empty = sorted(FIELDS[name] for name in wanted if not fields.get(name) and name not in _asked_for(body))
    if empty:
        raise BadInput(f"The text needs the {empty[0]}, and there is none for this patient.")
    return _compiled(body).render({name: fields.get(name, "") for name in FIELDS}).strip()


def check_template(channel: str, subject: str, body: str, *, names: Iterable[str] = ()) -> None:
    """Whether a text may be kept and sent. names: services and insurers, which a text may not hold (DOMAIN §12).

    Raises BadInput with what to change.
    """
    fields_of(body)
    fields_of(subject)
    if not body.strip():
        raise BadInput("The message is empty. Write what the patient is to read.")
    if has_card_number(body) or has_card_number(subject):
        raise BadInput("This holds a card number. Huddle never sends or keeps one; take it out.")
    longest = LONGEST_TEXT if channel == Channel.TEXT else LONGEST_EMAIL
    if len(body) > longest:
        raise BadInput(f"The message has {len(body):,} characters; at most {longest:,} go out.")
    if channel == Channel.EMAIL and not subject.strip():
        raise BadInput("An e-mail needs a subject.")
    if len(subject) > LONGEST_SUBJECT:
        raise BadInput(f"The subject has {len(subject):,} characters; at most {LONGEST_SUBJECT} go out.")
    if word := clinical_word(_GAP.sub(" ", f"{subject} {body}" if channel == Channel.EMAIL else body), names):
        raise BadInput(
            f"“{word}” may not stand in a message: no diagnosis, service or insurer. Leave it out."
        )


def clinical_word(text: str, names: Iterable[str]) -> str:
    """The first diagnosis, service or insurer named in a text; "" when there is none."""
    if found := CLINICAL.search(text):
        return found[0]
    folded = text.casefold()
    for name in names:
        if len(name) >= 4 and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", folded):
            return name
    return ""


def first_name(name: str) -> str:
    """A first name fit for a message: letters, marks, hyphens, apostrophes; no address a phone could turn into a link."""
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter)[0] in "LM" or letter in " -'’"
    )
    return " ".join(kept.split())[:30].strip() or "there"


def _with_known_names(body: str) -> str:
    """`{{ first name }}` is what people write for `{{ first_name }}`."""
    return _GAP.sub(lambda gap: "{{ " + "_".join(gap[1].split()) + " }}", body)


@lru_cache(maxsize=500)
def _compiled(body: str) -> Template:
    if "\0" in body:
        raise BadInput("The message holds a character that cannot be sent. Type it again.")
    source = _with_known_names(body)
    try:
        tree = _environment.parse(source)
    except TemplateError as error:
        raise BadInput(f"The text cannot be read: {error.message or error}. Fields: {_known()}.") from error
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Name) and node.name not in FIELDS:
            raise BadInput(f"There is no field “{node.name}”. Fields: {_known()}.")
        if not isinstance(node, _ALLOWED):
            raise BadInput(f"Only fields can stand between braces. Fields: {_known()}.")
    return _environment.from_string(source)


@lru_cache(maxsize=500)
def _asked_for(body: str) -> frozenset[str]:
    """Fields that may be empty, because the text itself asks whether they are there."""
    asked = _environment.parse(_with_known_names(body)).find_all(nodes.If)
    return frozenset(node.test.name for node in asked if isinstance(node.test, nodes.Name))


def _known() -> str:
    return ", ".join("{{ %s }}" % name for name in FIELDS)  # noqa: UP031 - braces
