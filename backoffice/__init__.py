"""What any back office needs, whatever it is about: settings, signing in, jobs, backups, imports.

It knows no rule of blogs or money. Apps register what they have to say (home page, health,
extracts, duties, backups) in the ready() of their AppConfig. Start with settings and base_admin.
"""
