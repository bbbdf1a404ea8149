"""Files to the bank, and what the bank did.

exports writes an approved batch once, in one of the formats/. The bank's answers come back through
results/, which reads its files, matches their rows with payments, and records what was paid and
what failed. Start with exports, then results/recording.
"""
