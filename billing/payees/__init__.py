"""Payees: who gets an author's money, and to which account.

entry checks what somebody typed; changes keeps it as a new version, which a second person confirms
and which is in force after a wait; reading says what is in force, with all but the last four digits
hidden. encryption and keys keep addresses, tax numbers and accounts unreadable in the database.
Start with changes.
"""
