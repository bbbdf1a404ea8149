"""Files to the bank, and what the bank did.

exports writes an approved batch once; settlement records which payments were paid and which
failed, result_files reads that from a file. Start with exports.
"""
