"""The dialogs before a blog or a new text moves on."""

import datetime as dt

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.dialogs import DialogForm, ReasonField
from weblog.admin.typed import SaveFirstDialog, TextDialog
from weblog.publishing.new_texts import find_live_changes, version_of
from weblog.publishing.versions import find_earlier_texts


class MomentField(forms.DateTimeField):
    """A moment that every time zone can express; the years 1 and 9999 overflow in some."""

    default_validators = [
        MinValueValidator(dt.datetime(2000, 1, 1, tzinfo=dt.UTC), "Use a year from 2000 on."),
        MaxValueValidator(dt.datetime(2100, 1, 1, tzinfo=dt.UTC), "Use a year before 2100."),
    ]


class NoteDialog(TextDialog):
    note = ReasonField(
        label="Note to the editor",
        max_length=1000,
        help_text="If there is something to know. Kept in the history.",
    )


class SubmitDialog(NoteDialog):
    form_before_template = "weblog/admin/remarks.html"
    shows_remarks = True


class PublishDialog(TextDialog):
    form_before_template = "weblog/admin/remarks.html"
    shows_remarks = True

    at = MomentField(
        label="Publish at",
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
        help_text="Leave empty to publish now. A blog from the archive then keeps its date.",
    )


class ScheduleDialog(TextDialog):
    """Moves the time at which something goes live."""

    at = MomentField(
        label="Publish at",
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
        help_text="Leave empty to publish now.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        moment = timezone.localtime(obj.publish_at)
        self.fields["at"].initial = moment.strftime("%Y-%m-%dT%H:%M")


class NewTextScheduleDialog(ScheduleDialog):
    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.fields["at"].required = True
        self.fields["at"].help_text = "Until then readers see the current text."


class ReturnDialog(TextDialog):
    comment = ReasonField(
        label="What should the author change?",
        max_length=2000,
        rows=4,
        missing="Say what should change: the author reads it.",
    )


class ArchiveDialog(TextDialog):
    reason = ReasonField(
        max_length=2000, help_text="For the blog's history. Readers do not see it."
    )


class UnpublishDialog(TextDialog):
    reason = ReasonField(
        max_length=2000,
        help_text="The author reads it. Readers do not.",
        missing="Say why: the author reads it.",
    )


class TakeDownDialog(DialogForm):
    reason = ReasonField(
        max_length=2000,
        help_text="Say who asked for it, and why. The reason is kept; readers do not see it.",
        missing="Say why: nobody can ask once the picture is gone.",
    )


class RestoreDialog(SaveFirstDialog):
    version = forms.TypedChoiceField(
        label="Which text?",
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        help_text="Under “History” you can read each of them.",
        error_messages={"required": "There is no other text to bring back."},
    )
    reason = ReasonField(
        help_text="Kept in the blog's history.",
        missing="Say why: the reason is kept in the history.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        choices = [(text.record.history_id, str(text)) for text in find_earlier_texts(obj)]
        self.fields["version"].choices = choices or [("", "This blog had no other text so far")]


class PublishNewTextNowDialog(TextDialog):
    """Lists changes of the live text since, and posts back the version that the dialog showed."""

    form_before_template = "weblog/admin/live_changes.html"
    shows_remarks = True

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.fields["seen"].initial = version_of(obj)

    def get_before_template_context(self, request, object_id=None):
        context = super().get_before_template_context(request, object_id)
        return context | {"live_changes": find_live_changes(self.obj)}


class PublishNewTextDialog(PublishNewTextNowDialog):
    at = MomentField(
        label="Publish at",
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
        help_text="Leave empty to publish now. Until then readers see the current text.",
    )


SUBMIT = {
    "title": "Submit this blog for review?",
    "description": "It is saved as it is in the form. An editor reads it next. Until it comes "
    "back, or you take it back, you cannot change it.",
    "form_class": SubmitDialog,
    "form_submit_text": "Submit for review",
}
TAKE_BACK = {
    "title": "Take this back from review?",
    "description": "It is a draft again, which you can change and submit once more.",
    "form_class": NoteDialog,
    "form_submit_text": "Take back",
}
PUBLISH = {
    "title": "Publish this blog",
    "form_class": PublishDialog,
    "form_submit_text": "Publish",
}
MOVE_SCHEDULE = {
    "title": "Move the time of publication",
    "description": "It stays approved. Readers find it from the new time on.",
    "form_class": ScheduleDialog,
    "form_submit_text": "Move",
}
MOVE_NEW_TEXT_SCHEDULE = MOVE_SCHEDULE | {"form_class": NewTextScheduleDialog}
RETURN = {
    "title": "Return this blog to its author",
    "form_class": ReturnDialog,
    "form_submit_text": "Return",
}
UNPUBLISH = {
    "title": "Unpublish this blog",
    "description": "Readers no longer find it, and its author can change it: it is a draft again.",
    "form_class": UnpublishDialog,
    "form_submit_text": "Unpublish",
}
ARCHIVE = {
    "title": "Archive this blog",
    "description": "Readers no longer find it. It can be published again at any time.",
    "form_class": ArchiveDialog,
    "form_submit_text": "Archive",
}
RESTORE = {
    "title": "Bring back an old text",
    "description": "Its title, summary and body replace those of the blog. The current text stays "
    "in the history, and you can bring it back in the same way.",
    "form_class": RestoreDialog,
    "form_submit_text": "Bring it back",
}
NEW_TEXT = {
    "title": "Write a new text for this blog?",
    "description": "You begin with the current text, which stays live until an editor has "
    "published the new one.",
    "form_class": SaveFirstDialog,
    "form_submit_text": "Begin",
}
SUBMIT_NEW_TEXT = {
    "title": "Submit this text for review?",
    "description": "It is saved as it is in the form. An editor compares it with the live one "
    "next. Until it comes back, or you take it back, you cannot change it.",
    "form_class": SubmitDialog,
    "form_submit_text": "Submit for review",
}
PUBLISH_NEW_TEXT = {
    "title": "Publish this text?",
    "description": "It replaces the live one under the same address, at once or at a time that "
    "you set. The old text stays in the blog's history.",
    "form_class": PublishNewTextDialog,
    "form_submit_text": "Publish",
}
PUBLISH_NEW_TEXT_NOW = {
    "title": "Publish this text now?",
    "description": "It replaces the live one at once and does not wait for the set time. The old "
    "text stays in the blog's history.",
    "form_class": PublishNewTextNowDialog,
    "form_submit_text": "Publish now",
}
RETURN_NEW_TEXT = RETURN | {"title": "Return this text to its author"}
WITHDRAW_NEW_TEXT = {
    "title": "Withdraw this text?",
    "description": "The text is given up. You can still read it here, and the live text does not "
    "change.",
    "form_class": TextDialog,
    "form_submit_text": "Withdraw",
}
TAKE_DOWN = {
    "title": "Take this picture down?",
    "description": "Its file is deleted for good. Blogs show its description instead. Browsers "
    "that have seen it may show it for another day.",
    "form_class": TakeDownDialog,
    "form_submit_text": "Take down",
}
