"""Swagger UI as its users meet it: open the page, authorise, submit a flush, see the job end."""

from __future__ import annotations

import json

import pytest
from browser import Browser, absent
from real_cluster import RealCluster

pytestmark = [pytest.mark.skipif(bool(absent()), reason=absent())]

FLUSH = "//div[@id='operations-node-node_flush']"
TASK = "//div[@id='operations-task-task_info']"


def test_a_flush_submitted_in_the_browser_ends_there(real: RealCluster) -> None:
    token = real.layout.admin_token.read_text().strip()
    with Browser() as browser:
        browser.open(real.layout.swagger_url)
        authorise(browser, token)
        flushed = execute(browser, FLUSH, "node", "hv3")
        assert flushed["state"] == "queued", flushed
        real.succeeds(flushed["id"])
        seen = execute(browser, TASK, "task", flushed["id"])
        browser.screenshot("task")
    assert (seen["id"], seen["state"]) == (flushed["id"], "succeeded")
    assert real.node("hv3")["state"] == "flushed"


def authorise(browser: Browser, token: str) -> None:
    browser.click("//button[contains(@class, 'authorize')]")
    browser.type("//div[contains(@class, 'modal')]//input", token)
    browser.screenshot("authorize")
    browser.click("//div[contains(@class, 'modal')]//button[contains(@class, 'authorize')]")
    browser.click("//button[contains(@class, 'btn-done')]")


def execute(browser: Browser, operation: str, parameter: str, value: str) -> dict[str, str]:
    """The body of the answer, as the page shows it."""
    browser.click(f"{operation}//button[contains(@class, 'opblock-summary')]")
    browser.click(f"{operation}//button[contains(@class, 'try-out')]")
    browser.type(f"{operation}//tr[@data-param-name='{parameter}']//input", value)
    browser.click(f"{operation}//button[contains(@class, 'execute')]")
    answer = f"{operation}//table[contains(@class, 'live-responses-table')]"
    body = browser.text(f"{answer}//div[contains(@class, 'highlight-code')]//pre | {answer}//pre[code]")
    found: dict[str, str] = json.loads(body)
    return found
