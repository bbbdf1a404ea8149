"""Signals of the weblog. Receivers live in other apps."""

from django.dispatch import Signal

# A reader was shown a live published blog: sent once the page was rendered, for a GET answered
# with 200, or with 304 to a browser that has the page already and asked whether it still holds.
# Not sent for HEAD, for prefetch or prerender, for redirects, for previews and for drafts.
#
# Arguments:
#   blog        the Blog; of its fields, the keys of author and category are loaded
#   viewed_at   aware datetime of the request
#   ip_address  str, the reader's address
#   user_agent  str, as sent, empty where none was
#   user        the signed-in User, or None
blog_viewed = Signal()
