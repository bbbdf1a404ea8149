"""Accounts: sign-in, open sessions, the security log, and rights that two people give.

Start at models.py. sessions.py is the session engine (settings.SESSION_ENGINE), throttle.py counts
wrong passwords and locks accounts. This package knows no app: each app registers its own rights
that need two people.
"""
