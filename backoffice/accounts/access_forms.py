"""The forms of accounts and roles: they propose rights that need two people, and save the rest."""

from django import forms
from django.contrib.auth.models import User
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.accounts.actors import current_actor
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import (
    find_guarded_groups,
    find_guarded_permissions,
    is_guarded_person,
)
from backoffice.accounts.two_people import AccessRefused, propose_access

Kind = AccessRequest.Kind

REASON_HELP = (
    "Needed for a right over money or accounts. Another administrator has to confirm the right "
    "before it takes effect."
)


class ProposingForm(forms.ModelForm):
    """A form that saves everything except rights for two people, and then proposes those."""

    access_reason = forms.CharField(
        label="Why",
        required=False,
        max_length=1000,
        help_text=REASON_HELP,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )

    def clean(self):
        super().clean()
        self.proposals = list(self.keep_back()) if self.instance.pk else []
        if self.proposals and not self.cleaned_data.get("access_reason", "").strip():
            self.add_error("access_reason", "Say why: another administrator has to confirm this.")
        return self.cleaned_data

    def keep_back(self):
        """Remove rights for two people from cleaned_data, and yield them for propose_access."""
        raise NotImplementedError

    def keep_back_rights(self, name, held, guarded):
        """Yield the rights chosen in the field `name` that are new and need two people."""
        chosen = self.cleaned_data.get(name)
        if chosen is None:
            return
        waiting = chosen.exclude(pk__in=held.values("pk")).filter(pk__in=guarded.values("pk"))
        kept_back = list(waiting)
        self.cleaned_data[name] = chosen.exclude(pk__in=[right.pk for right in kept_back])
        yield from kept_back

    def propose(self, by: User) -> tuple[list[AccessRequest], list[str]]:
        """Propose the rights. Returns the requests, and the refusals as sentences."""
        requests, refusals = [], []
        for what in self.proposals:
            try:
                reason = self.cleaned_data["access_reason"]
                requests.append(propose_access(**what, by=by, reason=reason))
            except AccessRefused as refusal:
                refusals.append(str(refusal))
        return requests, refusals


class AccountForm(ProposingForm, UserChangeForm):
    def keep_back(self):
        user, data = self.instance, self.cleaned_data
        for group in self.keep_back_rights("groups", user.groups, find_guarded_groups()):
            yield {"kind": Kind.GROUP, "about": user, "group": group}
        for permission in self.keep_back_rights(
            "user_permissions", user.user_permissions, find_guarded_permissions()
        ):
            yield {"kind": Kind.PERMISSION, "about": user, "permission": permission}
        if data.get("is_superuser") and not user.is_superuser:
            data["is_superuser"] = False
            yield {"kind": Kind.SUPERUSER, "about": user}
        if not is_guarded_person(user):
            return
        if data.get("is_active") and not user.is_active:
            data["is_active"] = False
            yield {"kind": Kind.ACTIVATION, "about": user}
        email = data.get("email")
        if email is not None and email != user.email and user != current_actor():
            data["email"] = user.email
            if email:
                yield {"kind": Kind.EMAIL, "about": user, "email": email}


class RoleForm(ProposingForm):
    """The form of a role. A role without members needs no second person."""

    def keep_back(self):
        group = self.instance
        if not group.user_set.exists():
            return
        for permission in self.keep_back_rights(
            "permissions", group.permissions, find_guarded_permissions()
        ):
            yield {"kind": Kind.GROUP_PERMISSION, "group": group, "permission": permission}
