"""What messages say: of a mistyped name, of a name, of a number of things."""

import difflib


def check_name(what, received, allowed, likeness=0.6):
    """Refuse a name that is not one of those allowed.

    Args:
        what: str, what the name is of.
        received: what came as a name.
        allowed: dict or sequence of strings.
        likeness: float, as for `did_you_mean`.

    Raises:
        ValueError: for any other name; it lists those allowed.
    """
    if received not in list(allowed):
        raise ValueError(
            f"{what} must be one of {', '.join(allowed)}; received {received!r}."
            + did_you_mean(received, allowed, likeness)
        )


def did_you_mean(received, allowed, likeness=0.6):
    """End a message with the nearest allowed name, or with nothing if none is near.

    Args:
        received: what came instead of a name.
        allowed: strings.
        likeness: float, 0 to 1, from which on a name is near.
    """
    close = difflib.get_close_matches(str(received), allowed, n=1, cutoff=likeness)
    return f" Did you mean {close[0]!r}?" if close else ""


def printable(text):
    """A name as text: what would steer a terminal is written out.

    Args:
        text: str or Path.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def counted(number, noun):
    """A number and its noun, in the plural unless there is one: "1 epoch"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
