"""Validates the Kubernetes manifests of a page, and prints them as JSON, one object a line.

usage: manifests.py PAGE
"""

import json
import re
import sys

import kubernetes_validate
import yaml

text = open(sys.argv[1], encoding="utf-8").read()
for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
    for manifest in yaml.safe_load_all(block):
        # Strict: unknown fields are errors, which a cluster would drop.
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        print(json.dumps(manifest))
