from django.apps import AppConfig


class WeblogConfig(AppConfig):
    name = "weblog"
    verbose_name = "Weblog"

    def ready(self):
        from backoffice.accounts.extracts import register_extract
        from backoffice.accounts.signals import account_anonymised
        from weblog import home, mails
        from weblog.personal import EXTRACTS, receive_anonymised

        for name, list_rows in EXTRACTS.items():
            register_extract(name, list_rows)
        account_anonymised.connect(receive_anonymised, dispatch_uid="weblog.receive_anonymised")
        home.offer_home()
        mails.register_kinds()
