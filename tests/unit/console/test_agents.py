"""Browsers by name."""

import pytest

from app.console.agents import browser_name

LIKE = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128, Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {LIKE} Chrome/131.0.0.0 Safari/537.36", "Chrome 131, Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {LIKE} Chrome/131.0.0.0 Safari/537.36 Edg/131.0", "Edge 131, Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {LIKE} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome 131, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/17.6 Safari/605", "Safari 17, macOS"),
        ("Mozilla/5.0 (iPhone; CPU) AppleWebKit/605 Version/17.6 Mobile/15E148 Safari/604.1", "Safari 17, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like", "A browser, Windows"),
        ("Mozilla/5.0", "A browser"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_user_agent_is_shortened_to_browser_and_system(agent: str, name: str) -> None:
    assert browser_name(agent) == name
