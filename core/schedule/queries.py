"""What “a visit that took place” is to SQL (DOMAIN §0)."""

from sqlalchemy import and_

from core.schedule.models import Appointment, AppointmentStatus
from core.store.base import table_of

VISIT_TABLE = table_of(Appointment)
VISIT_DONE = and_(VISIT_TABLE.c.status == AppointmentStatus.COMPLETED.value, VISIT_TABLE.c.gone_at.is_(None))
