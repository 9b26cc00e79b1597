"""Which plans may be behind: one statement that leaves out those that cannot be, so that few need judging.

It may let through a plan that turns out to be fine, never leave out one that is not: tests compare it with judging all.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, false, func, or_, select
from sqlmodel import Session

from core.ledger.models import DeskMatch, EntryKind, LedgerEntry
from core.patients.models import Patient
from core.payments.models import Payment, PaymentStatus
from core.plans.models import Instalment, Plan, PlanStatus
from core.plans.queries import DESK_KINDS
from core.store.base import table_of
from core.store.statements import ids_of
from core.store.types import UtcInstant

_plan, _instalment, _payment, _patient = (
    table_of(Plan),
    table_of(Instalment),
    table_of(Payment),
    table_of(Patient),
)
_entry, _match = table_of(LedgerEntry), table_of(DeskMatch)
_TODAY, _UNTIL = bindparam("today"), bindparam("until", type_=UtcInstant)

_asked = case((_instalment.c.amount_cents > _instalment.c.waived_cents, _instalment.c.amount_cents - _instalment.c.waived_cents), else_=0)  # fmt: skip
_due = (
    select(
        _instalment.c.plan_id,
        func.sum(case((_instalment.c.due_date < _TODAY, _asked), else_=0)).label("owed"),
        func.sum(_asked).label("asked"),
        func.min(_instalment.c.amount_cents).label("least"),
        func.min(_instalment.c.waived_cents).label("least_waived"),
    )
    .where(_instalment.c.gone_at.is_(None))
    .group_by(_instalment.c.plan_id)
    .subquery("due")
)
# money tied to an instalment that is not due yet pays nothing that is
_tied = _instalment.alias("tied")
_tied_ahead = func.coalesce(_tied.c.due_date >= _TODAY, false())
_paid = (
    select(
        _payment.c.plan_id,
        func.sum(case((_tied_ahead, 0), else_=_payment.c.amount_cents - _payment.c.surcharge_cents)).label(
            "cents"
        ),
        func.max(case((_tied_ahead, 1), else_=0)).label("tied_ahead"),
    )
    .select_from(_payment.outerjoin(_tied, _payment.c.instalment_id == _tied.c.id))
    .where(
        _payment.c.plan_id.is_not(None),
        _payment.c.gone_at.is_(None),
        _payment.c.status == PaymentStatus.APPROVED.value,
        _payment.c.refund_ref.is_(None),
        _payment.c.happened_at < _UNTIL,
    )
    .group_by(_payment.c.plan_id)
    .subquery("paid")
)
# a refund may carry no plan of its own, so the sums above do not know it: those plans are all judged
_back, _given = _payment.alias("back"), _payment.alias("given")
_refunded = (
    select(_given.c.plan_id)
    .join_from(
        _back,
        _given,
        and_(_given.c.connection_id == _back.c.connection_id, _given.c.external_id == _back.c.refund_ref),
    )
    .where(_back.c.refund_ref.is_not(None), _given.c.plan_id.is_not(None))
)
_refunding = select(_payment.c.plan_id).where(
    _payment.c.refund_ref.is_not(None), _payment.c.plan_id.is_not(None)
)
# money that only the ledger knows of, and what was taken back of it: those plans are judged too
_desk = (
    select(_entry.c.plan_id)
    .where(
        _entry.c.plan_id.is_not(None),
        DESK_KINDS,
        ~select(_payment.c.id)
        .where(_payment.c.order_id == _entry.c.order_id, _payment.c.plan_id.is_not(None))
        .exists(),
    )
    .union(select(_match.c.plan_id).where(_match.c.plan_id.is_not(None), _match.c.undone_at.is_(None)))
)
_desk_back = select(_entry.c.plan_id).where(
    _entry.c.plan_id.is_not(None), DESK_KINDS, _entry.c.kind != EntryKind.PAYMENT.value
)
_doubtful = or_(
    _due.c.owed.is_(None),
    _due.c.least < 0,
    _due.c.least_waived < 0,
    _plan.c.total_cents < 0,
    _plan.c.end_date < _plan.c.start_date,
    _plan.c.paused_to < _plan.c.paused_from,
)
_debtor = func.coalesce(_plan.c.payer_id, _plan.c.patient_id)


_sums = (
    _plan.join(_patient, _patient.c.id == _debtor)
    .outerjoin(_due, _due.c.plan_id == _plan.c.id)
    .outerjoin(_paid, _paid.c.plan_id == _plan.c.id)
)


def _which(condition: Any) -> Any:
    return (
        select(_plan.c.id)
        .select_from(_sums)
        .where(
            _plan.c.gone_at.is_(None),
            _patient.c.gone_at.is_(None),
            or_(
                _patient.c.location_id.in_(ids_of("places")),
                and_(bindparam("homeless"), _patient.c.location_id.is_(None)),
            ),
            condition,
        )
        .order_by(_plan.c.id)
    )


_may_be_behind = or_(
    _doubtful,
    _due.c.owed > func.coalesce(_paid.c.cents, 0),
    _plan.c.id.in_(_refunded),
    _plan.c.id.in_(_refunding),
    _plan.c.id.in_(_desk_back),
)
# what is open of a plan can be told from its sums alone, unless one of these is so
_needs_judging = or_(
    _doubtful,
    _plan.c.id.in_(_refunded),
    _plan.c.id.in_(_refunding),
    _plan.c.id.in_(_desk),
    func.coalesce(_paid.c.tied_ahead, 0) == 1,
    _plan.c.paused_from.is_not(None),
    _plan.c.paused_to.is_not(None),
    _plan.c.status == PlanStatus.PAUSED.value,
    _plan.c.status == PlanStatus.CANCELLED.value,
)
# plan, who pays it, what of it was due before today and in all, what was paid; whether those sums tell enough
SUMS = (
    select(
        _plan.c.id,
        _plan.c.external_id,
        _plan.c.card_ref,
        _debtor,
        func.coalesce(_due.c.owed, 0),
        func.coalesce(_due.c.asked, 0),
        func.coalesce(_paid.c.cents, 0),
        case((_needs_judging, 1), else_=0),
    )
    .select_from(_sums)
    .where(_plan.c.gone_at.is_(None), _patient.c.gone_at.is_(None))
    .order_by(_plan.c.id)
)
COMING = (
    select(_instalment.c.plan_id, _instalment.c.due_date, _asked)
    .where(_instalment.c.gone_at.is_(None), _instalment.c.due_date.between(_TODAY, bindparam("last")))
    .order_by(_instalment.c.plan_id, _instalment.c.due_date, _instalment.c.id)
)
_ended_early = _plan.c.status == PlanStatus.CANCELLED.value
BEHIND, BEHIND_OR_ENDED = _which(_may_be_behind), _which(or_(_may_be_behind, _ended_early))


def may_be_behind(
    session: Session,
    *,
    places: Sequence[int],
    homeless: bool,
    today: date,
    until: datetime,
    ended_early: bool = False,
) -> list[int]:
    """Store ids of plans that may have something to tell on `today` (local). until: the local day's end (aware UTC).

    places: of the person who pays; homeless: also those of no location. ended_early: also every plan ended early.
    """
    query = BEHIND_OR_ENDED if ended_early else BEHIND
    given = {"places": list(places), "homeless": homeless, "today": today, "until": until}
    return list(session.execute(query, given).scalars())
