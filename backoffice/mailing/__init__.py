"""What becomes of a mail: it is recorded, sent, tried again, and shown to those whom it concerns.

Everybody else writes mails by `backoffice.mails`, the one door. Start with records: each mail to
each person is a row of its own, written before the mail server is asked and again after it. So a
process that is killed between the two loses no mail, and the next try carries the same Message-ID,
by which a mailbox knows what it has already.
"""
