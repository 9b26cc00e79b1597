"""Names, numbers and addresses of people in FHIR: which of several counts."""

from collections.abc import Sequence

from core import clock
from core.integrations.fhir.records import ContactPoint, HumanName, Identifier, Period

_NAMES = ("official", "usual", None, "temp", "nickname", "anonymous", "maiden", "old")
_ADDRESSES = ("home", None, "work", "mobile", "temp", "old")
_NUMBERS = ("official", "usual", None, "secondary", "temp", "old")


def name_of(names: Sequence[HumanName]) -> tuple[str, str]:
    """First and last name of the official name, else the usual one, else another; one that is over comes last.

    A name that is only written out is taken as a last name: where it parts, nobody can say.
    """
    chosen = _best_name(names)
    if chosen is None:
        return "", ""
    given = next((each for each in chosen.given if each), "")
    return given, chosen.family or ("" if given else chosen.text or "")


def written_name(names: Sequence[HumanName]) -> str:
    """A name as it is written on a door: Dr. Ana Weber."""
    chosen = _best_name(names)
    if chosen is None:
        return ""
    title = next((each for each in chosen.prefix if each), "")
    given = next((each for each in chosen.given if each), "")
    return chosen.text or " ".join(part for part in (title, given, chosen.family) if part)


def _best_name(names: Sequence[HumanName]) -> HumanName | None:
    return min(names, key=lambda each: (over(each.period), _place(each.use, _NAMES)), default=None)


def email_of(points: Sequence[ContactPoint]) -> str:
    """The e-mail address of the lowest rank; of equals the private one."""
    return _best([each for each in points if each.system == "email"])


def mobile_of(points: Sequence[ContactPoint]) -> str:
    """The number texts can be sent to: a mobile one, one given for texts, or one whose use is not told.

    A number at home or at work is none.
    """
    phones = [each for each in points if each.system in ("phone", "sms")]
    for fits in (
        [each for each in phones if each.use == "mobile"],
        [each for each in phones if each.system == "sms" and each.use != "old"],
        [each for each in phones if each.use is None],
    ):
        if found := _best(fits):
            return found
    return ""


def phone_of(points: Sequence[ContactPoint]) -> str:
    """Any telephone number."""
    return _best([each for each in points if each.system == "phone"])


def number_of(identifiers: Sequence[Identifier]) -> str | None:
    """The EHR's own number of a patient: the identifier of type MR (medical record number); None without one."""
    numbers = [
        each
        for each in identifiers
        if each.value and each.use != "old" and "MR" in (each.type.codes() if each.type else [])
    ]
    best = min(numbers, key=lambda each: _place(each.use, _NUMBERS), default=None)
    return best.value if best and best.value and len(best.value) <= 200 and best.value.isprintable() else None


def _best(points: Sequence[ContactPoint]) -> str:
    usable = [each for each in points if each.value and each.use != "old" and not over(each.period)]
    first = min(usable, key=lambda each: (each.rank or 1_000, _place(each.use, _ADDRESSES)), default=None)
    return (first.value or "") if first else ""


def over(period: Period | None) -> bool:
    """Whether a period lies behind us, to the day."""
    return bool(period and period.end and period.end[:10] < f"{clock.now():%Y-%m-%d}")


def _place(use: str | None, order: tuple[str | None, ...]) -> int:
    return order.index(use) if use in order else len(order)
