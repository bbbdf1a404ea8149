"""Triggers by which the database itself refuses to change what is signed: see backoffice.guards.

rules lists them by noun, for SQLite and PostgreSQL alike; each migrate installs them again.
"""

from backoffice.guards import Guards
from billing.guards.rules import list_rules

GUARDS = Guards("billing", list_rules)

install_guards = GUARDS.install
remove_guards = GUARDS.remove
find_missing_guards = GUARDS.find_missing
