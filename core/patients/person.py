"""Who a row is about: the few columns of a patient that every report shows."""

from typing import NamedTuple


class Person(NamedTuple):
    """id is the store's, external_id the EHR's. connection_id: the EHR that knows them, where there are several."""

    id: int
    external_id: str
    first_name: str
    last_name: str
    location_id: int | None
    mobile_last_four: str | None
    guarantor_id: int | None
    connection_id: int | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self) -> str:
        """For a shared screen: `A.R.`."""
        return "".join(f"{part[0]}." for part in (self.first_name, self.last_name) if part)
