"""What billing puts on the home page: each user sees what the permissions allow.

tasks.py asks for steps, cards.py shows key figures, sections.py the panels: finance.py has those of
the people who pay, review.py those of approvers and auditors. A person with two roles gets both;
who has more chooses among the parts of parts.py, so that the page stays at fifteen queries.
"""

from backoffice.home import register_cards, register_parts, register_sections, register_tasks
from billing.home.cards import list_cards
from billing.home.parts import list_parts
from billing.home.sections import list_sections
from billing.home.tasks import list_tasks


def offer_home() -> None:
    register_parts("billing", list_parts, order=20)
    register_cards("billing", list_cards, order=10)
    register_tasks("billing", list_tasks, order=20)
    register_sections("billing", list_sections, order=20)
