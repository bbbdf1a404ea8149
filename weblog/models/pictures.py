"""Pictures in blogs, re-encoded from the uploads."""

from django.conf import settings
from django.db import models


class Picture(models.Model):
    """A re-encoded picture without data from the camera, with a description for blind readers."""

    file = models.ImageField(upload_to="pictures/%Y/%m", width_field="width", height_field="height")
    alt_text = models.CharField(
        "description",
        max_length=300,
        help_text="What is seen, in a sentence, for readers who can't see it.",
    )
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    taken_down_at = models.DateTimeField(null=True, blank=True, editable=False)
    taken_down_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    takedown_reason = models.TextField(blank=True, max_length=2000, editable=False)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        indexes = [models.Index(fields=["file"], name="weblog_picture_file")]
        permissions = [("take_down_picture", "Can take pictures down")]

    def __str__(self):
        return self.alt_text
