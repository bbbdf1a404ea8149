"""The forms of accounts and roles: they propose rights that need two people, and save the rest."""

from django import forms
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.accounts.actors import current_actor
from backoffice.accounts.inviting import describe_password_choice
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import (
    find_guarded_groups,
    find_guarded_permissions,
    is_guarded_person,
)
from backoffice.accounts.two_people import AccessRefused, propose_access
from backoffice.reasons import explain_missing_word

Kind = AccessRequest.Kind

REASON_HELP = (
    "Needed for a right over money or accounts, and for a new address of such an account. Another "
    "administrator has to confirm it before it takes effect."
)
ASK_WHY = "Say why: another administrator has to confirm this."


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
        reason = self.cleaned_data.get("access_reason", "")
        if self.proposals and (refusal := explain_missing_word(reason, ASK_WHY)):
            self.add_error("access_reason", refusal)
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


class PasswordWidget(forms.Widget):
    """Whether there is a password, and the way to another: how it is hashed is nobody's concern."""

    def __init__(self, account):
        super().__init__()
        self.account = account

    def render(self, name, value, attrs=None, renderer=None):
        url = reverse("admin:auth_user_password_change", args=[self.account.pk])
        context = {"is_usable": is_password_usable(value), "url": url}
        return render_to_string("backoffice/accounts/password_field.html", context)

    def id_for_label(self, id_):
        return None


class NewAccountForm(UserCreationForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        describe_password_choice(self.fields["usable_password"])


class SetPasswordForm(AdminPasswordChangeForm):
    """Without the switch that takes the password away: nobody signs in by anything else."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)


class AccountForm(ProposingForm, UserChangeForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].widget = PasswordWidget(self.instance)
            self.fields["password"].help_text = ""

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
        is_guarded = is_guarded_person(user)
        if is_guarded and data.get("is_active") and not user.is_active:
            data["is_active"] = False
            yield {"kind": Kind.ACTIVATION, "about": user}
        email = data.get("email")
        if email is None or email == user.email or not needs_two_for_address(user, is_guarded):
            return
        data["email"] = user.email
        if email:
            yield {"kind": Kind.EMAIL, "about": user, "email": email}


def needs_two_for_address(user: User, is_guarded: bool) -> bool:
    """Whether somebody else has to confirm another address: it is where payment statements go, and
    the link to a new password. A superuser could set the password of who has no such rights."""
    by = current_actor()
    return user != by and (is_guarded or (by is not None and not by.is_superuser))


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
