"""Whom a FHIR reference means: literal, contained, urn:uuid, with a version, by an identifier, or through a role."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from pydantic import ValidationError

from core.integrations.fhir.people import written_name
from core.integrations.fhir.records import HumanName, Identifier, Reference

MERGED, ROLE, ORGANIZATION = "merged", "PractitionerRole", "Organization"
_MOST = 500_000  # bounds memory
_NOTHING: Mapping[str, Any] = {}


class Identifiers:
    """What references stand for, learnt as resources are read: ids by identifier (NPI, MRN …), practitioners by role,
    names of organizations, merged patients. fresh: what is not written down yet.

    An identifier that several bear means nobody: which of them, a reference does not say. Its owners stand in one text,
    with spaces, which no id has.
    """

    def __init__(self) -> None:
        self._means: dict[str, dict[str, str]] = {}
        self._by_value: dict[tuple[str, str], set[str]] = {}
        self._borne: dict[tuple[str, str], set[str]] = {}
        self._count = 0
        self.fresh: dict[tuple[str, str], str] = {}

    def keep(self, kind: str, named: str, means: str) -> None:
        of_kind = self._means.setdefault(kind, {})
        if of_kind.get(named) == means or (named not in of_kind and self._count >= _MOST):
            return
        self._count += named not in of_kind
        of_kind[named] = self.fresh[kind, named] = means
        if kind.endswith(_IDENTIFIER):
            for own in means.split():
                self._by_value.setdefault((kind, named.rpartition("|")[2]), set()).add(named)
                self._borne.setdefault((kind, own), set()).add(named)

    def means(self, kind: str, named: str) -> str | None:
        return self._means.get(kind, {}).get(named)

    def all_of(self, kind: str) -> dict[str, str]:
        return dict(self._means.get(kind, {}))

    def learn(self, kind: str, identifiers: Iterable[Identifier], own: str) -> None:
        """The identifiers that one resource bears now; those it bore before are its own no more."""
        place = f"{kind}{_IDENTIFIER}"
        bears = {
            f"{each.system or ''}|{each.value}"
            for each in identifiers
            if each.value and each.use != "old" and len(each.value) + len(each.system or "") <= 500
        }
        for named in self._borne.get((place, own), set()) - bears:
            self._borne[place, own].discard(named)
            self.keep(place, named, " ".join(sorted(self._owners(place, named) - {own})))
        for named in bears:
            self.keep(place, named, " ".join(sorted(self._owners(place, named) | {own})))

    def find(self, kind: str, token: str) -> str | None:
        """token: system|value, as in a search; a value alone whatever its system. None where nobody bears it, or several."""
        place = f"{kind}{_IDENTIFIER}"
        owners = self._owners(place, token if "|" in token else f"|{token}")
        system, _, value = token.rpartition("|")
        if not owners and not system:
            every = (self._owners(place, named) for named in self._by_value.get((place, value), ()))
            owners = set().union(*every)
        stay = {self._last(own) for own in owners} if kind == "Patient" else owners
        return next(iter(stay)) if len(stay) == 1 else None

    def _owners(self, place: str, named: str) -> set[str]:
        return set((self.means(place, named) or "").split())

    def _last(self, own: str) -> str:
        """Who stays of a patient who was merged into others."""
        steps = {own}
        while (then := self.means(MERGED, own)) and then not in steps:
            steps.add(own := then)
        return own


_IDENTIFIER = " identifier"


class Setting(NamedTuple):
    """What a resource is read against.

    zone: the practice's time zone, zone_from: where it was taken from. base: the server's own address, "" = files,
    whose absolute references are all taken as their own. aliases: see files.Unit. contained: what the resource holds
    inside itself, by id; beside: takes rows that such a resource needs, (practice file, cells).
    """

    zone: str
    zone_from: str
    identifiers: Identifiers
    base: str = ""
    aliases: Mapping[str, str] = {}
    contained: Mapping[str, Mapping[str, Any]] = {}
    beside: list[tuple[str, dict[str, str]]] | None = None


def meant(setting: Setting, reference: Reference | None, kind: str) -> str | None:
    """The id of the one meant, when a resource of that kind is. What cannot be made out stays as it is written, so
    that whoever looks it up fails to find it and can say so; None when nobody of that kind is meant."""
    if reference is None:
        return None
    written = reference.reference or ""
    if not written:
        return _by_identifier(setting, reference, kind)
    if written.startswith("#"):
        return _contained(setting, written[1:], kind)
    if kind == "Practitioner" and kind_meant(reference) == ROLE:
        role = _literal(setting, written, ROLE)
        return (role and setting.identifiers.means(ROLE, role)) or None
    if found := setting.aliases.get(written):
        return found
    if written.startswith(("urn:uuid:", "urn:oid:")):
        return written.removeprefix("urn:uuid:").removeprefix("urn:oid:")
    if "?" in written:
        return _conditional(setting, written, kind)
    return _literal(setting, written, kind)


def _literal(setting: Setting, written: str, kind: str) -> str | None:
    if "?" in written:
        return _conditional(setting, written, kind)
    if "://" in written:
        if setting.base and not written.startswith(f"{setting.base}/"):
            return written if f"/{kind}/" in written else None
        written = written.removeprefix(f"{setting.base}/")
    steps = written.split("/_history/", 1)[0].split("/")
    return steps[-1] if len(steps) >= 2 and steps[-2] == kind and steps[-1] else None


def kind_meant(reference: Reference | None) -> str:
    """The kind of resource a reference names, in its own words, "" when it does not say."""
    if reference is None:
        return ""
    steps = (reference.reference or "").split("?", 1)[0].split("/_history/", 1)[0].split("/")
    named = steps[-2] if len(steps) >= 2 else steps[0] if "?" in (reference.reference or "") else ""
    return named or reference.type or ""


def organization_named(setting: Setting, reference: Reference | None) -> str:
    """The name of the organization that a reference means; "" when it is not known."""
    if reference is None:
        return ""
    if reference.display:
        return reference.display
    written = reference.reference or ""
    if written.startswith("#"):
        held = setting.contained.get(written[1:], _NOTHING)
        return (
            held["name"]
            if held.get("resourceType") == ORGANIZATION and isinstance(held.get("name"), str)
            else ""
        )
    found = meant(setting, reference, ORGANIZATION)
    return (found and setting.identifiers.means(ORGANIZATION, found)) or ""


def _by_identifier(setting: Setting, reference: Reference, kind: str) -> str | None:
    token = reference.identifier
    if token is None or not token.value:
        return None
    written = f"{token.system or ''}|{token.value}"
    if kind == "Practitioner" and reference.type == ROLE:
        role = setting.identifiers.find(ROLE, written)
        return (role and setting.identifiers.means(ROLE, role)) or None
    if reference.type not in (None, kind):
        return None
    found = setting.identifiers.find(kind, written)
    return found or (written if reference.type == kind else None)


def _conditional(setting: Setting, written: str, kind: str) -> str | None:
    """Practitioner?identifier=system|value, as transaction bundles have it."""
    named, _, query = written.partition("?")
    if named.rsplit("/", 1)[-1] != kind:
        return None
    asked = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    if own := asked.get("_id"):
        return own
    token = unquote(asked.get("identifier", ""))
    return setting.identifiers.find(kind, token) or written


def _contained(setting: Setting, name: str, kind: str) -> str | None:
    """Someone who stands inside the resource: known by an identifier, else a provider by their name."""
    held = setting.contained.get(name, _NOTHING)
    there = held.get("resourceType")
    if there == ROLE and kind == "Practitioner":
        inner = _read(Reference, held.get("practitioner"))
        return meant(setting, inner, kind) if inner and inner.reference != f"#{name}" else None
    if there != kind:
        return None
    told = held.get("identifier")
    for each in told if isinstance(told, list) else []:
        token = _read(Identifier, each)
        if (
            token
            and token.value
            and (found := setting.identifiers.find(kind, f"{token.system or ''}|{token.value}"))
        ):
            return found
    if kind != "Practitioner":
        return f"#{name}" if kind == "Patient" else None
    names = held.get("name")
    people = [found for each in names if (found := _read(HumanName, each))] if isinstance(names, list) else []
    if not (shown := written_name(people)):
        return None
    own = f"contained|{shown}"[:200]
    if setting.beside is not None:
        setting.beside.append(("providers", {"provider_id": own, "name": shown}))
    return own


def _read(model: Any, value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
