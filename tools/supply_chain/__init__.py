"""What the product stands on: the SBOM (`make sbom`) and a look for known holes (`make audit`).

components.py reads what is locked and which scripts come along; audit.py holds both against
advisories.toml, a list with a date, so that it works without the network; sbom.py writes CycloneDX.
"""
