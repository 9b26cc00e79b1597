"""Whom a FHIR reference means: relative, absolute, urn:uuid, with a version, or by an identifier."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from core.integrations.fhir.records import Identifier, Reference

_MOST_IDENTIFIERS = 200_000  # bounds memory; places and providers are far fewer


class Identifiers:
    """Ids of places and providers by their identifiers (NPI …), learnt as they are read."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}

    def learn(self, kind: str, identifiers: Iterable[Identifier], own: str) -> None:
        for each in identifiers:
            if each.value and len(self._ids) < _MOST_IDENTIFIERS:
                self._ids[kind, f"{each.system or ''}|{each.value}"] = own

    def find(self, kind: str, token: str) -> str | None:
        """token: system|value, as in a search."""
        return self._ids.get((kind, token))


class Setting(NamedTuple):
    """What a resource is read against.

    zone: the practice's time zone, zone_from: where it was taken from. base: the server's own address, "" = files,
    whose absolute references are all taken as their own. aliases: see fhir_files.Unit.
    """

    zone: str
    zone_from: str
    identifiers: Identifiers
    base: str = ""
    aliases: Mapping[str, str] = {}


def meant(setting: Setting, reference: Reference | None, kind: str) -> str | None:
    """The id of the one meant, when a resource of that kind is. What cannot be made out stays as it is written, so
    that whoever looks it up fails to find it and can say so; None when nobody of that kind is meant."""
    if reference is None:
        return None
    written = reference.reference or ""
    if not written:
        return _by_identifier(setting, reference, kind)
    if written.startswith("urn:uuid:"):
        return setting.aliases.get(written) or written.removeprefix("urn:uuid:")
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
    named = steps[-2] if len(steps) >= 2 else ""
    return named or reference.type or ""


def _by_identifier(setting: Setting, reference: Reference, kind: str) -> str | None:
    token = reference.identifier
    if token is None or not token.value or reference.type not in (None, kind):
        return None
    written = f"{token.system or ''}|{token.value}"
    found = setting.identifiers.find(kind, written)
    return found or (written if reference.type == kind else None)


def _conditional(setting: Setting, written: str, kind: str) -> str | None:
    """Practitioner?identifier=system|value, as transaction bundles have it."""
    named, _, query = written.partition("?")
    if named.rsplit("/", 1)[-1] != kind:
        return None
    token = unquote(query.removeprefix("identifier=")) if query.startswith("identifier=") else ""
    return setting.identifiers.find(kind, token) or written
