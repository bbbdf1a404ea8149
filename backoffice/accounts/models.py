"""The tables of accounts beside Django's own."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from backoffice.people import full_name


class AccountSession(AbstractBaseSession):
    """A session of a person.

    `session_key` is the SHA-256 of the cookie's key, so nobody can take over a session from this
    table or a backup. The row copies fields for lists; session_data is authoritative.
    """

    session_key = models.CharField("digest of the key", max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="account_sessions",
    )
    device = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        started_at = timezone.localtime(self.started_at)
        return f"{self.device or 'Unknown device'}, since {started_at:%-d %b %Y, %H:%M}"

    @classmethod
    def get_session_store_class(cls):
        from backoffice.accounts.sessions import SessionStore

        return SessionStore


class SecurityEvent(models.Model):
    """An event of an account.

    Nobody changes it; only its address can be erased. `by` is None if nobody is signed in: after a
    failed sign-in, and on the machine itself.
    """

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
        LOCKED = "locked", "Locked after failed sign-ins"
        LOCK_RELEASED = "lock_released", "Lock released"
        SIGNED_OUT = "signed_out", "Signed out"
        SESSIONS_ENDED = "sessions_ended", "Sign-ins ended"
        ACCOUNT_ADDED = "account_added", "Account added"
        ACTIVATED = "activated", "Account activated"
        DEACTIVATED = "deactivated", "Account deactivated"
        USERNAME_CHANGED = "username_changed", "Username changed"
        EMAIL_CHANGED = "email_changed", "E-mail address changed"
        PASSWORD_CHANGED = "password_changed", "Password changed"
        PASSWORD_RESET_ASKED = "password_reset_asked", "New password asked for by mail"
        PASSWORD_RESET = "password_reset", "New password set by mail"
        FACTOR_ADDED = "factor_added", "Second factor added"
        FACTOR_REMOVED = "factor_removed", "Second factor removed"
        STAFF_GIVEN = "staff_given", "Staff status given"
        STAFF_TAKEN = "staff_taken", "Staff status taken away"
        SUPERUSER_GIVEN = "superuser_given", "Superuser status given"
        SUPERUSER_TAKEN = "superuser_taken", "Superuser status taken away"
        GROUP_GIVEN = "group_given", "Role given"
        GROUP_TAKEN = "group_taken", "Role taken away"
        PERMISSION_GIVEN = "permission_given", "Permission given"
        PERMISSION_TAKEN = "permission_taken", "Permission taken away"
        GROUP_CHANGED = "group_changed", "Permissions of a role changed"
        ACCESS_ASKED = "access_asked", "Access proposed"
        ACCESS_REFUSED = "access_refused", "Proposed access refused"
        EXTRACT_TAKEN = "extract_taken", "Extract downloaded"
        LIST_EXPORTED = "list_exported", "List exported"
        FILE_TAKEN = "file_taken", "File downloaded"
        ANONYMISED = "anonymised", "Account anonymised"

    at = models.DateTimeField()
    kind = models.CharField(max_length=30, choices=Kind.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    detail = models.TextField(blank=True)
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=60, blank=True)
    pauses_until = models.DateTimeField(null=True)  # until then `about` signs nothing
    is_outside = models.BooleanField(default=False)  # a right for two people, given by fewer

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["about", "-at"], name="backoffice_event_about"),
            models.Index(fields=["-at"], name="backoffice_event_at"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, {timezone.localtime(self.at):%-d %b %Y, %H:%M}"

    @property
    def is_warning(self):
        return self.kind in (self.Kind.SIGN_IN_FAILED, self.Kind.LOCKED)


class AccessRequest(models.Model):
    """A right that one administrator proposes and another confirms; then it takes effect.

    `is_alone` marks a request confirmed by its proposer, as the only administrator.
    """

    class Kind(models.TextChoices):
        GROUP = "group", "Role"
        PERMISSION = "permission", "Permission"
        GROUP_PERMISSION = "group_permission", "Permission of a role"
        SUPERUSER = "superuser", "Superuser status"
        ACTIVATION = "activation", "Account active again"
        EMAIL = "email", "E-mail address"
        FACTORS = "factors", "Sign-in without the second factors"

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    group = models.ForeignKey("auth.Group", on_delete=models.PROTECT, null=True, related_name="+")
    permission = models.ForeignKey(
        "auth.Permission", on_delete=models.PROTECT, null=True, related_name="+"
    )
    email = models.EmailField("new address", blank=True)
    reason = models.TextField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default=Outcome.WAITING, db_index=True
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)
    is_alone = models.BooleanField("by a single administrator", default=False)

    class Meta:
        default_permissions = ("view",)
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(outcome="confirmed")
                | models.Q(is_alone=True)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="backoffice_access_by_two_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="confirmed")
                | models.Q(is_alone=True)
                | models.Q(about=None)
                | ~models.Q(decided_by=models.F("about")) & ~models.Q(asked_by=models.F("about")),
                name="backoffice_access_not_to_oneself",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="waiting", decided_by=None, decided_at=None)
                | ~models.Q(outcome="waiting")
                & models.Q(decided_by__isnull=False, decided_at__isnull=False),
                name="backoffice_access_decided_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.what} for {self.whom}"

    @property
    def what(self):
        """Return the proposed right in words: “the role Approvers”."""
        if self.kind == self.Kind.GROUP:
            return f"the role {self.group.name}"
        if self.kind == self.Kind.PERMISSION:
            return f"the permission “{self.permission.name}”"
        if self.kind == self.Kind.GROUP_PERMISSION:
            return f"the permission “{self.permission.name}”"
        if self.kind == self.Kind.EMAIL:
            return f"the e-mail address {self.email}" if self.email else "an e-mail address"
        if self.kind == self.Kind.FACTORS:
            return "a sign-in without the second factors"
        if self.kind == self.Kind.ACTIVATION:
            return "an active account"
        return self.get_kind_display().lower()

    @property
    def whom(self):
        if self.about is None:
            return f"everyone with the role {self.group.name}"
        return full_name(self.about)
