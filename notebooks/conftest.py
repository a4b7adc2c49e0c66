"""What nbval does not compare: warnings and rich tables, which differ by machine."""


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):  # notebooks have it, other files do not
        collector.skip_compare += ("stderr", "text/html")
