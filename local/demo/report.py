"""What the demo reports: the CPO's figures and the platform's own, and whether all went well."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import numpy as np
from boto3.dynamodb.conditions import Key

from local.aws import Stack


def platform_figures(stack: Stack, site_id: str) -> dict[str, Any]:
    """What the platform itself recorded of its runs for a site."""
    runs = list(_runs(stack, site_id))
    solves = [float(ms["solve"]) for run in runs if "solve" in (ms := run.get("timing_ms", {}))]
    found: dict[str, Any] = {
        "optimizer_runs": len(runs),
        "solves": len(solves),
        "profiles_sent": sum(int(run.get("profiles_sent", 0)) for run in runs),
        "solve_ms_p50": _percentile(solves, 50),
        "solve_ms_p95": _percentile(solves, 95),
    }
    if any("profiles_accepted" in run for run in runs):
        found["profiles_accepted"] = sum(int(run.get("profiles_accepted", 0)) for run in runs)
    return found


def _runs(stack: Stack, site_id: str) -> Iterator[dict[str, Any]]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=stack.region)
    table = session.resource("dynamodb", endpoint_url=stack.aws_endpoint_url).Table(stack.outputs["SitesTable"])
    query: dict[str, Any] = {"KeyConditionExpression": Key("pk").eq(f"SITE#{site_id}#RUNS")}
    while True:
        page = table.query(**query)
        for item in page["Items"]:
            yield json.loads(str(item["document"]))
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _percentile(values: list[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 1) if values else None


def complaints(report: dict[str, Any]) -> list[str]:
    """What went wrong on the day, one line each; nothing if all is well."""
    found = []
    if report["seconds_over_limit"] > 0:
        found.append(f"the site was above its limit for {report['seconds_over_limit']:.0f} s")
    if report["seconds_allowed_over_limit"] > 0:
        found.append(f"cars might have broken the limit for {report['seconds_allowed_over_limit']:.0f} s")
    if report["seconds_over_profile"] > 0:
        found.append(f"cars drew more than their profiles for {report['seconds_over_profile']:.0f} s")
    if not report["profiles_accepted"]:
        found.append("not one charging profile was accepted")
    if report["messages_lost"]:
        found.append(f"{report['messages_lost']} messages were lost between CPO and platform")
    return found


def remarks(report: dict[str, Any]) -> list[str]:
    """What somebody who looks at the report should know, one line each."""
    found = []
    if not report["uncontrolled_seconds_over_limit"]:
        found.append("the limit is generous: it would have been kept without control too")
    if report["settle_timeouts"]:
        found.append(f"{report['settle_timeouts']} events did not wait for the platform to come to rest")
    return found


ROWS = (
    ("Sessions", "sessions", "{:d}"),
    ("Energy requested", "energy_requested_kwh", "{:.0f} kWh"),
    ("Energy delivered", "energy_delivered_kwh", "{:.0f} kWh"),
    ("… without control", "energy_uncontrolled_kwh", "{:.0f} kWh"),
    ("Peak", "peak_kw", "{:.1f} kW"),
    ("… without control", "uncontrolled_peak_kw", "{:.1f} kW"),
    ("Lowest limit", "limit_kw_min", "{:.1f} kW"),
    ("Time over the limit", "seconds_over_limit", "{:.0f} s"),
    ("… had all cars drawn what they may", "seconds_allowed_over_limit", "{:.0f} s"),
    ("… without control", "uncontrolled_seconds_over_limit", "{:.0f} s"),
    ("Time over a charging profile", "seconds_over_profile", "{:.0f} s"),
    ("Charging profiles sent", "profiles_sent", "{:d}"),
    ("… accepted", "profiles_accepted", "{:d}"),
    ("Solving, median", "solve_ms_p50", "{:.0f} ms"),
    ("… 95th percentile", "solve_ms_p95", "{:.0f} ms"),
    ("Simulated day took", "day_seconds", "{:.0f} s"),
)
"""What the table shows, in order: label, figure, format."""


def rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures as labelled text."""
    return [(label, "–" if report[name] is None else form.format(report[name])) for label, name, form in ROWS]
