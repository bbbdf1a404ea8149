"""Batches and payments as people read them, on the admin's pages.

batches puts a batch's page together (sums: the figures, next_steps: who goes on with it), payments
the page of one author's payment. Read only. Start with batches.
"""
