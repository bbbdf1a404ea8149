"""Who signs in, where they are signed in, what was done to accounts, and who let whom in.

Start at models.py. sessions.py is the session engine (settings.SESSION_ENGINE), throttle.py says
what counts as a wrong password and what locks. It knows no app: which rights need two people is
told by the apps that define them.
"""
