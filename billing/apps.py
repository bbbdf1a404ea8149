from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self):
        from billing import checks, receivers  # noqa: F401
        from weblog.signals import blog_viewed

        blog_viewed.connect(receivers.receive_blog_view, dispatch_uid="billing.receive_blog_view")
