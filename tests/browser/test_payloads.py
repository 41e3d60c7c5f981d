"""Nobody's data run as code: two hundred texts that want to, in every place of every page, with and without policy."""

import payloads
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def watch(chromium):
    return payloads.Watch(chromium)


def test_the_watch_sees_what_runs(watch, tmp_path):
    for payload in ("<script>hit()</script>", "<img src=x onerror=hit()>", "<svg onload=alert(1)>"):
        bare = tmp_path / "bare.html"
        bare.write_text(f"<!DOCTYPE html><html><body>{payload}</body></html>", encoding="utf-8")
        assert watch.visit(bare) > 0, payload


def test_two_hundred_names_are_two_hundred_names(watch, tmp_path):
    assert len(set(payloads.PAYLOADS)) == 200
    pages = payloads.hostile_pages(tmp_path, payloads.PAYLOADS[96], payloads.PAYLOADS)
    for path in pages.values():
        assert watch.visit(path, payloads.PAYLOADS[4]) == 0, path.name
        assert watch.visit(payloads.without_policy(path), payloads.PAYLOADS[4]) == 0, path.name
    watch.visit(pages["map"])
    assert watch.page.locator("#names option").count() == 200
    assert watch.page.locator("#names option").first.evaluate("node => node.value") in payloads.PAYLOADS


@pytest.mark.parametrize("place", [57, 164])
def test_one_payload_in_every_place(watch, tmp_path, place):
    for path in payloads.hostile_pages(tmp_path, payloads.PAYLOADS[place]).values():
        assert watch.visit(payloads.without_policy(path), payloads.PAYLOADS[place]) == 0, path.name
