"""A very small practice in Cash Practice's words: two customers with a plan each, a third who is only reminded."""

from datetime import date, timedelta
from typing import Any

from core import clock
from data.sandbox.cashpractice import keys, records
from data.sandbox.cashpractice.practice import users
from tests.sandbox.running import Sandbox

Record = dict[str, Any]
ZONE = "America/Denver"
START = 1_790_000_000  # 2026-09-21
ANAS_DEBIT, BENS_DEBIT, REMINDER = "S1", "S2", "S3"


def american(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def in_days(days: int) -> date:
    return clock.today(ZONE) + timedelta(days=days)


def customer(number: int, first: str, last: str, tps_id: str = "", **also: Any) -> Record:
    return {
        "Customer_ID": f"C{number}", "TPSID": tps_id, "FirstName": first, "LastName": last, "DateOfBirth": "",
        "Email": f"{first.lower()}@example.com", "Phone": "(614) 555-0101", "Status": "Active",
        "Changed": str(START + number), **also,
    }  # fmt: skip


def billing(number: int, **also: Any) -> Record:
    return {
        "Billing_ID": f"B{number}", "Customer_ID": f"C{number}", "Type": "Card", "Brand": "Visa", "LastFour": "4242",
        "Expires": "12/29", "Default": "Y", "Status": "Active", "Updater": "", "Changed": str(START + number), **also,
    }  # fmt: skip


def debit(number: int, amount: str, **also: Any) -> Record:
    return {
        "Sch_ID": f"S{number}", "Customer_ID": f"C{number}", "Billing_ID": f"B{number}", "Kind": "Auto-Debit",
        "Amount": amount, "Frequency": "Monthly", "Payments": "Indefinite", "NextPayment": american(in_days(10)),
        "RegularPayment": "", "Status": "Active", "TPS_Plan_ID": "", "Changed": str(START + number), **also,
    }  # fmt: skip


def paid(number: int, debit_number: int, amount: str, **also: Any) -> Record:
    return {
        "Order_ID": f"O{number}", "Sch_ID": f"S{debit_number}", "Customer_ID": f"C{debit_number}",
        "Billing_ID": f"B{debit_number}", "DateTime": str(START + number), "Transaction_amount": amount,
        "Status": "Accepted", "DeclineCode": "", "DeclineText": "", "Method": "Card", "Refund_Of": "",
        "Changed": str(START + number), **also,
    }  # fmt: skip


def small() -> dict[str, list[Record]]:
    return {
        "users": users(date(2026, 11, 23)),
        "customers": [
            customer(1, "Ana", "Alvarez", "P1"),
            customer(2, "Ben", "Brown", "P2"),
            customer(3, "Cleo", "Unknown"),
        ],
        "billing": [billing(1), billing(2, Type="Bank", Expires=""), billing(3, Expires="02/26")],
        "auto-debits": [
            debit(1, "149.00", TPS_Plan_ID="PL1"),
            debit(2, "1,200.00", Frequency="Bi-Weekly"),
            debit(3, "45.00", Kind="Reminder", NextPayment=""),
        ],
        "payments": [
            paid(1, 1, "149.00", Changed=str(START - 86_400)),
            paid(2, 2, "60.00", Changed=str(START - 86_400)),
            paid(3, 2, "10.00", Status="Refunded", Refund_Of="O2"),
        ],
        "alerts": [],
    }  # fmt: skip


def open_cash_practice(sandbox: Sandbox, found: dict[str, list[Record]] | None = None) -> None:
    """Let the sandbox's Cash Practice hold these records."""
    with sandbox.state.transaction() as db:
        db.execute("DELETE FROM cash_practice")
        records.load(sandbox.state, found or small())
        sandbox.state.remember("cash practice zone", ZONE)


def fields_of(sandbox: Sandbox) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets that connect to it."""
    return {"base_url": f"{sandbox.root_url}/cashpractice"}, {"api_key": keys.api_key(sandbox.state)}


def clerk_key(sandbox: Sandbox, login: str) -> str:
    return keys.clerk_keys(sandbox.state)[login]
