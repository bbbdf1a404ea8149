from django.apps import AppConfig
from django.db.models import Q
from django.db.models.signals import post_migrate, post_save, pre_migrate


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self):
        from simple_history.signals import post_create_historical_record

        from backoffice.accounts.duties import register_duties
        from backoffice.accounts.extracts import register_extract
        from backoffice.accounts.rights import guard_rights
        from backoffice.accounts.signals import account_anonymised
        from backoffice.clocks import register_latest_moment
        from backoffice.guards import register_guards
        from backoffice.models import JobRun
        from backoffice.old_keys import register_need
        from backoffice.signing import register_made_by_people
        from billing import (  # noqa: F401
            backups,
            blog_columns,
            blog_remarks,
            checks,
            clocks,
            health,
            home,
            mail_kinds,
            old_keys,
            palette,
            personal,
            receivers,
            reminders,
            trail,
        )
        from billing.guards import GUARDS
        from billing.models import Adjustment, CategoryPrice, Hold
        from billing.payees import checks as key_checks  # noqa: F401
        from billing.payees import extracts as payee_extracts
        from billing.payouts import (  # noqa: F401 - they register their checks
            blockers,
            flags,
            payee_checks,
        )
        from billing.proof import traces
        from weblog.signals import blog_viewed

        # An author's rights over what is their own are no rights over money: finance confirms
        # details, and a statement only tells.
        of_authors = Q(codename__in=["enter_own_payee", "view_own_statement"])
        guard_rights(Q(content_type__app_label="billing") & ~of_authors)
        register_guards(GUARDS)
        register_made_by_people([CategoryPrice, Adjustment, Hold])
        register_latest_moment(clocks.find_latest_view)
        blog_columns.offer_blog_columns()
        blog_remarks.offer_remarks()
        home.offer_home()
        mail_kinds.register_kinds()
        palette.offer_finders()
        reminders.offer_reminders()
        trail.offer_trail()
        health.register_health()
        for find_need in old_keys.NEEDS:
            register_need(find_need)
        backups.register_backups()
        for name, list_rows in personal.EXTRACTS.items():
            register_extract(name, list_rows)
        for name, (list_rows, in_full) in payee_extracts.EXTRACTS.items():
            register_extract(name, list_rows, in_full)
        register_duties("money", personal.find_duties)
        account_anonymised.connect(
            personal.receive_anonymised, dispatch_uid="billing.receive_anonymised"
        )
        receivers.connect_news()
        blog_viewed.connect(receivers.receive_blog_view, dispatch_uid="billing.receive_blog_view")
        post_save.connect(traces.receive_run_saved, sender=JobRun, dispatch_uid="billing.trace_run")
        post_create_historical_record.connect(
            traces.receive_recorded, dispatch_uid="billing.trace_recorded"
        )
        for signal, receiver in [
            (pre_migrate, receivers.receive_pre_migrate),
            (post_migrate, receivers.receive_post_migrate),
        ]:
            signal.connect(receiver, sender=self, dispatch_uid=f"billing.{receiver.__name__}")
