"""Which lists each kind of processor is read by, in the order they are read: what rests on another comes after it."""

from collections.abc import Mapping
from typing import Any

from core.connections.models import Kind
from core.integrations.cash_practice import client as cash_practice
from core.integrations.cliniko import client as cliniko
from core.integrations.fortis import client as fortis

RESOURCES_OF: dict[str, Mapping[str, Any]] = {
    Kind.FORTIS: fortis.RESOURCES,
    Kind.CASH_PRACTICE: cash_practice.RESOURCES,
    Kind.CLINIKO: cliniko.RESOURCES,
}
LONGEST: dict[str, str] = {
    Kind.FORTIS: "transactions",
    Kind.CASH_PRACTICE: "payments",
    Kind.CLINIKO: "invoices",
}
"""The list that says whether everything was read: short ones are read whole each time."""
