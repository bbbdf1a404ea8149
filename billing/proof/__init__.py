"""Proof that the database still holds exactly the signed batches.

digests hashes lines, then payments over their lines, then the batch over its payments.
earlier_digests keeps the recipe of the first versions. chains writes and checks links that cover
each other, sealing those of approvals, exports and bank results. Start with digests.
"""
