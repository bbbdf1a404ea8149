"""What authors are paid for the views of their blogs.

A view is counted (counting, by day, with findings about what does not look human), priced (prices),
paid with its month (payouts, by four eyes) and sent to the bank (bank). proof, guards, verification
and evidence_pack show that nothing was changed since; statements and admin show it to people.
docs/architecture.md has a map. Start with models, then counting and payouts.
"""
