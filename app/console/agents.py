"""Browsers by name, as they call themselves: "Firefox 128, Windows"."""

import re

# What tells a browser: the first that is found, since many also name those that they are like.
BROWSERS = (
    (re.compile(r"\bEdgA?/(\d+)"), "Edge"),
    (re.compile(r"\bOPR/(\d+)"), "Opera"),
    (re.compile(r"\bSamsungBrowser/(\d+)"), "Samsung Internet"),
    (re.compile(r"\b(?:Firefox|FxiOS)/(\d+)"), "Firefox"),
    (re.compile(r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d+)"), "Chrome"),
    (re.compile(r"\bVersion/(\d+)\S* (?:Mobile/\S+ )?Safari/"), "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
MARK = "Mozilla/"  # how browsers begin


def browser_name(agent: str) -> str:
    """Return the browser in a user agent, which may be cut off; a text that is none is returned as it is."""
    if not agent.startswith(MARK):
        return agent
    system = next((name for word, name in SYSTEMS if word in agent), "")
    found = ((name, pattern.search(agent)) for pattern, name in BROWSERS)
    browser = next((f"{name} {match[1]}" for name, match in found if match), "A browser")
    return f"{browser}, {system}" if system else browser
