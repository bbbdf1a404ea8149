"""The form of a comment on a batch, with files."""

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from backoffice.errors import Refusal
from backoffice.reasons import in_words
from billing.models.comments import COMMENT_LENGTH
from billing.payouts.attachments import ACCEPT, MOST_BYTES, MOST_FILES, look_at_file

MISSING = "Write the comment in words."


class FilesInput(UnfoldAdminFileFieldWidget):
    allow_multiple_selected = True

    def value_from_datadict(self, data, files, name):
        return files.getlist(name)


class FilesField(forms.FileField):
    """Files that were looked at: by content, and by the virus scanner where there is one."""

    def clean(self, data, initial=None):
        if len(data) > MOST_FILES:
            raise forms.ValidationError(f"Choose {MOST_FILES} files at most.")
        checked, problems = [], []
        for upload in data:
            if upload.size > MOST_BYTES:
                problems.append(f"“{upload.name}” is larger than {MOST_BYTES // 10**6} MB.")
                continue
            try:
                checked.append(look_at_file(name=upload.name, content=upload.read()))
            except Refusal as refusal:
                problems.append(str(refusal))
        if problems:
            raise forms.ValidationError(problems)
        return checked


class CommentForm(forms.Form):
    text = forms.CharField(
        label="Comment",
        max_length=COMMENT_LENGTH,
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
        error_messages={"required": MISSING},
        validators=[in_words(MISSING)],
        help_text="Everybody who may see the batch reads it. It stays as it is: it can be "
        "answered, not changed.",
    )
    attachments = FilesField(
        label="Files",
        required=False,
        widget=FilesInput({"multiple": True, "accept": ACCEPT}),
        help_text=f"Up to {MOST_FILES}, of {MOST_BYTES // 10**6} MB each: PDF, PNG, JPEG, Excel "
        "(.xlsx), CSV or text.",
    )
