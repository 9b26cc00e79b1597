"""A FHIR R4 server, read only: what it offers, and the pages of one kind of resource.

Only what it says itself leads on: the next page is asked for when it lies on the very same origin as the base address,
so a record can never send us (and our token) elsewhere. Every value is taken as untrusted; see fhir_records.py.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from core.errors import Refused, UnreadableAnswer
from core.integrations.http import Reader

PAGE = 200
MOST_PAGES = 100_000
# parents before what refers to them: the order everything is loaded in
USED = (
    "Organization",
    "Location",
    "Practitioner",
    "PractitionerRole",
    "Patient",
    "Account",
    "Coverage",
    "Appointment",
    "Encounter",
    "ChargeItem",
    "Invoice",
)
_VERSIONS = ("4.0", "4.3")  # R4 and R4B: the fields we read are the same


class ServerPage(NamedTuple):
    """entries: the resources of one page as they came. total: how many the server says there are, None = it does not.

    said_at: the server's own clock when it answered, None when it did not say.
    """

    entries: list[Any]
    total: int | None
    said_at: str | None


class FhirServer:
    """One FHIR R4 server. token: sent as a bearer token, "" = none is asked for."""

    def __init__(self, *, base_url: str, token: str = "", allowed_hosts: str, **reader: Any) -> None:
        headers = {"Accept": "application/fhir+json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._reader = Reader(
            "The FHIR server",
            base_url.rstrip("/"),
            allowed_hosts=allowed_hosts,
            headers=headers,
            secrets=[token],
            **reader,
        )
        self._base = httpx.URL(base_url.rstrip("/") + "/")

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """A real call with the token: which version it speaks and what it offers of what we read.

        Raises WrongCredentials, TransportError; UnreadableAnswer when it is no FHIR R4 server.
        """
        version, offered = self._capabilities()
        first = self._search("Patient", {"_count": 1})
        many = "patient" if first.total == 1 else "patients"
        held = f" and holds {first.total:,} {many}" if first.total is not None else ""
        missing = [name for name in USED if name not in offered]
        reads = (
            f"It offers no {', '.join(missing)}." if missing else "It offers everything that Huddle reads."
        )
        return f"A FHIR server (version {version}) answers{held}. {reads}"

    def offered(self) -> frozenset[str]:
        """The resources we use that the server says it has. Raises TransportError."""
        return self._capabilities()[1]

    def pages(self, resource: str, *, since: datetime | None = None) -> Iterator[ServerPage]:
        """Every page of one kind of resource; since (aware): only what changed at that instant or later.

        Raises TransportError; Refused when the next page lies elsewhere or the pages lead in a circle.
        """
        params: dict[str, str | int] = {"_count": PAGE}
        if since is not None:
            params["_lastUpdated"] = f"ge{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        page, following = self._page(resource, params)
        yield page
        asked: set[str] = set()
        while following:
            address = self._same_origin(following)
            if address in asked or len(asked) >= MOST_PAGES:
                raise Refused(f"The FHIR server's pages of {resource} lead in a circle; ask its vendor.")
            asked.add(address)
            where = httpx.URL(address)
            page, following = self._page(str(where.copy_with(query=None)), where.params)
            yield page

    def _search(self, resource: str, params: Mapping[str, str | int]) -> ServerPage:
        return self._page(resource, params)[0]

    def _page(self, path: str, params: Mapping[str, str | int]) -> tuple[ServerPage, str]:
        answer = self._reader.get(path, params or None, accept=_is_bundle)
        entries = [entry for entry in answer.get("entry") or [] if _is_match(entry)]
        total = answer.get("total")
        said_at = answer["meta"].get("lastUpdated") if isinstance(answer.get("meta"), Mapping) else None
        page = ServerPage(
            [entry.get("resource") if isinstance(entry, Mapping) else entry for entry in entries],
            total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None,
            said_at if isinstance(said_at, str) else None,
        )
        return page, _next(answer)

    def _same_origin(self, following: str) -> str:
        """The address of the next page. Raises Refused when it is anywhere but where we were told to ask."""
        try:
            address = self._base.join(following)
        except (httpx.InvalidURL, ValueError):
            address = None
        if address is None or _origin(address) != _origin(self._base) or address.userinfo:
            raise Refused(
                "The FHIR server's next page lies at another address; Huddle does not follow. "
                "Its vendor has to mend the address it calls itself by."
            )
        return str(address)

    def _capabilities(self) -> tuple[str, frozenset[str]]:
        answer = self._reader.get("metadata", accept=_is_capabilities)
        version = str(answer.get("fhirVersion") or "")
        if not version.startswith(_VERSIONS):
            raise UnreadableAnswer(f"The server speaks FHIR “{version[:20]}”; Huddle reads R4 (4.0).")
        served: set[str] = set()
        for rest in _list(answer.get("rest")):
            for each in _list(rest.get("resource") if isinstance(rest, Mapping) else None):
                if isinstance(each, Mapping):
                    served.add(str(each.get("type")))
        return version, frozenset(served & set(USED))


def _origin(address: httpx.URL) -> tuple[str, str, int | None]:
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, address.host.lower(), port


def _is_bundle(answer: Any) -> None:
    if not isinstance(answer, Mapping) or answer.get("resourceType") != "Bundle":
        raise UnreadableAnswer("The FHIR server answered something that is not a FHIR bundle.")
    if not isinstance(answer.get("entry", []), list):
        raise UnreadableAnswer("The FHIR server answered a bundle whose entries cannot be read.")


def _is_capabilities(answer: Any) -> None:
    if not isinstance(answer, Mapping) or answer.get("resourceType") != "CapabilityStatement":
        raise UnreadableAnswer("That address does not answer as a FHIR server does (no CapabilityStatement).")


def _is_match(entry: Any) -> bool:
    """Not what the server added beside the answer: included resources and remarks of its own."""
    search = entry.get("search") if isinstance(entry, Mapping) else None
    return not isinstance(search, Mapping) or search.get("mode") in (None, "match")


def _next(answer: Mapping[str, Any]) -> str:
    for link in _list(answer.get("link")):
        if isinstance(link, Mapping) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return link["url"]
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
