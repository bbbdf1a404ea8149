"""The choices of mails move to backoffice, which has those of every app."""

from django.db import migrations

KINDS = {
    "on_submit": "weblog.review",
    "on_return": "weblog.returned",
    "on_publish": "weblog.published",
}


def move_choices(apps, schema_editor):
    preference = apps.get_model("weblog", "MailPreference")
    choice = apps.get_model("backoffice", "MailChoice")
    for name, kind in KINDS.items():
        people = preference.objects.filter(**{name: False}).values_list("user", flat=True)
        choice.objects.bulk_create(
            [choice(person_id=person, kind=kind, how="off") for person in people],
            ignore_conflicts=True,
        )


def bring_back(apps, schema_editor):
    preference = apps.get_model("weblog", "MailPreference")
    choice = apps.get_model("backoffice", "MailChoice")
    for name, kind in KINDS.items():
        people = choice.objects.filter(kind=kind, how="off").values_list("person", flat=True)
        for person in people:
            preference.objects.update_or_create(user_id=person, defaults={name: False})


class Migration(migrations.Migration):
    dependencies = [("weblog", "0005_new_texts"), ("backoffice", "0008_mail_choices")]

    operations = [
        migrations.RunPython(move_choices, bring_back),
        migrations.DeleteModel(name="MailPreference"),
    ]
