"""Findings of non-human views with their decisions, and exceptions to the robot lists."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from weblog.models import Blog, Category


class RobotException(models.Model):
    """Text that makes a user agent a person's although it is on a robot list.

    The COUNTER Code of Practice has no exceptions, so this list departs from it. The rules stored
    with a batch name the number of exceptions.
    """

    text = models.CharField(
        max_length=200,
        unique=True,
        help_text="Part of the user agent, such as “CUBOT”. Upper and lower case are the same.",
    )
    reason = models.TextField(max_length=500, help_text="Tell the auditors why these are people.")
    is_active = models.BooleanField("in force", default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["text"]
        verbose_name = "robot exception"
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="billing_robotexception_text_given",
                violation_error_message="An empty text would make every robot a person.",
            ),
        ]

    def __str__(self):
        return self.text


class Finding(models.Model):
    """Odd views of a blog in a month, for a person to look at.

    It never changes a count by itself: finance decides, with a reason. One about views without a
    price closes by itself, once they have one.
    """

    class Kind(models.TextChoices):
        BUSY_READER = "busy_reader", "one reader"
        BUSY_ADDRESS = "busy_address", "one address"
        MANY_AGENTS = "many_agents", "one address, many browsers"
        SAME_AGENT = "same_agent", "one browser, many addresses"
        ROBOT_SHARE = "robot_share", "many robots"
        SPIKE = "spike", "sudden rise"
        VIEWS_PER_READER = "views_per_reader", "many views per reader"
        FLAT_NIGHT = "flat_night", "as many views by night as by day"
        UNPRICED = "unpriced", "no price"

    class Status(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        EXCLUDED = "excluded"
        CLOSED = "closed"

    HOLDING_KINDS = [Kind.MANY_AGENTS]

    SENTENCES = {
        Kind.BUSY_READER: "One reader opened this blog {times} on {day}, with {clicks:,} clicks: "
        "{share} % of its {month_views:,} counted views of {month}.",
        Kind.BUSY_ADDRESS: "One address opened this blog {times} on {day}, as {readers:,} readers: "
        "{share} % of its {month_views:,} counted views of {month}.",
        Kind.MANY_AGENTS: "One address opened this blog {times} on {day} with {agents:,} different "
        "browsers: {share} % of its {month_views:,} counted views of {month}.",
        Kind.SAME_AGENT: "One and the same browser opened this blog {times} on {day}, from "
        "{addresses:,} addresses: {share} % of all {day_addresses:,} that the blog was opened from "
        "that day. On the other blogs, {elsewhere} % had this browser.",
        Kind.ROBOT_SHARE: "{share} % of the {received:,} views that this blog received in {month} "
        "were robots. {views:,} counted.",
        Kind.SPIKE: "{views:,} views of this blog counted in {month}: more than in the three "
        "months before together, which had {before:,}.",
        Kind.VIEWS_PER_READER: "{views:,} views of this blog counted in {month}, by {readers:,} "
        "readers of a day: {per_reader} views each.",
        Kind.FLAT_NIGHT: "{share} % of this blog’s {month_views:,} counted views of {month} came "
        "between midnight and 6 in the morning; on the other blogs {elsewhere} %.",
        Kind.UNPRICED: "{waiting} for a price: {category} had none {when}.",
    }

    kind = models.CharField(max_length=20, choices=Kind.choices)
    month = models.DateField(help_text="The first day of the month of the views.")
    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The category without a price, of a finding about that.",
    )
    day = models.DateField(
        null=True,
        blank=True,
        help_text=("Keys change every day, so a finding about a key has a day."),
    )
    reader_key = models.BinaryField(max_length=16, null=True, editable=False)
    address_key = models.BinaryField(max_length=16, null=True, editable=False)
    agent_key = models.BinaryField(max_length=16, null=True, editable=False)
    fingerprint = models.CharField(
        max_length=64, unique=True, editable=False, help_text="The same finding is found once."
    )
    views = models.PositiveBigIntegerField(help_text="The number of its counted views.")
    numbers = models.JSONField(default=dict, help_text="The figures behind the sentence.")
    found_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reason = models.TextField(blank=True, max_length=1000)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    history = HistoricalRecords(
        excluded_fields=["reader_key", "address_key", "agent_key", "fingerprint"]
    )

    class Meta:
        ordering = ["-month", "-views", "pk"]
        indexes = [models.Index(fields=["month", "status"], name="billing_finding_month")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="open")
                | Q(kind="unpriced", status="closed")
                | (~Q(reason="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="billing_finding_decided_with_reason",
                violation_error_message="A decision needs its reason and its person.",
            ),
            models.CheckConstraint(
                condition=Q(kind="unpriced", category__isnull=False)
                | (~Q(kind="unpriced") & Q(category__isnull=True)),
                name="billing_finding_unpriced_has_category",
            ),
        ]
        permissions = [("decide_finding", "Can accept findings and exclude their views")]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.blog}"

    @property
    def sentence(self):
        """Return the finding as a sentence with its numbers."""
        return self.SENTENCES[self.kind].format(
            times="once" if self.views == 1 else f"{self.views:,} times",
            waiting=self._describe_waiting(),
            views=self.views,
            day=f"{self.day:%-d %b %Y}" if self.day else "",
            month=f"{self.month:%B %Y}",
            **self.numbers,
        )

    def _describe_waiting(self):
        views = "1 view" if self.views == 1 else f"{self.views:,} views"
        if self.status != self.Status.OPEN:
            return f"{views} waited"
        return f"{views} waits" if self.views == 1 else f"{views} wait"

    @property
    def is_holding(self):
        """Return whether its month's batch leaves its views out, see findings.contested."""
        return self.kind in self.HOLDING_KINDS and self.status == self.Status.OPEN

    @property
    def may_exclude(self):
        """Return whether its views can be told apart from the blog's others."""
        return bool(self.key) or self.kind == self.Kind.UNPRICED

    @property
    def key(self):
        """Return {field: key} of the reader, address or browser; {} for a finding about a month."""
        keys = {name: getattr(self, name) for name in ("reader_key", "address_key", "agent_key")}
        return {name: bytes(key) for name, key in keys.items() if key is not None}
