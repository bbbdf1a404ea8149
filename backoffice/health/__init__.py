"""How the application is: for a probe, for whoever watches it, and in numbers.

Begin with views. registry takes what each app adds from its AppConfig.ready: billing its guards and
its money, of which nothing is known here.
"""
