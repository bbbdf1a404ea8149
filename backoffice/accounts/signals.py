"""Signals about sign-in beside those of Django, axes and allauth.

axes sends axes.signals.user_locked_out for each attempt during a lock, not once.
"""

from django.dispatch import Signal

# An administrator let an account or an address try again. Not sent when a lock ends by itself.
# Arguments: username and ip_address (one of the two, the other is None), by: User, reason: str
lock_released = Signal()

# Somebody asked for a link to a new password by mail. Sent for every address, also for those of no
# account, so that it takes the same time; allauth's password_reset follows where the link is used.
# Arguments: request, email: str, users: list[User] (who get a mail)
password_reset_asked = Signal()

# An account was anonymised. Sent within that transaction: receivers erase other data about the
# person that nothing needs. Arguments: user: User, as it is now, at: datetime
account_anonymised = Signal()
