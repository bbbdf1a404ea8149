"""What billing hears from the weblog."""

from billing.counting import record_view


def receive_blog_view(sender, *, blog, viewed_at, ip_address, user_agent, user, **kwargs):
    record_view(
        blog=blog, viewed_at=viewed_at, ip_address=ip_address, user_agent=user_agent, user=user
    )
