"""Batches and payments as people read them, on the admin's pages, as PDF and in mails. Read only.

batches puts a batch's page together (sums: the figures, next_steps: who goes on with it), payments
the page of one author's payment. authors has what an author is told about a month; months and years
put it into words (styles: the payee's language) as a sheet, which the page shows and pdf prints.
Start with batches, or with authors.
"""
