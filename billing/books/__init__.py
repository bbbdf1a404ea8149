"""The books: what a month earned, paid and kept back, as a journal that balances.

Nothing is stored here. entries says which act posts what on which accounts; parts reads the acts
from sealed batches and results, set by set; journal lists a month, balances an author at any day,
years what was paid in a year. formats/ and exports hand them out. Start with entries.
"""
