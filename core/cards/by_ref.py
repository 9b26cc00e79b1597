"""Cards by the id their source gives them: what plans, memberships and recurrings name, whoever's card it is."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from core.cards.models import Card
from core.cards.rules import CardFacts
from core.store.base import table_of
from core.store.statements import refs_of

_card = table_of(Card)
_BY_REF = (
    select(*(_card.c[name] for name in CardFacts._fields))
    .where(_card.c.external_id.in_(refs_of("refs")), _card.c.gone_at.is_(None))
    .order_by(_card.c.id)
)


class CardsByRef:
    """Holds the cards that were read, and looks up the others once: an answer must not depend on who else is asked for."""

    def __init__(self) -> None:
        self._by_ref: dict[str, CardFacts | None] = {}
        self._by_id: dict[int, CardFacts] = {}

    def keep(self, card: CardFacts) -> None:
        self._by_ref[card.external_id] = self._by_id[card.id] = card

    def look_up(self, session: Session, refs: Iterable[str | None]) -> None:
        """Read the cards of these ids that are not held yet; one that is not in the store is remembered as such."""
        wanted = sorted({ref for ref in refs if ref} - self._by_ref.keys())
        if not wanted:
            return
        self._by_ref.update(dict.fromkeys(wanted))
        for row in session.connection().execute(_BY_REF, {"refs": wanted}).all():
            self.keep(CardFacts._make(row))

    def id_of(self, ref: str | None) -> int | None:
        """The store id of a card, None where none is named or the store does not hold it."""
        found = self._by_ref.get(ref) if ref else None
        return found.id if found else None

    def by_id(self, card_ids: Iterable[int | None]) -> list[CardFacts]:
        """The cards of these store ids that are held, each once."""
        return [self._by_id[key] for key in dict.fromkeys(card_ids) if key in self._by_id]
