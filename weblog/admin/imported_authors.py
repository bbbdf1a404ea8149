from django.contrib import admin
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin
from backoffice.dialogs import DialogActions, DialogForm, ReasonField, dialog_action
from backoffice.people import full_name
from weblog.importing.authors import confirm_author
from weblog.models import ImportedAuthor


class ConfirmDialog(DialogForm):
    confirmation = ReasonField(
        label="How do you know?",
        max_length=900,
        help_text="Such as: she wrote from her address at the magazine. The sentence is kept.",
        missing="Say how you know who this is: the sentence is kept.",
    )


CONFIRM = {
    "title": "Is this a person you know?",
    "description": "An import made this account from a name in a file. Confirm that one person "
    "stands behind it, and that its blogs are theirs.",
    "form_class": ConfirmDialog,
    "form_submit_text": "Confirm",
}


@admin.register(ImportedAuthor)
class ImportedAuthorAdmin(DialogActions, HistoryAdmin):
    """Accounts that imports made, until somebody confirms whose each is."""

    actions_detail = ["confirm"]
    list_display = ["name", "username", "file_name", "imported_at", "state"]
    list_select_related = ["account", "confirmed_by", "imported_by"]
    search_fields = ["name", "account__username", "file_name"]
    search_help_text = "Search by name, account or file"
    ordering = ["confirmed_at", "-imported_at", "-pk"]
    fields = [
        ("name", "username"),
        ("file_name", "imported_at", "importer"),
        ("state", "confirmed_at", "confirmer"),
        "confirmation",
    ]
    readonly_fields = ["username", "importer", "state", "confirmer"]
    empty_list_text = (
        "No import has made an account yet. An import makes one for each writer of posts who has "
        "none here, and an editor confirms in this list whose it is."
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_confirm_permission(self, request, object_id=None):
        return request.user.has_perm("weblog.confirm_importedauthor")

    @dialog_action(
        description="Confirm who this is",
        icon="how_to_reg",
        permissions=["confirm"],
        dialog=CONFIRM,
        fits=lambda author, user: author.confirmed_at is None and author.account_id != user.pk,
    )
    def confirm(self, request, form):
        author, words = form.obj, form.cleaned_data["confirmation"]
        confirm_author(author=author, by=request.user, confirmation=words)
        return f"“{author}” is confirmed."

    @display(description="State", label={"To confirm": "warning", "Confirmed": "success"})
    def state(self, author):
        return "Confirmed" if author.confirmed_at else "To confirm"

    @display(description="Account", ordering="account__username")
    def username(self, author):
        return author.account.username

    @display(description="Imported by")
    def importer(self, author):
        return full_name(author.imported_by) if author.imported_by else "a command"

    @display(description="Confirmed by")
    def confirmer(self, author):
        return full_name(author.confirmed_by) if author.confirmed_by else "nobody yet"
