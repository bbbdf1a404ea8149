"""Proof that what was signed is what is stored.

digests hashes lines, payments and the batch, each over the ones below (earlier_digests: as the
first versions did); sealing chains approvals, exports and bank results. Start with digests.
"""
