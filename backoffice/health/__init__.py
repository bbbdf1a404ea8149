"""The health of the application, for probes, for people who watch it, and in numbers.

Begin with views. Each app registers its checks and metrics with registry in AppConfig.ready, as
billing does for its guards and money.
"""
