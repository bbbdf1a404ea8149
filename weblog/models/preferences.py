"""Which mails a person wants."""

from django.conf import settings
from django.db import models


class MailPreference(models.Model):
    """The mails that a person wants. Without a row a person gets all mails."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_preference"
    )
    on_submit = models.BooleanField("when a blog is submitted for review", default=True)
    on_return = models.BooleanField("when my blog comes back from review", default=True)
    on_publish = models.BooleanField("when my blog is published", default=True)

    def __str__(self):
        return f"mails of {self.user}"
