"""What goes out how: one table of kind → sender. A noun's own module in core/jobs defines its senders."""

from collections.abc import Mapping
from typing import Any

from core.connections.commands import CLIENTS, kind_of
from core.errors import BadInput
from core.jobs.booking.send import BOOKING_SENDERS
from core.jobs.outbox.blast_conditions import no_longer_needed
from core.jobs.outbox.send_charges import CHARGE_SENDERS
from core.jobs.outbox.send_links import LINK_SENDERS
from core.jobs.outbox.send_messages import message_senders
from core.jobs.outbox.send_put_offs import PUT_OFF_SENDERS
from core.jobs.outbox.send_reruns import DECLINED_SENDERS
from core.jobs.outbox.send_tasks import TASK_SENDERS
from core.links.sending import follow_messages, messages_in_vain
from core.outbox.sender import Sender

SENDERS: dict[str, Sender] = {
    **BOOKING_SENDERS,
    **CHARGE_SENDERS,
    **DECLINED_SENDERS,
    **LINK_SENDERS,
    **PUT_OFF_SENDERS,
    **TASK_SENDERS,
    # blasts leave alone whom their condition does not concern any more; links follow the messages that carry them
    **message_senders(
        checks=(no_longer_needed, messages_in_vain),
        followers=(follow_messages,),
    ),
}


def open_client(kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Any:
    """The client of a connection. Raises BadInput when nothing is ever sent by such a connection."""
    wanted = kind_of(kind)
    if wanted not in CLIENTS:
        raise BadInput(f"Nothing is sent by a {kind} connection.")
    return CLIENTS[wanted](settings, secrets)
