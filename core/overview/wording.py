"""The sentences above the charts, in the words of the clinic. Whole dollars, as in headlines. Pure."""

from collections.abc import Sequence
from datetime import date

from core.dates import short_day
from core.money import whole_dollars
from core.overview.periods import Period, Span
from core.overview.recovered import Way

CARD_WORDS = {
    "HAS_CARD": "good card",
    "VIA_GUARANTOR": "the payer's card",
    "BANK_ONLY": "bank account",
    "EXPIRING": "card ends soon",
    "EXPIRED": "card ended",
    "EXPIRED_ONLY": "card ended",
    "INVALID": "card closed or removed",
    "NONE": "no card",
    "NOT_LINKED": "not linked to a processor record",
    "UNKNOWN": "nobody can say",
}
ALL = 100
_BEFORE = {
    Period.THIS_MONTH: "In the same days of last month",
    Period.LAST_MONTH: "In the month before",
    Period.QUARTER: "In the same days of last quarter",
    Period.YEAR: "In the year before",
}


def percent(part: int, whole: int) -> int | None:
    """Whole percent, rounded half up; None where there is nothing to compare with (never 0%). 100 only when it is all."""
    if whole <= 0:
        return None
    found = (200 * part + whole) // (2 * whole)
    return found - 1 if part < whole and found == ALL else found


def rate_words(part: int, whole: int) -> str:
    """`92%`, or `–`."""
    found = percent(part, whole)
    return "–" if found is None else f"{found}%"


def visits(count: int) -> str:
    return f"{count:,} visit" if count == 1 else f"{count:,} visits"


def the_time_before(period: Period, span: Span) -> str:
    """How the sentence of a comparison begins."""
    return _BEFORE.get(period, f"In the {span.days} days before")


def collected_words(collected: int, expected: int) -> str:
    if expected <= 0:
        return f"Collected {whole_dollars(collected)}; nothing was expected in this time."
    return (
        f"Collected {whole_dollars(collected)} of {whole_dollars(expected)} expected, "
        f"{rate_words(collected, expected)}."
    )


def methods_words(by_card: int, collected: int, balance: int) -> str:
    if collected <= 0:
        return "Nothing was collected in this time."
    old = f" {whole_dollars(balance)} was for old balances or paid ahead." if balance > 0 else ""
    return f"{rate_words(by_card, collected)} came by card.{old}"


def arrears_words(ages: tuple[int, int, int, int]) -> str:
    owed, long = sum(ages), ages[2] + ages[3]
    if not owed:
        return "Nobody is behind on a plan."
    if not long:
        return f"{whole_dollars(owed)} is in arrears, none of it for more than 60 days."
    return f"{whole_dollars(owed)} is in arrears, {whole_dollars(long)} of it for more than 60 days."


def arrears_before(ages: tuple[int, int, int, int], day: date, today: date) -> str:
    return f"On {short_day(day, today)} it was {whole_dollars(sum(ages))}."


def service_words(collected: int, due: int) -> str:
    if due <= 0:
        return "Collected at the time of service: –. Nothing was due at a visit in this time."
    return (
        f"{rate_words(collected, due)} collected at the time of service: {whole_dollars(collected)} "
        f"of {whole_dollars(due)} due at visits."
    )


def use_words(used: int, allowance: int, booked: int | None, over: int | None) -> str:
    if not allowance:
        return "No member has a number of visits to use."
    words = f"Members have used {used:,} of the {visits(allowance)} of their present periods"
    if booked is None:
        return f"{words}."
    words += f"; {booked:,} more {'is' if booked == 1 else 'are'} booked"
    return f"{words}, {over:,} too many." if over else f"{words}."


def cards_words(good: int, everybody: int) -> str:
    bad = everybody - good
    if not everybody:
        return "Nobody has anything to pay by card."
    if not bad:
        return f"Every card is good: {everybody:,} of {everybody:,} patients who pay by card."
    verb = "needs" if bad == 1 else "need"
    return f"{good:,} of {everybody:,} patients who pay by card have a good one; {bad:,} {verb} a person."


def drafts_words(cents: int, failing: int, unknown: int) -> str:
    if not cents:
        return "No draft is planned for the next 30 days."
    doubt = f"; of {whole_dollars(unknown)} nobody can say" if unknown else ""
    if not failing:
        return (
            f"{whole_dollars(cents)} is drafted in the next 30 days, and none of it is known to fail{doubt}."
        )
    return (
        f"Of {whole_dollars(cents)} drafted in the next 30 days, "
        f"{whole_dollars(failing)} will probably fail{doubt}."
    )


def recovered_words(cents: int) -> str:
    return (
        f"Patients paid {whole_dollars(cents)} on links that were sent to them, or by a charge of their card."
    )


def ways_words(ways: Sequence[Way]) -> str:
    """`By payment links $1,800, usually within 2 days; by charging the card on file $447, usually within 9 days.`"""
    parts = [f"by {way.words} {whole_dollars(way.cents)}{_usually(way.days)}" for way in ways]
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _usually(days: int | None) -> str:
    if days is None:
        return ""
    return ", usually the same day" if days == 0 else f", usually within {days} day{'' if days == 1 else 's'}"


def since_words(what: str, day: date, today: date) -> str:
    """A note on where a chart begins."""
    return f"{what} {short_day(day, day)}, {day.year}."
