"""template.yaml as CloudFormation gets it: expanded by the translator that the local AWS uses too."""

import json
import subprocess
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

_EXPAND = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoPolicies:
    def load(self):
        return {}

template = yaml_parse(sys.stdin.read())
# `sam deploy` would put uploaded archives in the place of folders.
template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
for resource in template["Resources"].values():
    for name in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
        resource["Properties"][name] = "s3://bucket/key"
print(json.dumps(transform(template, {}, NoPolicies())))
"""

type Resource = dict[str, Any]


class Template:
    """The expanded template."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.resources: dict[str, Resource] = document["Resources"]

    def of_type(self, type_: str) -> dict[str, Resource]:
        """The properties of all resources of a type, by logical id."""
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == type_}

    def properties(self, name: str) -> Resource:
        """The properties of one resource."""
        properties: Resource = self.resources[name]["Properties"]
        return properties


def expand() -> Template:
    """Expand template.yaml."""
    expanded = subprocess.run(
        [PROJECT / ".tools" / "ministack" / "bin" / "python", "-c", _EXPAND],
        input=(PROJECT / "template.yaml").read_text(),
        env={"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Template(json.loads(expanded.stdout))


def target(value: Any) -> str:
    """The logical id that a reference is to, with the attribute if it is not the ARN or id itself.

    An index of a table is ``Table/index``.
    """
    match value:
        case {"Fn::Sub": str(text)} if "/index/" in text:
            return text.replace("${", "").replace(".Arn}/index", "")
        case {"Ref": name}:
            return str(name)
        case {"Fn::GetAtt": [name, "Arn" | "Id"]}:
            return str(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
    raise AssertionError(f"not a reference to a resource: {value}")
