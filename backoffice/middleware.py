"""Who is asking: the reader's address behind our own proxies."""

from django.conf import settings


class ClientAddressMiddleware:
    """Set REMOTE_ADDR to the address that the outermost of TRUSTED_PROXIES saw.

    X-Forwarded-For is counted from the right, because everything left of what our own proxies
    wrote is whatever the reader sent. With no trusted proxy, or a shorter header, nothing changes.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if 0 < settings.TRUSTED_PROXIES <= len(forwarded):
            address = forwarded[-settings.TRUSTED_PROXIES].strip()
            if address:
                request.META["REMOTE_ADDR"] = address
        return self.get_response(request)
