"""The processor's own SDK reads what a booking made, and makes and completes a hold by ticket itself."""

from fortisapi.fortisapi_client import FortisapiClient
from fortisapi.models.v_1_tickets_request import V1TicketsRequest
from fortisapi.models.v_1_transactions_auth_complete_request import V1TransactionsAuthCompleteRequest
from fortisapi.models.v_1_transactions_cc_auth_only_ticket_request import (
    V1TransactionsCcAuthOnlyTicketRequest,
)
from sqlalchemy import Engine

from core.booking.changing import cancel_by_link
from core.booking.costs import Charge
from core.store.engine import transaction
from tests.booking.office import Office, open_office
from tests.sandbox.records import LOCATION_ID
from tests.sandbox.running import Sandbox


def paid(office: Office, charge: Charge) -> str:
    token = office.hold(
        office.offer(f"A {charge}", charge=charge, deposit_cents=2_500, refund_percent_late=50)
    )
    office.say(token)
    office.pay(token)
    return token


def test_the_sdk_reads_a_paid_a_held_and_a_given_back_booking(
    sqlite_store: Engine, sandbox: Sandbox, sdk: FortisapiClient
) -> None:
    office = open_office(sqlite_store, sandbox)
    paid(office, Charge.FULL)
    paid(office, Charge.HOLD)
    with transaction(sqlite_store) as session:
        cancel_by_link(session, paid(office, Charge.DEPOSIT))
    office.work()
    charges = office.charges()
    read = [sdk.transactions_read.get_transaction(each.payment_ref).data for each in charges]
    assert [each.status_code for each in read] == [101, 102, 201]
    assert [each.transaction_amount for each in read] == [6_000, 6_000, 2_500]
    assert [each.transaction_api_id for each in read] == [each.order_id for each in charges]
    assert all(sdk.contacts.view_single_contact(each.contact_id).data.last_name == "Ruiz" for each in read)


def test_the_sdk_holds_and_completes_by_ticket(sandbox: Sandbox, sdk: FortisapiClient) -> None:
    wanted = V1TicketsRequest(exp_date="1230", account_number="4111111111111111", location_id=LOCATION_ID)
    ticket = sdk.tickets.create_a_ticket_record(wanted).data.id
    hold = V1TransactionsCcAuthOnlyTicketRequest(7_500, ticket)
    held = sdk.transactions_credit_card.cc_auth_only_ticket(hold).data
    assert (held.status_code, held.auth_amount) == (102, 7_500)
    done = sdk.transactions_updates.auth_complete(
        held.id, V1TransactionsAuthCompleteRequest(transaction_amount=5_000)
    ).data
    assert (done.status_code, done.transaction_amount) == (101, 5_000)
