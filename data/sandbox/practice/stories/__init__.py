"""The cast: one patient booked today for every state the morning can show. Importing a chapter adds its stories."""

from data.sandbox.practice.stories import cards, families, insurance, memberships, payments, plans, terms
from data.sandbox.practice.stories.story import CAST, Story

__all__ = ["CAST", "Story", "cards", "families", "insurance", "memberships", "payments", "plans", "terms"]
