"""Files to the bank, and what the bank did.

exports writes an approved batch once, in one of the formats/; results/ records which payments
were paid and which failed, and reads that from files. Start with exports.
"""
