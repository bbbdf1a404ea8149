"""Files to the bank, and what the bank did.

exports writes an approved batch once, in one of the formats/; settlement records which payments
were paid and which failed, results/ reads that from a file. Start with exports.
"""
