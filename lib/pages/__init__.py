"""What HTML pages share: an environment of templates, a style sheet, and bar charts drawn as SVG."""
