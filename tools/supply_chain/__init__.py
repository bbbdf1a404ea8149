"""The software of others in the product: the SBOM (`make sbom`) and known holes (`make audit`).

components.py reads the locked packages and the served scripts. audit.py compares both with
advisories.toml, a dated list, so that it works without the network. sbom.py writes CycloneDX.
"""
